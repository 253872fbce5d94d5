//! The trap: a lock of std's, held while its task waits, blocks the whole worker of whoever wants it.
//!
//! ```sh
//! cargo run --example std_lock_trap
//! ```
//!
//! Prints what a neighbour meets on the same worker, and that hueless's lock does well. The same trap
//! as a guard held across `.await` (clippy's `await_holding_lock`). Were it to call std's `lock`, it
//! would never return: the worker would sleep in it, and the holder, which is to unlock, needs this
//! worker to go on. The runtime reports such a stall on stderr after 200 ms, if others wait for the
//! worker; with the argument `hang` the example shows it, and hangs.
//!
//! Another cure is to let go of std's lock before the wait: without waits it is a fine lock.

use std::sync::TryLockError;

use hueless::{runtime::Builder, scope, yield_now};

/// What the neighbour meets while the holder of a std lock waits.
fn trap(hang: bool) -> &'static str {
    let lock = std::sync::Mutex::new(());
    scope(|s| {
        let _guard = lock.lock().unwrap(); // the mistake: still held at the `join`
        let neighbour = s.spawn(|| {
            if hang {
                drop(lock.lock());
            }
            match lock.try_lock() {
                Err(TryLockError::WouldBlock) => "would block the worker for ever",
                _ => "is free",
            }
        });
        neighbour.join().unwrap()
    })
}

/// The same with hueless's: the neighbour parks, the holder goes on, unlocks, and hands it over.
fn cure() -> &'static str {
    let lock = hueless::sync::Mutex::new(());
    scope(|s| {
        let guard = lock.lock();
        let neighbour = s.spawn(|| {
            drop(lock.lock());
            "waits for its turn, and gets it"
        });
        for _ in 0..3 {
            yield_now(); // the neighbour runs, as far as its `lock`
        }
        drop(guard);
        neighbour.join().unwrap()
    })
}

fn main() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let hang = std::env::args().any(|argument| argument == "hang");
    if hang {
        // A stall is reported while somebody waits for the worker: this one.
        runtime.spawn(|| {
            loop {
                yield_now()
            }
        });
    }
    println!("a lock of std's: {}", runtime.run(|| trap(hang)));
    println!("one of hueless:  {}", runtime.run(cure));
}

#[test]
fn std_blocks_and_hueless_waits() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let trapped = runtime.run(|| trap(false));
    assert_eq!(trapped, "would block the worker for ever");
    assert_eq!(runtime.run(cure), "waits for its turn, and gets it");
}
