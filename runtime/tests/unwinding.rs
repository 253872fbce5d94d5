//! Panics and cancellations that meet parks: whose they are, and what is right again afterwards.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use hueless_runtime::runtime::{Builder, Runtime, stacks};
use hueless_runtime::{blocking, sleep, spawn, task, yield_now};

mod child;
#[macro_use]
mod common;

in_all_modes!(
    peers_of_a_task_that_panics_go_on,
    stacks_of_tasks_that_panicked_are_used_again,
    a_destructor_that_parks_while_unwinding_leaves_the_count_right,
    a_panic_beside_one_that_is_parked_is_a_first_one,
    a_payload_that_panics_when_dropped_ends_with_its_task,
    a_closure_that_panics_when_dropped_unrun_harms_nobody,
);

/// Runs `f` when it goes.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Panics without a message, for tests that do so often.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("quietly"))
}

/// Asks on two threads of the runtime, which has two workers, whether they are panicking.
fn nobody_is_panicking(runtime: &Runtime) {
    let mut asked = HashSet::<ThreadId>::new();
    while asked.len() < 2 {
        let both: Vec<_> = (0..2)
            .map(|_| {
                runtime.spawn(|| {
                    // Long enough for the other worker to take the other one.
                    thread::sleep(Duration::from_micros(300));
                    (thread::current().id(), thread::panicking())
                })
            })
            .collect();
        for task in both {
            let (id, panicking) = task.join().unwrap();
            assert!(!panicking);
            asked.insert(id);
        }
    }
}

fn peers_of_a_task_that_panics_go_on(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let peers: Vec<_> = (0..10)
        .map(|i| {
            let stop = stop.clone();
            runtime.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match i % 3 {
                        0 => yield_now(),
                        1 => sleep(Duration::from_micros(100)),
                        _ => drop(spawn(yield_now).join()),
                    }
                }
                i
            })
        })
        .collect();
    for n in 0..200_usize {
        let error = runtime.spawn(move || -> () { resume_unwind(Box::new(n)) });
        let error = error.join().unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(*error.into_panic().downcast::<usize>().unwrap(), n);
    }
    stop.store(true, Ordering::Relaxed);
    for (i, peer) in peers.into_iter().enumerate() {
        assert_eq!(peer.join().unwrap(), i);
    }
}

fn stacks_of_tasks_that_panicked_are_used_again(new: fn() -> Builder) {
    const TASKS: usize = 5000;
    let all = || {
        let stacks = stacks();
        stacks.in_use + stacks.free
    };
    let runtime = new().workers(1).build().unwrap();
    let before = all();
    for _ in 0..TASKS {
        assert!(runtime.spawn(|| panic_quietly()).join().is_err());
    }
    // Stacks are had by the hundred, and other tests have some too.
    assert!(
        all() < before + TASKS / 2,
        "{before} stacks, then {}",
        all()
    );
}

/// Tasks on both workers park in destructors while they unwind, in each way there is, with neighbours
/// that do the same and neighbours that do not. Each resumes on its own thread, where it still is
/// panicking, and in the end no thread is.
fn a_destructor_that_parks_while_unwinding_leaves_the_count_right(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let parked = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..200)
        .map(|i| {
            let parked = parked.clone();
            runtime.spawn(move || {
                yield_now();
                let caught = catch_unwind(|| {
                    let _parks = OnDrop(|| {
                        assert!(thread::panicking());
                        let home = thread::current().id();
                        for way in 0..5 {
                            match (i + way) % 5 {
                                0 => sleep(Duration::from_micros(i as u64 * 7)),
                                1 => yield_now(),
                                2 => spawn(yield_now).join().unwrap(),
                                3 => assert_eq!(blocking(|| i), i),
                                _ => task::park_timeout(Duration::from_micros(50)),
                            }
                            assert_eq!(thread::current().id(), home);
                            assert!(thread::panicking());
                        }
                        parked.fetch_add(1, Ordering::Relaxed);
                    });
                    panic_quietly()
                });
                assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "quietly");
                yield_now();
                i
            })
        })
        .collect();
    for (i, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.join().unwrap(), i);
    }
    assert_eq!(parked.load(Ordering::Relaxed), 200);
    nobody_is_panicking(&runtime);
}

/// While one task is parked in the middle of its unwinding, its neighbour panics, says so, and is
/// caught: that is no panic within a panic.
fn a_panic_beside_one_that_is_parked_is_a_first_one(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let (unwinds, is_unwinding) = mpsc::channel();
    let first = runtime.spawn(move || {
        let _parks = OnDrop(|| {
            unwinds.send(()).unwrap();
            task::park();
        });
        panic_quietly()
    });
    is_unwinding.recv().unwrap();
    let second = runtime.spawn(|| {
        let caught = catch_unwind(|| panic!("this panic is part of a test"));
        let _parks = OnDrop(yield_now);
        caught.unwrap_err();
        panic_quietly()
    });
    assert!(second.join().unwrap_err().is_panic());
    first.task().unpark();
    assert!(first.join().unwrap_err().is_panic());
    assert!(!runtime.run(thread::panicking));
}

