//! What `Pollable` and `io` leave open: nothing. The tests count the process's descriptors, so they
//! run one at a time.

mod common;

use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::{Mode, bytes, cases, pair, targets};
use hueless_netpoll::io::copy_bidirectional;
use hueless_netpoll::net::Pollable;

cases!(
    by crate::alone:
    dropped_pollables_leave_nothing,
    relays_leave_nothing,
    idle_relays_hold_no_pipes,
);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `test` while no other test runs, and checks that it leaves no pipe and no socket open.
fn alone<M: Mode>(test: fn()) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let before = open();
    M::run(test);
    assert_eq!(open(), before);
}

/// How many pipes' descriptors the process has open.
fn pipes() -> usize {
    targets()
        .filter(|(_, target)| target.starts_with("pipe:"))
        .count()
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

/// Some end properly, some by an error, some while much is under way.
fn relays_leave_nothing<M: Mode>() {
    let relays: Vec<_> = (0..40)
        .map(|number| {
            M::spawn(move || {
                let ((mut client, a), (b, mut server)) = (pair(), pair());
                let relaying = M::spawn(move || copy_bidirectional(a, b).is_ok());
                let much = 300_000;
                let writing = M::spawn(move || {
                    let written = client.write_all(&bytes(number, much)).is_ok();
                    drop(client);
                    written
                });
                let read = match number % 2 {
                    0 => much,
                    _ => much / 3,
                };
                server.read_exact(&mut vec![0; read]).unwrap();
                drop(server);
                let ended = relaying.join();
                if number % 2 == 0 {
                    assert!(writing.join() && ended);
                } else {
                    writing.join();
                }
            })
        })
        .collect();
    relays.into_iter().for_each(|relay| relay.join());
}

/// Much has gone through them, but now they wait.
fn idle_relays_hold_no_pipes<M: Mode>() {
    const LEN: usize = 4 << 20;
    let before = pipes();
    let relays: Vec<_> = (0..4)
        .map(|_| {
            let ((mut client, a), (b, mut server)) = (pair(), pair());
            let relaying = M::spawn(move || copy_bidirectional(a, b).unwrap());
            let writing = M::spawn(move || {
                client.write_all(&vec![1; LEN]).unwrap();
                client
            });
            server.read_exact(&mut vec![0; LEN]).unwrap();
            (writing.join(), server, relaying)
        })
        .collect();
    // A relay gives its pipe up when it finds nothing more, soon after the last byte has come.
    let deadline = Instant::now() + Duration::from_secs(20);
    while pipes() > before {
        assert!(Instant::now() < deadline, "{} pipes", pipes() - before);
        hueless_runtime::yield_now();
    }
    for (client, server, relaying) in relays {
        drop((client, server));
        assert_eq!(relaying.join(), (LEN as u64, 0));
    }
}
