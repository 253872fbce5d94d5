//! Cancelling tasks and calls: who unwinds, when, and what does not happen.

#[macro_use]
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::cancel::{self, Node, is_cancelled, run_in, shield};
use hueless_runtime::runtime::Builder;
use hueless_runtime::{blocking, checkpoint, deadline, sleep, spawn, task, timeout, yield_now};

in_all_modes!(
    a_blocked_task_is_cancelled,
    a_task_that_has_not_begun_never_does,
    a_task_that_is_ready_unwinds_at_its_next_point,
    a_loop_with_checkpoints_is_cancelled,
    tasks_cancel_each_other,
    many_tasks_are_cancelled_at_once,
    a_time_limit_ends_what_blocks,
    what_comes_in_time_counts,
    limits_nest,
    a_swallowed_cancellation_comes_again,
    a_shield_keeps_out_what_is_around_it,
    a_shield_lets_in_what_is_within,
    destructors_run_once_and_may_block,
    a_node_reaches_tasks_and_threads,
    a_node_reaches_what_is_below,
    a_late_frame_is_cancelled_at_once,
    a_job_that_runs_is_awaited,
    a_loop_with_checkpoints_has_a_limit,
);

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A task that says that it runs, and waits for ever.
fn waiter(runtime: &hueless_runtime::runtime::Runtime) -> task::JoinHandle<()> {
    let (tell, told) = crossbeam_channel::bounded(1);
    let handle = runtime.spawn(move || {
        tell.send(()).unwrap();
        sleep(Duration::MAX);
    });
    told.recv().unwrap();
    handle
}

fn a_blocked_task_is_cancelled(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    for _ in 0..100 {
        let handle = waiter(&runtime);
        handle.cancel();
        let error = handle.join().unwrap_err();
        assert!(error.is_cancelled() && !error.is_panic(), "{error}");
        assert!(error.to_string().ends_with("was cancelled"), "{error}");
    }
}

fn a_task_that_has_not_begun_never_does(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    let counted = Counted(dropped.clone());
    let error = runtime.run(|| {
        let handle = spawn(move || {
            let _counted = counted;
            unreachable!("it was cancelled before it began");
        });
        handle.cancel();
        handle.join().unwrap_err()
    });
    assert!(error.is_cancelled(), "{error}");
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

fn a_task_that_is_ready_unwinds_at_its_next_point(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        let went_on = Arc::new(AtomicBool::new(false));
        let seen = went_on.clone();
        let handle = spawn(move || {
            yield_now();
            seen.store(true, Ordering::Relaxed);
            yield_now();
            yield_now();
            unreachable!("the last point is after the cancellation");
        });
        while !went_on.load(Ordering::Relaxed) {
            yield_now();
        }
        handle.cancel();
        assert!(handle.join().unwrap_err().is_cancelled());
    });
}

fn a_loop_with_checkpoints_is_cancelled(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let (tell, told) = crossbeam_channel::bounded(1);
    let handle = runtime.spawn(move || {
        tell.send(()).unwrap();
        loop {
            checkpoint();
        }
    });
    told.recv().unwrap();
    handle.cancel();
    let error: task::JoinError = handle.join().map(|never: ()| never).unwrap_err();
    assert!(error.is_cancelled());
}

fn a_loop_with_checkpoints_has_a_limit(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let late = runtime.run(|| {
        timeout(Duration::from_millis(1), || {
            loop {
                checkpoint();
            }
        })
    });
    assert!(late.map(|never: ()| never).is_err());
}

fn tasks_cancel_each_other(new: fn() -> Builder) {
    for workers in [1, 2] {
        let runtime = new().workers(workers).build().unwrap();
        runtime.run(|| {
            for _ in 0..100 {
                let first = spawn(|| sleep(Duration::MAX));
                let victim = first.task().clone();
                let second = spawn(move || victim.cancel());
                assert!(first.join().unwrap_err().is_cancelled());
                second.join().unwrap();
            }
        });
    }
}

fn many_tasks_are_cancelled_at_once(new: fn() -> Builder) {
    const TASKS: usize = 2_000;
    let runtime = new().workers(3).build().unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    let began = Arc::new(AtomicUsize::new(0));
    let handles: Vec<_> = (0..TASKS)
        .map(|_| {
            let (counted, began) = (Counted(dropped.clone()), began.clone());
            runtime.spawn(move || {
                let _counted = counted;
                began.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::MAX);
            })
        })
        .collect();
    while began.load(Ordering::Relaxed) < TASKS / 2 {
        std::thread::yield_now();
    }
    handles.iter().for_each(task::JoinHandle::cancel);
    for handle in handles {
        assert!(handle.join().unwrap_err().is_cancelled());
    }
    assert_eq!(dropped.load(Ordering::Relaxed), TASKS);
}