/// A payload whose drop panics.
struct Hostile(Arc<AtomicUsize>);

impl Drop for Hostile {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic_quietly()
    }
}

fn a_payload_that_panics_when_dropped_ends_with_its_task(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let drops = Arc::new(AtomicUsize::new(0));
    let hostile = || {
        let payload: Box<dyn Any + Send> = Box::new(Hostile(drops.clone()));
        move || -> () { resume_unwind(payload) }
    };
    // Nobody joins: the runtime drops the payload, on the task's stack or for the handle.
    drop(runtime.spawn(hostile()));
    let ended = runtime.spawn(hostile());
    while !ended.is_finished() {
        thread::yield_now();
    }
    drop(ended);
    // Joined: it is the joiner's to drop, and so is the panic.
    let error = runtime.spawn(hostile()).join().unwrap_err();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(error))).is_err());
    // `run` hands it on.
    let payload = catch_unwind(AssertUnwindSafe(|| runtime.run(hostile()))).unwrap_err();
    assert!(payload.is::<Hostile>());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(payload))).is_err());
    // A result is like a payload.
    let result = Hostile(drops.clone());
    drop(runtime.spawn(move || result));
    drop(runtime);
    assert_eq!(drops.load(Ordering::SeqCst), 5);
}

fn a_closure_that_panics_when_dropped_unrun_harms_nobody(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let drops = Arc::new(AtomicUsize::new(0));
    let (hold, held) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    let holder = runtime.spawn(move || {
        let closures: Vec<_> = (0..10)
            .map(|_| {
                let hostile = Hostile(drops.clone());
                spawn(move || drop(catch_unwind(AssertUnwindSafe(move || drop(hostile)))))
            })
            .collect();
        began.send(drops).unwrap();
        let _ = held.recv();
        closures
    });
    let drops = has_begun.recv().unwrap();
    let stop = thread::spawn(move || drop(runtime));
    drop(hold);
    stop.join().unwrap();
    assert_eq!(drops.load(Ordering::SeqCst), 10);
    // Whether they ran or were cancelled before, each handle has its answer.
    for closure in holder.join().unwrap() {
        assert!(closure.is_finished());
        drop(closure);
    }
}

/// Two destructors of one frame panic: Rust aborts, inside a task as outside, and so it does if the
/// first unwinding is a cancellation.
#[test]
fn a_panic_in_a_destructor_during_a_panic_aborts() {
    let output = child::in_child("a_panic_in_a_destructor_during_a_panic_aborts", &[], || {
        let _ = spawn(|| {
            let _second = OnDrop(|| panic_any("second"));
            panic!("first")
        })
        .join();
    });
    let said = child::died_of(libc::SIGABRT, output);
    assert!(said.contains("first"), "{said}");
}

#[test]
fn a_panic_in_a_destructor_during_a_cancellation_aborts() {
    let test = "a_panic_in_a_destructor_during_a_cancellation_aborts";
    let output = child::in_child(test, &[], || {
        let runtime = Builder::new().workers(1).build().unwrap();
        let (began, has_begun) = mpsc::channel();
        runtime.spawn(move || {
            let _panics = OnDrop(|| panic!("while it is cancelled"));
            began.send(()).unwrap();
            sleep(Duration::MAX);
        });
        has_begun.recv().unwrap();
        drop(runtime);
    });
    let said = child::died_of(libc::SIGABRT, output);
    assert!(said.contains("while it is cancelled"), "{said}");
}

/// A destructor that catches its own panic may have one.
#[test]
fn a_panic_that_a_destructor_catches_during_a_cancellation_is_fine() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let (began, has_begun) = mpsc::channel();
    let handle = runtime.spawn(move || {
        let _catches = OnDrop(|| assert!(catch_unwind(|| panic_quietly()).is_err()));
        began.send(()).unwrap();
        sleep(Duration::MAX);
    });
    has_begun.recv().unwrap();
    drop(runtime);
    assert!(handle.join().unwrap_err().is_cancelled());
}

/// A task that is pinned because it unwinds, and yields, shares its worker with one that is not.
#[test]
fn one_that_yields_while_it_unwinds_starves_nobody() {
    struct YieldsInDrop(Arc<AtomicBool>);
    impl Drop for YieldsInDrop {
        fn drop(&mut self) {
            while !self.0.load(Ordering::SeqCst) {
                yield_now();
            }
        }
    }
    for (_, new) in common::modes() {
        new().workers(1).build().unwrap().run(|| {
            let ran = Arc::new(AtomicBool::new(false));
            let set = ran.clone();
            let unwinding = spawn(move || {
                let _drop = YieldsInDrop(ran);
                yield_now();
                std::panic::resume_unwind(Box::new(()));
            });
            let other = spawn(move || {
                for _ in 0..10 {
                    yield_now();
                }
                set.store(true, Ordering::SeqCst);
            });
            assert!(unwinding.join().unwrap_err().is_panic());
            other.join().unwrap();
        });
    }
}
