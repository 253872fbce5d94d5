//! Whose turn it is at a lock of std's that many tasks want all the time.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

mod common;

use common::{crowd, in_each_runtime, join_all, run};

/// Readers and writers.
const MANY: usize = 1000;

#[test]
fn a_task_that_takes_its_lock_again_at_once_does_not_keep_others_out() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let lock = Arc::new(Mutex::new(()));
            let stop = Arc::new(AtomicBool::new(false));
            let greedy = {
                let (lock, stop) = (lock.clone(), stop.clone());
                hueless_runtime::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let _held = lock.lock().unwrap();
                        hueless_runtime::yield_now();
                    }
                })
            };
            let modest = crowd(10, move |_| {
                for _ in 0..10 {
                    drop(lock.lock().unwrap());
                    hueless_runtime::yield_now();
                }
            });
            join_all(modest);
            stop.store(true, Ordering::Relaxed);
            greedy.join().unwrap();
        });
    });
}

#[test]
fn tasks_that_take_a_lock_in_the_same_order_for_ever_let_another_in() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            for greedy in 1..24 {
                let lock = Arc::new(Mutex::new(()));
                let stop = Arc::new(AtomicBool::new(false));
                let theirs = (lock.clone(), stop.clone());
                let greedy = crowd(greedy, move |_| {
                    let (lock, stop) = &theirs;
                    while !stop.load(Ordering::Relaxed) {
                        let _held = lock.lock().unwrap();
                        hueless_runtime::yield_now();
                    }
                });
                for _ in 0..3 {
                    hueless_runtime::yield_now();
                    drop(lock.lock().unwrap());
                }
                stop.store(true, Ordering::Relaxed);
                join_all(greedy);
            }
        });
    });
}

#[test]
fn a_lock_goes_round() {
    for migrates in [false, true] {
        run(&common::start(1, migrates), || {
            const TASKS: usize = 8;
            let takers = Arc::new(Mutex::new(Vec::new()));
            let tasks = {
                let takers = takers.clone();
                crowd(TASKS, move |number| {
                    for _ in 0..100 {
                        let mut takers = takers.lock().unwrap();
                        takers.push(number);
                        hueless_runtime::yield_now();
                    }
                })
            };
            join_all(tasks);
            let takers = takers.lock().unwrap();
            // As long as all want it. Now and then the order of tasks is turned round.
            let again = |pair: &&[usize]| pair[0] == pair[1];
            let taken_again = takers[..TASKS * 50].windows(2).filter(again).count();
            assert!(taken_again < 50, "{taken_again} of {takers:?}");
        });
    }
}

#[test]
fn readers_and_writers_take_turns() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            // Both halves are equal whenever somebody reads.
            let pair = Arc::new(RwLock::new((0, 0)));
            let tasks = {
                let pair = pair.clone();
                crowd(MANY, move |number| {
                    if number % 4 == 0 {
                        let mut pair = pair.write().unwrap();
                        pair.0 += 1;
                        hueless_runtime::yield_now();
                        pair.1 += 1;
                    } else {
                        let pair = pair.read().unwrap();
                        hueless_runtime::yield_now();
                        assert_eq!(pair.0, pair.1);
                    }
                })
            };
            join_all(tasks);
            assert_eq!(*pair.read().unwrap(), (MANY / 4, MANY / 4));
        });
    });
}
