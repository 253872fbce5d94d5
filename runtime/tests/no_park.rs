//! Frames of tasks on one thread end in any order, and `no_park` keeps them nested.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hueless_runtime::runtime::Builder;
use hueless_runtime::{blocking, checkpoint, run, sleep, spawn, task, yield_now};

#[macro_use]
mod common;

in_all_modes!(
    frames_of_parked_tasks_end_out_of_order,
    no_park_keeps_frames_nested,
    no_neighbour_runs_inside,
    waiting_inside_is_done_by_the_thread,
    a_park_inside_is_ended_by_an_unpark_of_the_task,
    calls_nest_and_panics_leave,
    new_tasks_are_taken_over_from_the_only_worker,
    the_task_is_the_same_inside,
    a_wait_that_has_begun_inside_is_not_interrupted,
    a_wait_that_begins_inside_a_cancelled_task_unwinds,
);

/// A scoped thread-local as crates with `unsafe` have it: `set` shows `value` to whoever runs in its
/// callback, and takes for granted that frames end in the reverse order of their beginning. Where
/// such a crate would leave a dangling pointer, this one tells.
mod scoped {
    use super::RefCell;

    thread_local! {
        static VALUES: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    }

    #[derive(Debug, PartialEq)]
    pub(super) struct OutOfOrder;

    pub(super) fn set(value: u32, f: impl FnOnce()) -> Result<(), OutOfOrder> {
        VALUES.with_borrow_mut(|values| values.push(value));
        f();
        match VALUES.with_borrow_mut(Vec::pop) {
            Some(own) if own == value => Ok(()),
            _ => Err(OutOfOrder),
        }
    }

    pub(super) fn get() -> Option<u32> {
        VALUES.with_borrow(|values| values.last().copied())
    }
}

/// The hazard: safe code alone ends the frame that began first while the other one is still there,
/// and sees the other's value.
fn frames_of_parked_tasks_end_out_of_order(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let first = spawn(|| {
            scoped::set(1, || {
                task::park();
                assert_eq!(scoped::get(), Some(2), "the neighbour's value");
            })
        });
        while scoped::get() != Some(1) {
            yield_now();
        }
        let waker = first.task().clone();
        let second = spawn(move || {
            scoped::set(2, || {
                waker.unpark();
                task::park();
            })
        });
        let waker = second.task().clone();
        assert_eq!(first.join().unwrap(), Err(scoped::OutOfOrder));
        waker.unpark();
        assert_eq!(second.join().unwrap(), Err(scoped::OutOfOrder));
    });
}

/// The remedy: the same two frames. What they wait for is an OS thread, as their worker is blocked.
fn no_park_keeps_frames_nested(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let (wake, to_wake) = mpsc::channel::<task::Task>();
        let waker = thread::spawn(move || to_wake.iter().for_each(|task| task.unpark()));
        let scopes: Vec<_> = (0..20)
            .map(|value| {
                let wake = wake.clone();
                spawn(move || {
                    task::no_park(|| {
                        scoped::set(value, || {
                            wake.send(task::current()).unwrap();
                            task::park();
                            yield_now();
                            assert_eq!(scoped::get(), Some(value));
                        })
                    })
                })
            })
            .collect();
        drop(wake);
        for scope in scopes {
            assert_eq!(scope.join().unwrap(), Ok(()));
        }
        waker.join().unwrap();
    });
}

fn no_neighbour_runs_inside(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let inside = Arc::new(AtomicBool::new(true));
        let (there, here) = (inside.clone(), thread::current().id());
        // A spare may run it meanwhile, on another thread.
        let neighbour =
            spawn(move || there.load(Ordering::Relaxed) && thread::current().id() == here);
        task::no_park(|| {
            yield_now();
            sleep(Duration::from_millis(15));
            // Time enough for the monitor to want this worker for others.
            checkpoint();
            task::park_timeout(Duration::from_millis(1));
            blocking(yield_now);
        });
        inside.store(false, Ordering::Relaxed);
        assert!(!neighbour.join().unwrap());
    });
}

