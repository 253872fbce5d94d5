//! std's locks, held across what parks, by many tasks of few threads.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use std::time::{Duration, Instant};

use hueless_channel::bounded;

mod common;

use common::{crowd, in_each_runtime, join_all, run, until};

/// As many as the task asks for.
const MANY: usize = 1000;

#[test]
fn a_mutex_is_held_across_a_receive() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let count = Arc::new(Mutex::new(0));
            let (give, given) = bounded(0);
            let tasks = {
                let count = count.clone();
                crowd(MANY, move |_| {
                    let mut count = count.lock().unwrap();
                    let one: usize = given.recv().unwrap();
                    *count += one;
                })
            };
            for _ in 0..MANY {
                give.send(1).unwrap();
            }
            join_all(tasks);
            assert_eq!(*count.lock().unwrap(), MANY);
        });
    });
}

#[test]
fn a_mutex_is_held_across_a_sleep() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let count = Arc::new(Mutex::new(0));
            let tasks = {
                let count = count.clone();
                crowd(100, move |number| {
                    let mut count = count.lock().unwrap();
                    match number % 2 {
                        0 => hueless_runtime::sleep(Duration::from_micros(100)),
                        _ => std::thread::sleep(Duration::from_micros(100)),
                    }
                    *count += 1;
                })
            };
            join_all(tasks);
            assert_eq!(*count.lock().unwrap(), 100);
        });
    });
}

#[test]
fn a_rwlock_is_held_across_a_request() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (ask, asked) = bounded(0);
            let server = hueless_runtime::spawn(move || {
                let mut served = 0;
                for (number, answer) in asked {
                    let answer: hueless_channel::Sender<usize> = answer;
                    answer.send(number + 1).unwrap();
                    served += 1;
                }
                served
            });
            // Who holds it alone takes it away from its place meanwhile.
            let place = Arc::new(RwLock::new(Some(0)));
            let tasks = {
                let place = place.clone();
                crowd(MANY, move |number| {
                    let request = || {
                        let (answer, answered) = bounded(0);
                        ask.send((number, answer)).unwrap();
                        assert_eq!(answered.recv(), Ok(number + 1));
                    };
                    if number % 4 == 0 {
                        let mut place = place.write().unwrap();
                        let count = place.take().unwrap();
                        request();
                        *place = Some(count + 1);
                    } else {
                        let place = place.read().unwrap();
                        let before = place.unwrap();
                        request();
                        assert_eq!(*place, Some(before));
                    }
                })
            };
            join_all(tasks);
            assert_eq!(*place.read().unwrap(), Some(MANY / 4));
            assert_eq!(server.join().unwrap(), MANY);
        });
    });
}

#[test]
fn a_condition_is_waited_for() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let place = Arc::new((Mutex::new(0), Condvar::new()));
            let tasks = {
                let place = place.clone();
                // Each waits for its number.
                crowd(MANY, move |number| {
                    let (turn, changed) = &*place;
                    let turn = turn.lock().unwrap();
                    let mut turn = changed
                        .wait_while(turn, |turn| *turn < number / 100)
                        .unwrap();
                    if number % 100 == 0 {
                        *turn += 1;
                        changed.notify_all();
                    }
                })
            };
            join_all(tasks);
            assert_eq!(*place.0.lock().unwrap(), MANY / 100);
        });
    });
}

#[test]
fn one_notification_wakes_one() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let items = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
            let consumers = {
                let items = items.clone();
                crowd(50, move |_| {
                    let (items, put) = &*items;
                    let items = items.lock().unwrap();
                    let mut items = put.wait_while(items, |items| items.is_empty()).unwrap();
                    items.pop().unwrap()
                })
            };
            for item in 0..50 {
                items.0.lock().unwrap().push(item);
                items.1.notify_one();
                hueless_runtime::yield_now();
            }
            let mut taken = join_all(consumers);
            taken.sort_unstable();
            assert!(taken.into_iter().eq(0..50));
        });
    });
}

#[test]
fn no_notification_is_lost_to_one_whose_time_is_up() {
    in_each_runtime(|runtime| {
        for round in 0..20 {
            run(runtime, move || {
                let items = Arc::new((Mutex::new(0), Condvar::new()));
                let consumers = {
                    let items = items.clone();
                    crowd(40, move |number| {
                        let (left, put) = &*items;
                        let mut left = left.lock().unwrap();
                        while *left == 0 {
                            // Who waits without an end hangs if the other one keeps what was his.
                            left = match number % 2 {
                                0 => put.wait(left).unwrap(),
                                _ => {
                                    let time = Duration::from_micros(10 * (number as u64 + round));
                                    put.wait_timeout(left, time).unwrap().0
                                }
                            };
                        }
                        *left -= 1;
                    })
                };
                for _ in 0..40 {
                    hueless_runtime::sleep(Duration::from_micros(20));
                    *items.0.lock().unwrap() += 1;
                    items.1.notify_one();
                }
                join_all(consumers);
                assert_eq!(*items.0.lock().unwrap(), 0);
            });
        }
    });
}

