//! What becomes of those who wait in std's locks and sleeps when a holder panics, or their runtime ends.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, Once, RwLock, mpsc};
use std::time::{Duration, Instant};

#[path = "../../runtime/tests/child/mod.rs"]
mod child;
mod common;

use child::{assert_passed, in_child, text};
use common::{NEVER, crowd, in_each_runtime, join_all, run, start, until};

const WAITING: usize = 50;

/// The one that takes it first panics once all others have begun to wait, which each says before it does `wait`;
/// that has to answer whether it saw the panic.
fn all_see_a_panic(
    hold_and: impl FnOnce(&dyn Fn()) + Send + 'static,
    wait: impl Fn(usize) -> bool + Send + Clone + 'static,
) {
    let (begun, holds) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let holder = {
        let (begun, holds) = (begun.clone(), holds.clone());
        hueless_runtime::spawn(move || {
            hold_and(&|| {
                holds.store(1, Ordering::Relaxed);
                until(|| begun.load(Ordering::Relaxed) == WAITING);
                // Those of the same worker that have begun wait by now: they leave their stacks nowhere else.
                std::panic::resume_unwind(Box::new("boom"));
            })
        })
    };
    until(|| holds.load(Ordering::Relaxed) == 1);
    let waiting = crowd(WAITING, move |number| {
        begun.fetch_add(1, Ordering::Relaxed);
        wait(number)
    });
    assert!(holder.join().unwrap_err().is_panic());
    assert!(join_all(waiting).into_iter().all(|has_seen| has_seen));
}

#[test]
fn all_who_wait_for_a_mutex_see_that_its_holder_panicked() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let lock = Arc::new(Mutex::new(()));
            let held = lock.clone();
            all_see_a_panic(
                move |and_panic| {
                    let _held = held.lock().unwrap();
                    and_panic();
                },
                move |_| lock.lock().is_err(),
            );
        });
    });
}

#[test]
fn readers_and_writers_see_that_a_writer_panicked() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let lock = Arc::new(RwLock::new(()));
            let held = lock.clone();
            all_see_a_panic(
                move |and_panic| {
                    let _held = held.write().unwrap();
                    and_panic();
                },
                move |number| match number % 2 {
                    0 => lock.read().is_err(),
                    _ => lock.write().is_err(),
                },
            );
        });
    });
}

#[test]
fn all_who_wait_for_an_initialiser_see_that_it_panicked() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let once = Arc::new(Once::new());
            let held = once.clone();
            all_see_a_panic(
                move |and_panic| held.call_once(and_panic),
                move |_| {
                    let mut was_poisoned = false;
                    once.call_once_force(|state| was_poisoned = state.is_poisoned());
                    // One sees it, and does the work for all.
                    was_poisoned || once.is_completed()
                },
            );
        });
    });
}

#[test]
fn a_runtime_that_ends_waits_for_sleeps_to_end() {
    for workers in [1, 3] {
        for migrates in [false, true] {
            let runtime = start(workers, migrates);
            let slept = Arc::new(AtomicUsize::new(0));
            let (tell, told) = mpsc::channel();
            for _ in 0..WAITING {
                let (slept, tell) = (slept.clone(), tell.clone());
                runtime.spawn(move || {
                    tell.send(()).unwrap();
                    let begun = Instant::now();
                    std::thread::sleep(Duration::from_millis(50));
                    assert!(begun.elapsed() >= Duration::from_millis(50));
                    slept.fetch_add(1, Ordering::Relaxed);
                    hueless_runtime::yield_now();
                    unreachable!("it is cancelled");
                });
            }
            (0..WAITING).for_each(|_| told.recv_timeout(NEVER).unwrap());
            drop(runtime);
            assert_eq!(slept.load(Ordering::Relaxed), WAITING);
        }
    }
}

#[test]
fn a_runtime_that_ends_leaves_behind_who_sleeps_on() {
    let case = || {
        let runtime = start(2, false);
        let (tell, told) = mpsc::channel();
        let tasks: Vec<_> = (0..WAITING)
            .map(|_| {
                let tell = tell.clone();
                runtime.spawn(move || {
                    tell.send(()).unwrap();
                    std::thread::sleep(NEVER);
                })
            })
            .collect();
        (0..WAITING).for_each(|_| told.recv_timeout(NEVER).unwrap());
        let begun = Instant::now();
        runtime.shutdown_timeout(Duration::from_millis(50));
        assert!(begun.elapsed() < NEVER / 2);
        tasks
            .into_iter()
            .for_each(|task| assert!(task.join().is_err()));
    };
    let name = "a_runtime_that_ends_leaves_behind_who_sleeps_on";
    let output = in_child(name, &[], case);
    assert!(text(&output).contains("left behind"));
    assert_passed(output);
}

#[test]
fn a_runtime_that_ends_leaves_behind_who_waits_at_a_barrier() {
    let case = || {
        let runtime = start(2, false);
        let barrier = Arc::new(Barrier::new(WAITING + 1));
        let (tell, told) = mpsc::channel();
        for _ in 0..WAITING {
            let (barrier, tell) = (barrier.clone(), tell.clone());
            runtime.spawn(move || {
                tell.send("waits").unwrap();
                barrier.wait();
                tell.send("goes on").unwrap();
            });
        }
        (0..WAITING).for_each(|_| assert_eq!(told.recv_timeout(NEVER), Ok("waits")));
        runtime.shutdown_timeout(Duration::from_millis(50));
        // They are where they were, and go on if the last one comes after all.
        barrier.wait();
        (0..WAITING).for_each(|_| assert_eq!(told.recv_timeout(NEVER), Ok("goes on")));
    };
    let name = "a_runtime_that_ends_leaves_behind_who_waits_at_a_barrier";
    let output = in_child(name, &[], case);
    assert!(text(&output).contains("left behind"));
    assert_passed(output);
}