/// Calls `f` in a task and on this thread.
fn in_both(new: fn() -> Builder, f: impl Fn() + Send + Sync) {
    f();
    let runtime = new().workers(2).build().unwrap();
    runtime.run(&f);
}

fn a_time_limit_ends_what_blocks(new: fn() -> Builder) {
    in_both(new, || {
        let at = Instant::now() + Duration::from_millis(5);
        assert!(deadline(at, || sleep(Duration::MAX)).is_err());
        assert!(Instant::now() >= at);
        // One that has passed lets nothing block.
        assert!(deadline(at, || sleep(Duration::MAX)).is_err());
        assert!(timeout(Duration::ZERO, task::park).is_err());
    });
}

fn what_comes_in_time_counts(new: fn() -> Builder) {
    in_both(new, || {
        assert_eq!(timeout(Duration::MAX, || 1), Ok(1));
        assert_eq!(timeout(Duration::ZERO, || 2), Ok(2));
        let slept = timeout(Duration::from_secs(60), || sleep(Duration::from_micros(10)));
        assert_eq!(slept, Ok(()));
        // Nothing is left of the limits.
        assert!(!is_cancelled());
        sleep(Duration::from_micros(10));
    });
}

fn limits_nest(new: fn() -> Builder) {
    in_both(new, || {
        let outer = timeout(Duration::from_millis(2), || {
            let inner = timeout(Duration::from_secs(60), || sleep(Duration::MAX));
            unreachable!("the outer limit is not the inner one's: {inner:?}");
        });
        assert!(outer.is_err());
        let outer = timeout(Duration::from_secs(60), || {
            assert!(timeout(Duration::from_millis(2), || sleep(Duration::MAX)).is_err());
            assert!(!is_cancelled());
            sleep(Duration::from_micros(10));
            7
        });
        assert_eq!(outer, Ok(7));
        // Both have passed: the outer one is meant.
        let outer = timeout(Duration::ZERO, || {
            let inner = timeout(Duration::ZERO, || sleep(Duration::MAX));
            unreachable!("{inner:?}");
        });
        assert!(outer.is_err());
    });
}

fn a_swallowed_cancellation_comes_again(new: fn() -> Builder) {
    in_both(new, || {
        let rounds = AtomicUsize::new(0);
        let late = timeout(Duration::from_millis(1), || {
            for _ in 0..3 {
                let caught = catch_unwind(|| sleep(Duration::MAX)).unwrap_err();
                assert!(cancel::is_cancellation(&*caught));
                rounds.fetch_add(1, Ordering::Relaxed);
            }
            sleep(Duration::MAX);
        });
        assert!(late.is_err());
        assert_eq!(rounds.load(Ordering::Relaxed), 3);
        // One that is kept and raised later is nobody's.
        let mut kept = None;
        assert!(
            timeout(Duration::ZERO, || {
                kept = catch_unwind(|| sleep(Duration::MAX)).err();
            })
            .is_ok()
        );
        let kept = kept.unwrap();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _ = timeout(Duration::from_secs(60), || std::panic::resume_unwind(kept));
        }));
        assert!(cancel::is_cancellation(&*caught.unwrap_err()));
    });
}

fn a_shield_keeps_out_what_is_around_it(new: fn() -> Builder) {
    in_both(new, || {
        let mut done = false;
        let late = timeout(Duration::from_millis(1), || {
            shield(|| {
                while !is_cancelled() {
                    sleep(Duration::from_micros(100));
                }
                sleep(Duration::from_micros(10));
                done = true;
            });
            yield_now();
            sleep(Duration::MAX);
        });
        assert!(late.is_err() && done);
    });
    let runtime = new().workers(1).build().unwrap();
    let (tell, told) = crossbeam_channel::bounded(1);
    let (finish, finished) = crossbeam_channel::bounded(1);
    let handle = runtime.spawn(move || {
        shield(|| {
            tell.send(()).unwrap();
            blocking(|| finished.recv().unwrap());
            assert!(is_cancelled());
            yield_now();
        });
        sleep(Duration::MAX);
    });
    told.recv().unwrap();
    handle.cancel();
    finish.send(()).unwrap();
    assert!(handle.join().unwrap_err().is_cancelled());
}