#[test]
fn a_condition_is_not_waited_for_longer_than_asked() {
    const TIME: Duration = Duration::from_millis(20);
    in_each_runtime(|runtime| {
        run(runtime, || {
            let place = Arc::new((Mutex::new(()), Condvar::new()));
            let begun = Instant::now();
            let tasks = crowd(100, move |_| {
                let (lock, changed) = &*place;
                let begun = Instant::now();
                let (_held, result) = changed
                    .wait_timeout_while(lock.lock().unwrap(), TIME, |()| true)
                    .unwrap();
                assert!(result.timed_out());
                assert!(begun.elapsed() >= TIME);
            });
            join_all(tasks);
            // One after the other it would have been two seconds.
            assert!(begun.elapsed() < 50 * TIME, "{:?}", begun.elapsed());
        });
    });
}

#[test]
fn initialisers_may_block() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            struct Place {
                once: Once,
                lock: OnceLock<usize>,
                lazy: LazyLock<usize>,
                calls: AtomicUsize,
            }
            fn slow() -> usize {
                hueless_runtime::sleep(Duration::from_millis(2));
                7
            }
            let place = Arc::new(Place {
                once: Once::new(),
                lock: OnceLock::new(),
                lazy: LazyLock::new(slow),
                calls: AtomicUsize::new(0),
            });
            let tasks = {
                let place = place.clone();
                crowd(MANY, move |_| {
                    place.once.call_once(|| {
                        slow();
                        place.calls.fetch_add(1, Ordering::Relaxed);
                    });
                    let value = *place.lock.get_or_init(|| {
                        place.calls.fetch_add(1, Ordering::Relaxed);
                        slow()
                    });
                    value + *place.lazy
                })
            };
            assert!(join_all(tasks).into_iter().all(|sum| sum == 14));
            assert_eq!(place.calls.load(Ordering::Relaxed), 2);
        });
    });
}

#[test]
fn an_initialiser_that_panics_leaves_it_to_those_who_wait() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let place = Arc::new((OnceLock::new(), AtomicUsize::new(0)));
            let tasks = crowd(100, move |_| {
                let (value, calls) = &*place;
                *value.get_or_init(|| {
                    let call = calls.fetch_add(1, Ordering::Relaxed);
                    // The others wait by now, or will.
                    hueless_runtime::yield_now();
                    if call < 3 {
                        std::panic::resume_unwind(Box::new("boom"));
                    }
                    call
                })
            });
            let ends: Vec<_> = tasks.into_iter().map(|task| task.join()).collect();
            let panics = ends.iter().filter(|end| end.is_err()).count();
            assert_eq!(panics, 3);
            assert!(ends.into_iter().flatten().all(|value| value == 3));
        });
    });
}

#[test]
fn a_hundred_tasks_meet_at_a_barrier() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let barrier = Arc::new(Barrier::new(100));
            let tasks = crowd(100, move |_| {
                (0..3).filter(|_| barrier.wait().is_leader()).count()
            });
            assert_eq!(join_all(tasks).into_iter().sum::<usize>(), 3);
        });
    });
}

#[test]
fn threads_and_tasks_share_a_lock() {
    in_each_runtime(|runtime| {
        const ROUNDS: usize = 200;
        let count = Arc::new(Mutex::new(0));
        let add = {
            let count = count.clone();
            move |parks: bool| {
                for round in 0..ROUNDS {
                    let mut count = count.lock().unwrap();
                    if round % 8 == 0 {
                        match parks {
                            true => hueless_runtime::yield_now(),
                            false => std::thread::yield_now(),
                        }
                    }
                    *count += 1;
                }
            }
        };
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let add = add.clone();
                std::thread::spawn(move || add(false))
            })
            .collect();
        run(runtime, move || {
            join_all(crowd(20, move |_| add(true)));
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(*count.lock().unwrap(), 24 * ROUNDS);
    });
}

#[test]
fn threads_and_tasks_share_a_condition() {
    in_each_runtime(|runtime| {
        // Who may go next.
        let place = Arc::new((Mutex::new(0), Condvar::new()));
        let pass = {
            let place = place.clone();
            move |number: usize| {
                let (turn, changed) = &*place;
                let mut turn = changed
                    .wait_while(turn.lock().unwrap(), |turn| *turn != number)
                    .unwrap();
                *turn += 1;
                changed.notify_all();
            }
        };
        let threads: Vec<_> = (0..10)
            .map(|number| {
                let pass = pass.clone();
                std::thread::spawn(move || pass(2 * number))
            })
            .collect();
        run(runtime, move || {
            join_all(crowd(10, move |number| pass(2 * number + 1)));
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(*place.0.lock().unwrap(), 20);
    });
}

#[test]
fn a_panic_of_the_holder_wakes_those_who_wait() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let lock = Arc::new(Mutex::new(()));
            let begun = Arc::new(AtomicUsize::new(0));
            let held = lock.lock().unwrap();
            let waiting = {
                let (lock, begun) = (lock.clone(), begun.clone());
                crowd(10, move |_| {
                    begun.fetch_add(1, Ordering::Relaxed);
                    lock.lock().is_err()
                })
            };
            until(|| begun.load(Ordering::Relaxed) == 10);
            let panicking = {
                let lock = lock.clone();
                hueless_runtime::spawn(move || {
                    let _held = lock.lock();
                    std::panic::resume_unwind(Box::new("boom"));
                })
            };
            drop(held);
            assert!(panicking.join().unwrap_err().is_panic());
            let poisoned = join_all(waiting);
            // Who came after it sees the poison, and nobody hangs.
            assert!(lock.is_poisoned());
            assert_eq!(poisoned.len(), 10);
        });
    });
}
