//! Waiters are served in the order they came.
//!
//! On one worker a task that was spawned has run until it waits by the time the spawner goes on
//! after a yield, so here the order is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_channel::{bounded, select};
use hueless_runtime::runtime::Builder;
use hueless_runtime::{spawn, yield_now};

fn on_one_worker(f: impl FnOnce() + Send) {
    Builder::new().workers(1).build().unwrap().run(f);
}

/// Spawns a task and returns once it waits.
fn spawn_until_it_waits<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> hueless_runtime::task::JoinHandle<T> {
    let started = Arc::new(AtomicUsize::new(0));
    let begun = started.clone();
    let task = spawn(move || {
        begun.store(1, Ordering::Relaxed);
        f()
    });
    while started.load(Ordering::Relaxed) == 0 {
        yield_now();
    }
    yield_now();
    task
}

#[test]
fn receivers_in_order() {
    on_one_worker(|| {
        for capacity in [0, 1, 3] {
            let (s, r) = bounded(capacity);
            let tasks: Vec<_> = (0..6)
                .map(|i| {
                    let r = r.clone();
                    spawn_until_it_waits(move || {
                        if i % 2 == 0 {
                            return r.recv().unwrap();
                        }
                        let (_s, never) = bounded::<usize>(0);
                        select! {
                            recv(never) -> _ => unreachable!(),
                            recv(r) -> msg => msg.unwrap(),
                        }
                    })
                })
                .collect();
            for i in 0..6 {
                // Each goes to a receiver that waits, so this does not wait for room.
                s.try_send(i).unwrap();
            }
            for (i, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.join().unwrap(), i);
            }
        }
    });
}

#[test]
fn senders_in_order() {
    on_one_worker(|| {
        for capacity in [0, 1, 3] {
            let (s, r) = bounded(capacity);
            for _ in 0..capacity {
                s.send(usize::MAX).unwrap();
            }
            let tasks: Vec<_> = (0..6)
                .map(|i| {
                    let s = s.clone();
                    spawn_until_it_waits(move || s.send(i).unwrap())
                })
                .collect();
            drop(s);
            let received: Vec<_> = r.iter().filter(|i| *i != usize::MAX).collect();
            assert_eq!(received, [0, 1, 2, 3, 4, 5]);
            for task in tasks {
                task.join().unwrap();
            }
        }
    });
}

#[test]
fn who_gives_up_does_not_hold_up_the_others() {
    on_one_worker(|| {
        let (s, r) = bounded(0);
        let soon = Duration::from_millis(2);
        let mut tasks = Vec::new();
        for i in 0..6 {
            let r = r.clone();
            tasks.push(spawn_until_it_waits(move || match i % 2 {
                0 => r.recv_timeout(soon).ok(),
                _ => r.recv().ok(),
            }));
        }
        hueless_runtime::sleep(10 * soon);
        for i in 0..3 {
            s.try_send(i).unwrap();
        }
        assert!(s.try_send(3).is_err());
        let received: Vec<_> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
        assert_eq!(received, [None, Some(0), None, Some(1), None, Some(2)]);
    });
}

/// Leaving a queue takes no longer if thousands wait in it.
#[test]
fn leaving_a_long_queue_is_quick() {
    const WAITERS: usize = 10_000;
    const SELECTS: u32 = 25;
    const ROUNDS: u32 = 20;
    on_one_worker(|| {
        let (s1, r1) = bounded::<()>(0);
        let (s2, r2) = bounded::<()>(0);
        let (s3, r3) = bounded::<()>(0);
        // Selects that wait in all three queues, until the other task sends.
        let leave = || {
            let s3 = s3.clone();
            let sends = SELECTS * ROUNDS;
            let other = spawn(move || (0..sends).for_each(|_| s3.send(()).unwrap()));
            let round = |_| {
                let start = Instant::now();
                for _ in 0..SELECTS {
                    select! {
                        recv(r1) -> _ => unreachable!(),
                        recv(r2) -> _ => unreachable!(),
                        recv(r3) -> msg => msg.unwrap(),
                    }
                }
                start.elapsed() / SELECTS
            };
            // The quickest: in others the system may have run something else.
            let time = (0..ROUNDS).map(round).min().unwrap();
            other.join().unwrap();
            time
        };
        let alone = leave();
        let tasks: Vec<_> = (0..WAITERS)
            .map(|_| {
                let (r1, r2) = (r1.clone(), r2.clone());
                spawn(move || {
                    select! {
                        recv(r1) -> msg => msg.unwrap_err(),
                        recv(r2) -> msg => msg.unwrap_err(),
                    }
                })
            })
            .collect();
        for _ in 0..3 {
            yield_now();
        }
        let crowded = leave();
        drop((s1, s2));
        for task in tasks {
            task.join().unwrap();
        }
        // A walk along the queues would take some 20 microseconds at the very least.
        assert!(
            crowded < 3 * alone + Duration::from_micros(5),
            "{crowded:?} among {WAITERS} waiters, {alone:?} alone",
        );
    });
}
