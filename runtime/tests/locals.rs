//! Variables of tasks: `task_local!` and `scoped_local!`.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::task::{
    AccessError, LocalKey, ScopedKey, no_park, park, scoped_local, task_local,
};
use hueless_runtime::{blocking, run, spawn, yield_now};

#[macro_use]
mod common;

in_all_modes!(
    each_task_has_a_value_of_its_own,
    a_reference_may_be_held_across_waits,
    destructors_run_before_the_joiner_goes_on,
    a_panicking_task_drops_its_locals_too,
    a_cancelled_tasks_destructors_are_not_cut_off,
    locals_are_there_while_a_detached_output_is_dropped,
    many_tasks_use_many_locals,
    scoped_values_stay_with_their_task,
);

fn runtime(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

// The grammar.
task_local! {}
task_local! { static LAST: u8 = 1 }
task_local! {
    /// Documented.
    pub static PUBLIC: u32 = 7;
    pub(crate) static CRATE: Cell<u32> = const { Cell::new(4) };
    static NAMES: RefCell<Vec<String>> = RefCell::new(vec!["a".into()]);
    static SHARED: Rc<Cell<u32>> = { Rc::new(Cell::new(LAST.with(|&last| last.into()))) }
}
task_local! { static CONST: u32 = const { 1 + 1 } }
scoped_local! {}
scoped_local! { static WHO: String }
scoped_local! {
    /// Documented.
    pub static DEPTH: u32;
    pub(crate) static NUMBERS: Vec<u32>;
}

/// Notes what is dropped, in order.
#[derive(Clone)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Vec::new())))
    }

    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Does something when it is dropped.
struct OnDrop(Option<Box<dyn FnOnce()>>);

impl OnDrop {
    fn new(f: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(f)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0.take().unwrap())();
    }
}

type Slot = RefCell<Option<OnDrop>>;

task_local! {
    static ONE: Slot = const { RefCell::new(None) };
    static TWO: Slot = const { RefCell::new(None) };
    static THREE: Slot = const { RefCell::new(None) };
}

fn at_end(slot: &'static LocalKey<Slot>, f: impl FnOnce() + 'static) {
    slot.set(Some(OnDrop::new(f)));
}

#[test]
fn variables_are_as_std_has_them() {
    let check = || {
        assert_eq!(CONST.with(|&n| n), 2);
        assert_eq!(PUBLIC.try_with(|&n| n), Ok(7));
        assert_eq!((CRATE.get(), CRATE.replace(5), CRATE.take()), (4, 4, 5));
        CRATE.set(9);
        assert_eq!(PUBLIC.with(|&seven| seven), 7);
        assert_eq!(CRATE.get(), 9);
        NAMES.with_borrow_mut(|names| names.push("b".into()));
        assert_eq!(NAMES.with_borrow(Vec::len), 2);
        assert_eq!(NAMES.replace(vec![]), ["a", "b"]);
        NAMES.set(vec!["c".into()]);
        assert_eq!(NAMES.take(), ["c"]);
        // An initialiser may ask for another variable.
        assert_eq!(SHARED.with(|shared| shared.get()), 1);
        SHARED.with(Rc::clone).set(3);
        assert_eq!(SHARED.with(|shared| shared.get()), 3);
    };
    run(check);
    std::thread::spawn(check).join().unwrap();
    let said = format!("{AccessError_:?} {AccessError_}", AccessError_ = error());
    assert!(said.starts_with("AccessError the task-local"), "{said}");
}

/// An error, from a value that asks for itself while it is dropped.
fn error() -> AccessError {
    let (errs, err) = mpsc::channel();
    spawn(move || {
        at_end(&ONE, move || {
            errs.send(ONE.try_with(|_| ()).unwrap_err()).unwrap()
        })
    })
    .join()
    .unwrap();
    err.recv().unwrap()
}

fn each_task_has_a_value_of_its_own(new: fn() -> Builder) {
    runtime(new).run(|| {
        CRATE.set(100);
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                spawn(move || {
                    // Nothing is inherited.
                    assert_eq!(CRATE.get(), 4);
                    CRATE.set(n);
                    yield_now();
                    assert_eq!(no_park(|| CRATE.get()), n);
                    assert_eq!(hueless_runtime::stack::grow(1 << 20, || CRATE.get()), n);
                    CRATE.get()
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.join().unwrap() as usize, n);
        }
        assert_eq!(CRATE.get(), 100);
        // The pool's thread is another one.
        assert_ne!(blocking(|| CRATE.get()), 100);
    });
}

fn a_reference_may_be_held_across_waits(new: fn() -> Builder) {
    runtime(new).run(|| {
        let task = spawn(|| {
            NAMES.with(|names| {
                names.borrow_mut().push("held".into());
                park();
                // More of them do not move it.
                CRATE.set(1);
                PUBLIC.with(|_| ());
                names.borrow().join(" ")
            })
        });
        task.task().unpark();
        assert_eq!(task.join().unwrap(), "a held");
    });
}

