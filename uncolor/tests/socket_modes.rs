//! Who uses a socket in non-blocking mode, as tokio does under its `block_on`, keeps what is its thread's meanwhile,
//! so nobody else is to run there.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

mod common;

use common::{run, start};

#[test]
fn a_call_lets_others_run_only_in_blocking_mode() {
    run(&start(1, false), || {
        let (turns, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let neighbour = {
            let (turns, stop) = (turns.clone(), stop.clone());
            hueless_runtime::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    turns.fetch_add(1, Ordering::Relaxed);
                    hueless_runtime::yield_now();
                }
            })
        };
        let turns = || turns.load(Ordering::Relaxed);
        while turns() == 0 {
            hueless_runtime::yield_now();
        }
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let mut byte = [7];
        // Never has to wait, so it is only once its time is up that the neighbour runs.
        let (before, since) = (turns(), Instant::now());
        while turns() == before {
            near.write_all(&byte).unwrap();
            far.read_exact(&mut byte).unwrap();
        }
        let time = since.elapsed() + Duration::from_millis(10);
        near.set_nonblocking(true).unwrap();
        far.set_nonblocking(true).unwrap();
        let (before, since) = (turns(), Instant::now());
        while since.elapsed() < 3 * time {
            near.write_all(&byte).unwrap();
            far.read_exact(&mut byte).unwrap();
            let nothing = near.read(&mut byte).unwrap_err();
            assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        }
        let after = turns();
        stop.store(true, Ordering::Relaxed);
        neighbour.join().unwrap();
        assert_eq!(after, before);
    });
}