fn waiting_inside_is_done_by_the_thread(new: fn() -> Builder) {
    new().workers(2).build().unwrap().run(|| {
        let here = thread::current().id();
        task::no_park(|| {
            assert_eq!(blocking(|| thread::current().id()), here);
            let start = Instant::now();
            sleep(Duration::from_millis(3));
            assert!(start.elapsed() >= Duration::from_millis(3));
            // Stolen by the other worker: this one cannot run it.
            let there = spawn(|| thread::current().id()).join().unwrap();
            assert_ne!(there, here);
            assert_eq!(run(|| 5), 5);
        });
        assert_ne!(blocking(|| thread::current().id()), here);
    });
}

fn a_park_inside_is_ended_by_an_unpark_of_the_task(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let me = task::current();
        let (ask, asked) = mpsc::channel();
        let helper = thread::spawn(move || {
            for () in asked {
                me.unpark();
            }
        });
        for _ in 0..200 {
            task::no_park(|| {
                ask.send(()).unwrap();
                task::park();
                // Whichever of the two comes first, one token is left at most.
                ask.send(()).unwrap();
                task::park_timeout(Duration::from_micros(20));
            });
        }
        drop(ask);
        helper.join().unwrap();
        task::park_timeout(Duration::ZERO);
        // A token goes in and out.
        task::current().unpark();
        task::no_park(task::park);
        task::no_park(|| task::current().unpark());
        task::park();
    });
}

fn calls_nest_and_panics_leave(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let inside = Arc::new(AtomicBool::new(true));
        let (there, here) = (inside.clone(), thread::current().id());
        let neighbour =
            spawn(move || there.load(Ordering::Relaxed) && thread::current().id() == here);
        task::no_park(|| {
            assert_eq!(task::no_park(|| 4), 4);
            let inner = catch_unwind(|| task::no_park(|| panic!("inside")));
            assert_eq!(*inner.unwrap_err().downcast::<&str>().unwrap(), "inside");
            // Still inside the outer call.
            yield_now();
        });
        inside.store(false, Ordering::Relaxed);
        let outer = catch_unwind(|| task::no_park(|| panic!("outer")));
        assert!(outer.is_err());
        // A join that blocked the only worker would never end.
        assert!(!neighbour.join().unwrap());
    });
}

fn new_tasks_are_taken_over_from_the_only_worker(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let here = thread::current().id();
        task::no_park(|| {
            let there = spawn(|| thread::current().id());
            assert_ne!(there.join().unwrap(), here);
            assert_ne!(run(|| thread::current().id()), here);
        });
    });
}

fn the_task_is_the_same_inside(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        let id = task::current().id();
        let here = thread::current().id();
        let child = task::no_park(|| {
            assert_eq!(task::current().id(), id);
            spawn(|| thread::current().id())
        });
        // The only worker of this runtime, not one of the global one's.
        assert_eq!(child.join().unwrap(), here);
    });
    let outside = task::current().id();
    assert_eq!(task::no_park(|| task::current().id()), outside);
}

fn a_wait_that_has_begun_inside_is_not_interrupted(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let (began, has_begun) = mpsc::channel();
    let (went_on, has_gone_on) = mpsc::channel();
    let handle = runtime.spawn(move || {
        task::no_park(|| {
            began.send(task::current()).unwrap();
            task::park();
        });
        went_on.send(()).unwrap();
        sleep(Duration::MAX);
    });
    let sleeper = has_begun.recv().unwrap();
    runtime.shutdown_timeout(Duration::from_millis(10));
    assert!(has_gone_on.try_recv().is_err());
    sleeper.unpark();
    has_gone_on.recv().unwrap();
    assert!(handle.join().unwrap_err().is_cancelled());
}

fn a_wait_that_begins_inside_a_cancelled_task_unwinds(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let (began, has_begun) = mpsc::channel();
    let handle = runtime.spawn(move || {
        began.send(()).unwrap();
        let waits: [fn(); 4] = [
            || sleep(Duration::MAX),
            || task::no_park(|| sleep(Duration::MAX)),
            || task::no_park(task::park),
            || task::no_park(yield_now),
        ];
        waits.map(|wait| catch_unwind(AssertUnwindSafe(wait)).is_err())
    });
    has_begun.recv().unwrap();
    drop(runtime);
    assert_eq!(handle.join().unwrap(), [true; 4]);
}