fn destructors_run_before_the_joiner_goes_on(new: fn() -> Builder) {
    let notes = Notes::new();
    runtime(new).run(|| {
        for _ in 0..10 {
            let (there, also, too) = (notes.clone(), notes.clone(), notes.clone());
            let id = spawn(move || {
                let id = hueless_runtime::task::current().id();
                at_end(&ONE, move || {
                    // On the task's own stack: it may wait.
                    yield_now();
                    assert_eq!(hueless_runtime::task::current().id(), id);
                    assert!(hueless_runtime::stack::remaining().is_some());
                    there.note("one");
                });
                at_end(&TWO, move || {
                    hueless_runtime::sleep(std::time::Duration::from_micros(100));
                    // One that is older is still there, a new one can be made.
                    assert!(ONE.with_borrow(Option::is_some));
                    assert!(TWO.try_with(|_| ()).is_err());
                    at_end(&THREE, move || also.note("three"));
                    too.note("two");
                });
                id
            });
            id.join().unwrap();
            assert_eq!(notes.take(), ["two", "three", "one"]);
        }
    });
}

fn a_panicking_task_drops_its_locals_too(new: fn() -> Builder) {
    let notes = Notes::new();
    runtime(new).run(|| {
        let (there, also) = (notes.clone(), notes.clone());
        let task = spawn(move || {
            at_end(&ONE, move || there.note("one"));
            // The others are dropped all the same.
            at_end(&TWO, move || {
                also.note("two");
                std::panic::resume_unwind(Box::new(()));
            });
            std::panic::resume_unwind(Box::new(5));
        });
        let payload = task.join().unwrap_err().into_panic();
        assert_eq!(*payload.downcast::<i32>().unwrap(), 5);
        assert_eq!(notes.take(), ["two", "one"]);
    });
}

fn a_cancelled_tasks_destructors_are_not_cut_off(new: fn() -> Builder) {
    let notes = Notes::new();
    let (begins, begun) = mpsc::channel();
    let runtime = runtime(new);
    let there = notes.clone();
    let handle = runtime.spawn(move || {
        at_end(&ONE, move || {
            yield_now();
            hueless_runtime::sleep(std::time::Duration::from_millis(1));
            there.note("one");
        });
        begins.send(()).unwrap();
        park();
    });
    begun.recv().unwrap();
    drop(runtime);
    assert!(handle.join().unwrap_err().is_cancelled());
    assert_eq!(notes.take(), ["one"]);
}

fn locals_are_there_while_a_detached_output_is_dropped(new: fn() -> Builder) {
    let (ends, ended) = mpsc::channel();
    struct Output(mpsc::Sender<u32>);
    impl Drop for Output {
        fn drop(&mut self) {
            self.0.send(CRATE.get()).unwrap();
        }
    }
    runtime(new).run(move || {
        // Let go of at some time before or after the end of the task.
        for n in 0..200 {
            let ends = ends.clone();
            let handle = spawn(move || {
                CRATE.set(4);
                Output(ends)
            });
            (0..n % 5).for_each(|_| yield_now());
            drop(handle);
        }
    });
    assert!(ended.iter().take(200).all(|n| n == 4));
}