fn a_shield_lets_in_what_is_within(new: fn() -> Builder) {
    in_both(new, || {
        let late = timeout(Duration::ZERO, || {
            shield(|| {
                assert!(timeout(Duration::from_millis(1), || sleep(Duration::MAX)).is_err());
                shield(|| sleep(Duration::from_micros(10)));
            });
            sleep(Duration::MAX);
        });
        assert!(late.is_err());
    });
}

fn destructors_run_once_and_may_block(new: fn() -> Builder) {
    struct Sleepy(Arc<AtomicUsize>);
    impl Drop for Sleepy {
        fn drop(&mut self) {
            sleep(Duration::from_micros(100));
            yield_now();
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    in_both(new, || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let late = timeout(Duration::from_millis(1), || {
            let _sleepy = (Sleepy(dropped.clone()), Sleepy(dropped.clone()));
            sleep(Duration::MAX);
        });
        assert!(late.is_err());
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
    });
}

fn a_node_reaches_tasks_and_threads(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    for _ in 0..20 {
        let node = Node::new();
        let (tell, told) = crossbeam_channel::unbounded();
        let wait = {
            let node = node.clone();
            move || {
                run_in(node.clone(), || {
                    tell.send(()).unwrap();
                    sleep(Duration::MAX);
                })
            }
        };
        let tasks: Vec<_> = (0..4).map(|_| runtime.spawn(wait.clone())).collect();
        let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(wait.clone())).collect();
        for _ in 0..6 {
            told.recv().unwrap();
        }
        node.cancel();
        assert!(node.is_cancelled());
        for task in tasks {
            assert!(task.join().unwrap().is_err());
        }
        for thread in threads {
            assert!(thread.join().unwrap().is_err());
        }
    }
}

fn a_node_reaches_what_is_below(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let top = Node::new();
    let (left, right) = (top.child(), top.child());
    let below = left.child();
    let told = Arc::new(AtomicUsize::new(0));
    let hook = told.clone();
    below.on_cancel(move || {
        hook.fetch_add(1, Ordering::Relaxed);
    });
    let waits = runtime.spawn({
        let below = below.clone();
        move || run_in(below, || sleep(Duration::MAX))
    });
    left.cancel();
    assert!(waits.join().unwrap().is_err());
    assert!(left.is_cancelled() && below.is_cancelled());
    assert!(!right.is_cancelled() && !top.is_cancelled());
    assert_eq!(told.load(Ordering::Relaxed), 1);
    // Those that come late.
    assert!(left.child().is_cancelled());
    let hook = told.clone();
    below.on_cancel(move || {
        hook.fetch_add(1, Ordering::Relaxed);
    });
    top.cancel();
    assert_eq!(told.load(Ordering::Relaxed), 2);
    assert!(right.is_cancelled());
}

fn a_late_frame_is_cancelled_at_once(new: fn() -> Builder) {
    in_both(new, || {
        let node = Node::new();
        node.cancel();
        assert!(run_in(node.clone(), || sleep(Duration::MAX)).is_err());
        assert_eq!(run_in(node.clone(), || 7), Ok(7));
        // The innermost cancelled one is not meant if one around it is.
        let outer = run_in(node.clone(), || {
            let inner = run_in(node.clone(), || sleep(Duration::MAX));
            unreachable!("{inner:?}");
        });
        assert!(outer.is_err());
    });
}

fn a_job_that_runs_is_awaited(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let (tell, told) = crossbeam_channel::bounded(1);
    let (finish, finished) = crossbeam_channel::bounded::<()>(1);
    let ended = Arc::new(AtomicBool::new(false));
    let seen = ended.clone();
    let handle = runtime.spawn(move || {
        blocking(|| {
            tell.send(()).unwrap();
            finished.recv().unwrap();
            ended.store(true, Ordering::Relaxed);
        });
        // The job may have ended before the worker heard of the cancelling.
        yield_now();
        unreachable!("it is cancelled once the job has ended");
    });
    told.recv().unwrap();
    handle.cancel();
    assert!(!handle.is_finished());
    finish.send(()).unwrap();
    assert!(handle.join().unwrap_err().is_cancelled());
    assert!(seen.load(Ordering::Relaxed));
}
