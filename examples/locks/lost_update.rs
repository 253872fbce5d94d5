//! The lost update: tasks that read, wait, then write back lose each other's work. Three cures.
//!
//! ```sh
//! cargo run --example lost_update
//! ```
//!
//! Prints 1 for the bug, where a hundred deposits of 1 were made, and 100 for each cure. Known from
//! databases, from JavaScript (`x = x + await f()`) and Go's data races; Rust allows no data race, but
//! this is none: each read and each write is fine, only their order is not.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hueless::channel::bounded;
use hueless::sync::{Barrier, Mutex};
use hueless::{join_all, yield_now};

const TASKS: usize = 100;

// Relaxed throughout: one number, read at last when the tasks have been joined.

/// The bug. The barrier stands for a slow call: all have read before the first one writes.
fn read_wait_write() -> u64 {
    let (balance, slow) = (AtomicU64::new(0), Barrier::new(TASKS));
    join_all((0..TASKS).map(|_| {
        || {
            let read = balance.load(Relaxed);
            slow.wait();
            balance.store(read + 1, Relaxed);
        }
    }));
    balance.into_inner()
}

/// Cure 1: a lock, held from the read to the write. hueless's own may be held while the task waits.
fn with_a_mutex() -> u64 {
    let balance = Mutex::new(0);
    join_all((0..TASKS).map(|_| {
        || {
            let mut balance = balance.lock();
            let read = *balance;
            yield_now(); // the slow call
            *balance = read + 1;
        }
    }));
    balance.into_inner()
}

/// Cure 2: one task owns the number; the others tell it what to add.
fn with_an_owner() -> u64 {
    let (tx, deposits) = bounded::<u64>(0);
    let owner = hueless::go!(move || deposits.iter().sum());
    join_all((0..TASKS).map(|_| || tx.send(1).unwrap()));
    drop(tx); // ends the owner's loop
    owner.join().unwrap()
}

/// Cure 3: read and write in one step.
fn with_an_atomic_step() -> u64 {
    let balance = AtomicU64::new(0);
    join_all((0..TASKS).map(|_| || balance.fetch_add(1, Relaxed)));
    balance.into_inner()
}

fn main() {
    println!("read, wait, write: {:3}", read_wait_write());
    println!("a mutex:           {:3}", with_a_mutex());
    println!("an owner:          {:3}", with_an_owner());
    println!("an atomic step:    {:3}", with_an_atomic_step());
}

#[test]
fn only_the_cures_count_all() {
    assert_eq!(read_wait_write(), 1);
    assert_eq!(
        [with_a_mutex(), with_an_owner(), with_an_atomic_step()],
        [TASKS as u64; 3]
    );
}
