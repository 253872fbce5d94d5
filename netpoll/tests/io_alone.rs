//! What `Pollable` leaves open: nothing. The tests count the process's descriptors, so they
//! run one at a time.

mod common;

use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};

use common::{Mode, cases, targets};
use hueless_netpoll::net::Pollable;

cases!(by crate::alone: dropped_pollables_leave_nothing);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `test` while no other test runs, and checks that it leaves no pipe and no socket open.
fn alone<M: Mode>(test: fn()) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let before = open();
    M::run(test);
    assert_eq!(open(), before);
}

/// How many pipes' and sockets' descriptors the process has open.
fn open() -> usize {
    targets()
        .filter(|(_, target)| target.starts_with("pipe:") || target.starts_with("socket:"))
        .count()
}

/// Each pipe is dropped with something unread, while the next, with the same descriptor numbers,
/// may already be waited for.
fn dropped_pollables_leave_nothing<M: Mode>() {
    const ROUNDS: usize = 300;
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            M::spawn(|| {
                for round in 0..ROUNDS {
                    let (reader, writer) = io::pipe().unwrap();
                    let mut reader = Pollable::new(reader).unwrap();
                    let mut writer = Pollable::new(writer).unwrap();
                    let writing = M::spawn(move || {
                        writer.write_all(&[round as u8, 7]).unwrap();
                        writer
                    });
                    let mut byte = [0];
                    reader.read_exact(&mut byte).unwrap();
                    assert_eq!(byte, [round as u8]);
                    drop(reader);
                    writing.join();
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| task.join());
}