fn many_tasks_use_many_locals(new: fn() -> Builder) {
    task_local! {
        static A: Cell<u64> = const { Cell::new(0) };
        static B: Cell<u64> = const { Cell::new(0) };
        static C: Cell<u64> = const { Cell::new(0) };
        static D: Cell<u64> = const { Cell::new(0) };
    }
    static ALL: [&LocalKey<Cell<u64>>; 4] = [&A, &B, &C, &D];
    runtime(new).run(|| {
        let tasks: Vec<_> = (0..1000_u64)
            .map(|n| {
                spawn(move || {
                    for round in 0..8 {
                        let key = ALL[(n + round) as usize % 4];
                        key.set(key.get() + n);
                        yield_now();
                    }
                    ALL.map(|key| key.get())
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.join().unwrap(), [2 * n as u64; 4]);
        }
    });
}

#[test]
fn on_an_os_thread_they_are_the_threads() {
    let notes = Notes::new();
    let (there, also, too) = (notes.clone(), notes.clone(), notes.clone());
    std::thread::spawn(move || {
        at_end(&ONE, move || there.note("one"));
        at_end(&TWO, move || {
            assert!(ONE.with_borrow(Option::is_some));
            at_end(&THREE, move || also.note("three"));
            too.note("two");
        });
        assert!(NAMES.take().len() == 1);
    })
    .join()
    .unwrap();
    // `join` of a thread does not wait for its destructors.
    while Arc::strong_count(&notes.0) > 1 {
        std::thread::yield_now();
    }
    assert_eq!(notes.take(), ["two", "three", "one"]);
}

/// std destroys its variables in an order of its own; ours may be asked for by any of them.
#[test]
fn a_threads_own_variables_may_ask_for_them_at_its_end() {
    thread_local! {
        static BEFORE: Slot = const { RefCell::new(None) };
        static AFTER: Slot = const { RefCell::new(None) };
    }
    let (tells, told) = mpsc::channel();
    std::thread::spawn(move || {
        let ask = |tells: mpsc::Sender<_>| move || tells.send(TWO.try_with(|_| ())).unwrap();
        BEFORE.set(Some(OnDrop::new(ask(tells.clone()))));
        at_end(&ONE, || ());
        AFTER.set(Some(OnDrop::new(ask(tells))));
    })
    .join()
    .unwrap();
    let mut told: Vec<_> = told.iter().collect();
    told.sort_by_key(Result::is_err);
    // Those that come after ours get an error.
    assert_eq!(told.len(), 2);
    assert!(told[0].is_ok() && told[1].is_err(), "{told:?}");
}

#[test]
fn an_initialiser_may_ask_for_its_own_variable() {
    task_local! {
        static DEPTH_OF_INIT: Cell<u32> = const { Cell::new(0) };
        static OWN: String = {
            DEPTH_OF_INIT.set(DEPTH_OF_INIT.get() + 1);
            match DEPTH_OF_INIT.get() {
                1 => OWN.with(|own| format!("{own}, again")),
                _ => "first".into(),
            }
        };
    }
    // The one that is there first stays, since somebody may refer to it.
    run(|| assert_eq!(OWN.with(String::clone), "first"));
}

#[test]
fn an_initialiser_that_panics_leaves_no_value() {
    task_local! {
        static TRIES: Cell<u32> = const { Cell::new(0) };
        static FAILS: u32 = {
            TRIES.set(TRIES.get() + 1);
            assert!(TRIES.get() > 1, "not yet");
            TRIES.get()
        };
    }
    run(|| {
        assert!(catch_unwind(|| FAILS.with(|&n| n)).is_err());
        assert_eq!(FAILS.with(|&n| n), 2);
    });
}

fn who() -> Option<String> {
    WHO.with(|who| who.cloned())
}

fn scoped_values_stay_with_their_task(new: fn() -> Builder) {
    runtime(new).run(|| {
        let tasks: Vec<_> = (0..50)
            .map(|n: u32| {
                spawn(move || {
                    assert_eq!(who(), None);
                    WHO.scope(n.to_string(), || {
                        yield_now();
                        WHO.with(|who| {
                            yield_now();
                            assert_eq!(who.unwrap(), &n.to_string());
                        });
                        // A task that is spawned sees nothing.
                        assert_eq!(spawn(who).join().unwrap(), None);
                        assert_eq!(blocking(who), None);
                        DEPTH.scope(n, || {
                            yield_now();
                            assert_eq!(DEPTH.with(|depth| depth.copied()), Some(n));
                            assert_eq!(who(), Some(n.to_string()));
                        });
                        no_park(|| assert_eq!(who(), Some(n.to_string())));
                    });
                    assert_eq!(who(), None);
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn scoped_values_nest_and_end_with_their_closure() {
    let check = || {
        let value = NUMBERS.scope(vec![1], || {
            let inner = NUMBERS.scope(vec![1, 2], || NUMBERS.with(|n| n.unwrap().len()));
            inner + NUMBERS.with(|n| n.unwrap().len())
        });
        assert_eq!(value, 3);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            NUMBERS.scope(vec![], || std::panic::resume_unwind(Box::new(())))
        }));
        assert!(panicked.is_err());
        assert!(NUMBERS.with(|n| n.is_none()));
    };
    run(check);
    check();
    // The value goes after the closure has ended.
    static DROPS: ScopedKey<Arc<()>> = ScopedKey::__new();
    let value = Arc::new(());
    let inside = DROPS.scope(value.clone(), || {
        DROPS.with(|v| Arc::strong_count(v.unwrap()))
    });
    assert_eq!((inside, Arc::strong_count(&value)), (2, 1));
}

#[test]
fn scoped_values_are_there_in_the_destructors_of_a_thread() {
    thread_local! {
        static LATE: Slot = const { RefCell::new(None) };
    }
    let (tells, told) = mpsc::channel();
    std::thread::spawn(move || {
        LATE.set(Some(OnDrop::new(move || {
            tells.send(WHO.scope("late".into(), who)).unwrap();
        })));
        at_end(&ONE, || ());
    })
    .join()
    .unwrap();
    assert_eq!(told.recv().unwrap().as_deref(), Some("late"));
}
