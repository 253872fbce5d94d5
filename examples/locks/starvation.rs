//! Starvation: a greedy task unlocks and locks again at once, for ever. Does anybody else get the lock?
//!
//! ```sh
//! cargo run --example starvation
//! ```
//!
//! Prints how often two others got it, one who waits by `lock`, one who tries again and again. Go's
//! `sync.Mutex` in *starvation mode*, `parking_lot`'s eventual fairness, Java's `ReentrantLock(true)`.
//!
//! Whoever finds the lock free takes it, past those who wait: that is fast, and the greedy one is
//! always there first. So once somebody has been waiting for a millisecond, who unlocks hands the lock
//! over to that one.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use hueless::runtime::{Builder, Runtime};
use hueless::sync::Mutex;
use hueless::{scope, yield_now};

/// Runs `other` beside the greedy task, on one worker. Returns how often each had the lock.
fn compete(runtime: &Runtime, other: impl Fn(&Mutex<()>) -> u32 + Sync) -> (u32, u32) {
    let lock = Mutex::new(());
    // Relaxed, both: they order nothing.
    let (is_over, greedy) = (AtomicBool::new(false), AtomicU32::new(0));
    let got = runtime.run(|| {
        scope(|s| {
            s.spawn(|| {
                while !is_over.load(Relaxed) {
                    let _guard = lock.lock();
                    greedy.fetch_add(1, Relaxed);
                    yield_now(); // others run while it has the lock
                }
            });
            while greedy.load(Relaxed) == 0 {
                yield_now();
            }
            let got = other(&lock);
            is_over.store(true, Relaxed);
            got
        })
    });
    (got, greedy.into_inner())
}

/// Waits for its turn, ten times.
fn wait(lock: &Mutex<()>) -> u32 {
    (0..10).map(|_| drop(lock.lock())).count() as u32
}

/// Tries 10,000 times, and lets the others run in between.
fn try_again_and_again(lock: &Mutex<()>) -> u32 {
    let tries = (0..10_000).filter(|_| {
        yield_now();
        lock.try_lock().is_some()
    });
    tries.count() as u32
}

fn main() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let (got, greedy) = compete(&runtime, wait);
    println!("10 times lock():       got it {got:5} times, the greedy task {greedy:6}");
    let (got, greedy) = compete(&runtime, try_again_and_again);
    println!("10000 times try_lock(): got it {got:4} times, the greedy task {greedy:6}");
}

#[test]
fn who_waits_gets_it() {
    let runtime = Builder::new().workers(1).build().unwrap();
    assert_eq!(compete(&runtime, wait).0, 10);
    let (got, greedy) = compete(&runtime, try_again_and_again);
    assert!(got < 5000 && greedy > got, "{got} against {greedy}");
}
