//! What the runtime has for code that takes itself to keep, or to block, its OS thread: see the package
//! hueless-uncolor.

#[macro_use]
mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use hueless_runtime::park::Wait;
use hueless_runtime::runtime::Builder;
use hueless_runtime::task::no_park;
use hueless_runtime::{blocking, blocking_for_std, spawn, yield_now};

in_all_modes!(
    a_yield_lets_neighbours_run,
    a_yield_does_not_unwind,
    a_yield_comes_back_on_its_thread,
    a_checkpoint_yields_when_its_time_is_up,
    a_checkpoint_does_not_unwind,
    nobody_runs_where_a_wait_would_block,
    a_neighbour_runs_while_a_job_is_on_the_pool,
    a_cancelled_task_gets_its_jobs_result,
    a_job_comes_back_where_it_has_to_run_in_place,
);

fn a_yield_lets_neighbours_run(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let turns = Arc::new(AtomicUsize::new(0));
        let neighbour = {
            let turns = turns.clone();
            spawn(move || {
                for turn in 1..=100 {
                    turns.store(turn, Ordering::Relaxed);
                    yield_now();
                }
            })
        };
        // Whose turn comes first may be turned round now and then.
        for _ in 0..200 {
            Wait::yield_for_std();
        }
        assert_eq!(turns.load(Ordering::Relaxed), 100);
        neighbour.join().unwrap();
    });
}

fn a_yield_does_not_unwind(new: fn() -> Builder) {
    goes_on_though_cancelled(new, Wait::yield_for_std);
}

fn a_checkpoint_does_not_unwind(new: fn() -> Builder) {
    goes_on_though_cancelled(new, || Wait::checkpoint_for_std(|| true));
}

/// A task that is cancelled calls `pass`, many times, and unwinds only at a point of cancellation.
fn goes_on_though_cancelled(new: fn() -> Builder, pass: fn()) {
    new().workers(2).build().unwrap().run(move || {
        let (begun, is_cancelled) = (flag(), flag());
        let passed = Arc::new(AtomicUsize::new(0));
        let task = {
            let (begun, is_cancelled, passed) =
                (begun.clone(), is_cancelled.clone(), passed.clone());
            spawn(move || {
                begun.store(true, Ordering::Release);
                while !is_cancelled.load(Ordering::Acquire) {
                    Wait::yield_for_std();
                }
                for _ in 0..100 {
                    pass();
                    passed.fetch_add(1, Ordering::Relaxed);
                }
                yield_now();
                unreachable!("it is cancelled");
            })
        };
        while !begun.load(Ordering::Acquire) {
            yield_now();
        }
        task.cancel();
        is_cancelled.store(true, Ordering::Release);
        assert!(task.join().unwrap_err().is_cancelled());
        assert_eq!(passed.load(Ordering::Relaxed), 100);
    });
}

