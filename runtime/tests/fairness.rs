//! Nobody starves: each test hangs if somebody does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hueless_runtime::runtime::Builder;
use hueless_runtime::{checkpoint, sleep, spawn, task, yield_now};

#[macro_use]
mod common;

in_all_modes!(
    two_that_wake_each_other_starve_no_third,
    yielding_loops_on_every_worker_hold_up_no_timer,
    a_loop_with_checkpoints_lets_a_ready_neighbour_run,
    a_loop_with_checkpoints_lets_timers_fire,
    a_yielding_loop_lets_timers_and_new_tasks_run,
    tasks_from_outside_run_beside_yielding_ones,
    new_tasks_of_a_busy_worker_are_taken_by_another,
    a_single_new_task_of_a_busy_worker_is_taken_too,
    more_workers_than_cores_give_the_same_results,
    many_waiting_tasks_spread_over_the_workers,
);

fn a_loop_with_checkpoints_lets_a_ready_neighbour_run(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let done = Arc::new(AtomicBool::new(false));
        let seen = done.clone();
        spawn(move || {
            yield_now();
            done.store(true, Ordering::Release);
        });
        while !seen.load(Ordering::Acquire) {
            checkpoint();
        }
    });
}

fn a_loop_with_checkpoints_lets_timers_fire(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let done = Arc::new(AtomicBool::new(false));
        let seen = done.clone();
        spawn(move || {
            for _ in 0..20 {
                sleep(Duration::from_millis(1));
            }
            done.store(true, Ordering::Release);
        });
        while !seen.load(Ordering::Acquire) {
            checkpoint();
        }
    });
}

fn a_yielding_loop_lets_timers_and_new_tasks_run(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..100 {
            let count = count.clone();
            spawn(move || {
                sleep(Duration::from_millis(2));
                spawn(move || count.fetch_add(1, Ordering::Relaxed));
            });
        }
        while count.load(Ordering::Relaxed) < 100 {
            yield_now();
        }
    });
}

fn tasks_from_outside_run_beside_yielding_ones(new: fn() -> Builder) {
    let runtime = Arc::new(new().workers(1).build().unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let spinners: Vec<_> = (0..3)
        .map(|_| {
            let stop = stop.clone();
            runtime.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    yield_now();
                }
            })
        })
        .collect();
    for i in 0..1000 {
        assert_eq!(runtime.spawn(move || i).join().unwrap(), i);
    }
    stop.store(true, Ordering::Relaxed);
    for spinner in spinners {
        spinner.join().unwrap();
    }
}

fn new_tasks_of_a_busy_worker_are_taken_by_another(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    runtime.run(|| {
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..10 {
            let done = done.clone();
            spawn(move || done.fetch_add(1, Ordering::Release));
        }
        // Never yields: only the other worker can run them.
        while done.load(Ordering::Acquire) < 10 {
            std::hint::spin_loop();
        }
    });
}

fn a_single_new_task_of_a_busy_worker_is_taken_too(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    for _ in 0..50 {
        runtime.run(|| {
            let done = Arc::new(AtomicBool::new(false));
            let seen = done.clone();
            spawn(move || done.store(true, Ordering::Release));
            while !seen.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
        });
    }
}

fn more_workers_than_cores_give_the_same_results(new: fn() -> Builder) {
    let runtime = new().workers(8).build().unwrap();
    let total: usize = runtime.run(|| {
        let handles: Vec<_> = (0..500)
            .map(|i| {
                spawn(move || {
                    let handles: Vec<_> = (0..10).map(|k| spawn(move || i + k)).collect();
                    yield_now();
                    handles
                        .into_iter()
                        .map(|h| h.join().unwrap())
                        .sum::<usize>()
                })
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).sum()
    });
    assert_eq!(total, (0..500).map(|i| i * 10 + 45).sum());
}

/// Started tasks stay where they are, so they must start in the right place. Which worker gets how
/// many depends on how the system runs the threads, so a share is asked for in one of many rounds.
fn many_waiting_tasks_spread_over_the_workers(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let balanced = |_| {
        let threads: Vec<_> = runtime.run(|| {
            let open = Arc::new(AtomicBool::new(false));
            let handles: Vec<_> = (0..1000)
                .map(|_| {
                    let open = open.clone();
                    let handle = spawn(move || {
                        while !open.load(Ordering::Relaxed) {
                            sleep(Duration::from_millis(5));
                        }
                        std::thread::current().id()
                    });
                    // Lets the spawner's worker take each new task before a thief can, and is
                    // busy for some microseconds, as who accepts connections is.
                    yield_now();
                    for _ in 0..1000 {
                        std::hint::spin_loop();
                    }
                    handle
                })
                .collect();
            open.store(true, Ordering::Relaxed);
            handles.into_iter().map(|h| h.join().unwrap()).collect()
        });
        let first = threads.iter().filter(|id| **id == threads[0]).count();
        (250..=750).contains(&first)
    };
    assert!((0..100).any(balanced), "one worker has kept most tasks");
}

/// A pair that hands its worker to and fro, as a ping-pong on a channel does, until a third task has
/// run: one that has begun before and is ready, then a new one. The third comes within a slice, which
/// is far less than so many rounds.
fn two_that_wake_each_other_starve_no_third(new: fn() -> Builder) {
    const ROUNDS: usize = 2_000_000;
    new().workers(1).build().unwrap().run(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let rounds = Arc::new(AtomicUsize::new(0));
        let play = {
            let (stop, rounds) = (stop.clone(), rounds.clone());
            move |other: &task::Task| {
                while !stop.load(Ordering::Relaxed) {
                    rounds.fetch_add(1, Ordering::Relaxed);
                    other.unpark();
                    task::park();
                }
                other.unpark();
            }
        };
        let (there, me) = (play.clone(), task::current());
        let other = spawn(move || there(&me));
        let third = spawn(move || {
            let before = rounds.load(Ordering::Relaxed);
            yield_now();
            let between = rounds.load(Ordering::Relaxed);
            spawn(move || {
                let after = rounds.load(Ordering::Relaxed);
                stop.store(true, Ordering::Relaxed);
                [between - before, after - between]
            })
        });
        play(other.task());
        let waits = third.join().unwrap().join().unwrap();
        assert!(waits.iter().all(|wait| *wait < ROUNDS), "{waits:?}");
        other.join().unwrap();
    });
}

fn yielding_loops_on_every_worker_hold_up_no_timer(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let yielders: Vec<_> = (0..6)
        .map(|_| {
            let stop = stop.clone();
            runtime.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    yield_now();
                }
            })
        })
        .collect();
    let sleepers: Vec<_> = (0..20)
        .map(|_| {
            runtime.spawn(|| {
                for _ in 0..10 {
                    sleep(Duration::from_millis(1));
                }
            })
        })
        .collect();
    for sleeper in sleepers {
        sleeper.join().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for yielder in yielders {
        yielder.join().unwrap();
    }
}
