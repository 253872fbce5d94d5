//! Priority inversion: one who is urgent waits for a lock whose holder does not get to run. Not here.
//!
//! ```sh
//! cargo run --example priority_inversion
//! ```
//!
//! Prints how often the busy tasks ran while the urgent one waited: once for each step that the holder
//! made. With priorities (VxWorks on Mars Pathfinder, real-time threads) the busy ones come before the
//! holder, so the urgent one waits for as long as *they* please; the cure is priority inheritance.
//! Tasks have no priorities: all that are ready on a worker take turns, so the wait is as long as the
//! holder's own work, times the number of its neighbours.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use hueless::sync::Mutex;
use hueless::{runtime::Builder, scope, yield_now};

/// The holder makes `steps` steps under the lock, beside `busy` tasks that never have enough, all on
/// one worker. Returns the turns that the busy ones had before the urgent task had the lock.
fn wait_of_the_urgent(steps: u32, busy: u32) -> u32 {
    let lock = Mutex::new(());
    // Relaxed, both: they order nothing.
    let (turns, is_over) = (AtomicU32::new(0), AtomicBool::new(false));
    let runtime = Builder::new().workers(1).build().unwrap();
    runtime.run(|| {
        scope(|s| {
            let guard = lock.lock(); // we are the holder, of low priority
            for _ in 0..busy {
                s.spawn(|| {
                    while !is_over.load(Relaxed) {
                        turns.fetch_add(1, Relaxed);
                        yield_now();
                    }
                });
            }
            let urgent = s.spawn(|| {
                drop(lock.lock());
                is_over.store(true, Relaxed);
                turns.load(Relaxed)
            });
            for _ in 0..steps {
                yield_now(); // one step; then it is the others' turn
            }
            drop(guard);
            urgent.join().unwrap()
        })
    })
}

fn main() {
    for (steps, busy) in [(10, 1), (10, 100), (1000, 1)] {
        let turns = wait_of_the_urgent(steps, busy);
        println!(
            "{steps:4} steps under the lock, {busy:3} busy neighbours: {turns:4} of their turns"
        );
    }
}

#[test]
fn the_urgent_one_gets_it_though_others_are_always_busy() {
    // With priorities, and no inheritance, this would not end.
    assert!(wait_of_the_urgent(100, 3) > 0);
    main();
}