fn a_yield_comes_back_on_its_thread(new: fn() -> Builder) {
    new().workers(3).build().unwrap().run(|| {
        let tasks: Vec<_> = (0..30)
            .map(|number| {
                spawn(move || {
                    for _ in 0..300 {
                        // In a migrating runtime it may change threads here,
                        yield_now();
                        // and not here.
                        let before = thread::current().id();
                        Wait::yield_for_std();
                        assert_eq!(thread::current().id(), before, "task {number}");
                    }
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

fn a_checkpoint_yields_when_its_time_is_up(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let ran = flag();
        let neighbour = {
            let ran = ran.clone();
            spawn(move || ran.store(true, Ordering::Release))
        };
        let before = thread::current().id();
        while !ran.load(Ordering::Acquire) {
            Wait::checkpoint_for_std(|| true);
        }
        assert_eq!(thread::current().id(), before);
        neighbour.join().unwrap();
    });
}

fn nobody_runs_where_a_wait_would_block(new: fn() -> Builder) {
    let turns_of_a_neighbour = |builder: Builder, f: fn()| {
        builder.workers(1).build().unwrap().run(|| {
            let (turns, stop) = (Arc::new(AtomicUsize::new(0)), flag());
            let neighbour = {
                let (turns, stop) = (turns.clone(), stop.clone());
                spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        turns.fetch_add(1, Ordering::Relaxed);
                        yield_now();
                    }
                })
            };
            while turns.load(Ordering::Relaxed) == 0 {
                yield_now();
            }
            let before = turns.load(Ordering::Relaxed);
            f();
            let turns = turns.load(Ordering::Relaxed) - before;
            stop.store(true, Ordering::Relaxed);
            neighbour.join().unwrap();
            turns
        })
    };
    let f = || (0..100).for_each(|_| Wait::yield_for_std());
    assert_ne!(turns_of_a_neighbour(new(), f), 0);
    assert_eq!(turns_of_a_neighbour(new().park_std(false), f), 0);
    let f = || no_park(|| (0..100).for_each(|_| Wait::yield_for_std()));
    assert_eq!(turns_of_a_neighbour(new(), f), 0);
    // Not in a task.
    Wait::yield_for_std();
    Wait::checkpoint_for_std(|| true);
}

fn a_neighbour_runs_while_a_job_is_on_the_pool(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let (go, may_go) = mpsc::channel();
        let neighbour = spawn(move || go.send(7).unwrap());
        let here = thread::current().id();
        let mut frame = [0; 4];
        let borrowed = &mut frame;
        let there = blocking_for_std(move || {
            // Sent by the only worker, so that is free.
            borrowed.fill(may_go.recv().unwrap());
            thread::current().id()
        });
        assert_ne!(there.ok().unwrap(), here);
        assert_eq!(thread::current().id(), here);
        assert_eq!(frame, [7; 4]);
        neighbour.join().unwrap();
        let payload = std::panic::catch_unwind(|| blocking_for_std(|| std::panic::panic_any(7)));
        assert_eq!(payload.err().unwrap().downcast_ref(), Some(&7));
    });
}

fn a_cancelled_task_gets_its_jobs_result(new: fn() -> Builder) {
    let runtime = new().workers(2).blocking_threads(2).build().unwrap();
    // Once with the job running when its task is cancelled, and once queued behind others.
    for queued in [false, true] {
        let (end, may_end) = mpsc::channel::<()>();
        let (began, has_begun) = mpsc::channel();
        let (give, given) = mpsc::channel();
        let others: Vec<_> = (0..if queued { 2 } else { 0 })
            .map(|_| {
                let (end, may_end) = mpsc::channel::<()>();
                let began = began.clone();
                let job = move || {
                    began.send(()).unwrap();
                    let _ = may_end.recv();
                };
                (runtime.spawn(move || blocking(job)), end)
            })
            .collect();
        others.iter().for_each(|_| has_begun.recv().unwrap());
        let task = runtime.spawn(move || {
            let here = thread::current().id();
            let value = blocking_for_std(move || {
                began.send(()).unwrap();
                let _ = may_end.recv();
                7
            });
            assert_eq!(thread::current().id(), here);
            give.send(value.ok()).unwrap();
            yield_now();
            unreachable!("it is cancelled");
        });
        if queued {
            while runtime.metrics().blocking_queued == 0 {
                thread::yield_now();
            }
        } else {
            has_begun.recv().unwrap();
        }
        task.cancel();
        drop(end);
        for (other, end) in others {
            drop(end);
            other.join().unwrap();
        }
        assert_eq!(given.recv(), Ok(Some(7)));
        assert!(task.join().unwrap_err().is_cancelled());
    }
}

fn a_job_comes_back_where_it_has_to_run_in_place(new: fn() -> Builder) {
    let is_refused = || blocking_for_std(|| ()).is_err();
    assert!(is_refused());
    let runtime = new().workers(1).build().unwrap();
    assert!(!runtime.run(is_refused));
    assert!(runtime.run(|| no_park(is_refused)));
    let blocks = new().workers(1).park_std(false).build().unwrap();
    assert!(blocks.run(is_refused));
}

fn flag() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}
