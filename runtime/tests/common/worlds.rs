//! The worlds that a test of `sync` runs in: OS threads, tasks, tasks that change threads, and a mixture.
//!
//! A test is a function of a [`World`]; `in_all_worlds!` makes a `#[test]` of it in each.

#![allow(dead_code, reason = "each test program uses a part of this")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::{Builder, Runtime};

/// Where the code of a test runs.
pub(crate) trait World: 'static {
    /// Runs the body of a test.
    fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T;
    /// Starts something beside it.
    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Handle<T>;
    /// Lets others run.
    fn yield_now() {
        hueless_runtime::yield_now();
    }

    /// Starts `count` of them, which are told their numbers.
    fn crowd<T: Send + 'static>(
        count: usize,
        f: impl Fn(usize) -> T + Send + Clone + 'static,
    ) -> Vec<Handle<T>> {
        (0..count)
            .map(|number| {
                let f = f.clone();
                Self::spawn(move || f(number))
            })
            .collect()
    }

    /// Waits until `done`, which is bound to come true.
    fn until(mut done: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < NEVER, "it does not come");
            Self::yield_now();
        }
    }

    /// Lets others run for a while, so that they probably wait where they do next. Tests that use it are
    /// right if they do not.
    fn linger() {
        for _ in 0..50 {
            Self::yield_now();
        }
    }
}

/// Long enough that a test which waits for it has failed.
pub(crate) const NEVER: Duration = Duration::from_secs(60);

/// Waits for what was spawned; a panic there goes on here.
pub(crate) struct Handle<T>(Box<dyn FnOnce() -> T + Send>);

impl<T> Handle<T> {
    pub(crate) fn join(self) -> T {
        (self.0)()
    }
}

pub(crate) fn join_all<T>(handles: Vec<Handle<T>>) -> Vec<T> {
    handles.into_iter().map(Handle::join).collect()
}

/// Plain OS threads.
pub(crate) struct Threads;

impl World for Threads {
    fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
        f()
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
        let thread = std::thread::spawn(f);
        Handle(Box::new(move || match thread.join() {
            Ok(value) => value,
            Err(payload) => std::panic::resume_unwind(payload),
        }))
    }
}

/// Tasks that stay on their threads.
pub(crate) struct Tasks;

impl World for Tasks {
    fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
        static RUNTIME: OnceLock<Runtime> = OnceLock::new();
        RUNTIME.get_or_init(|| start(Builder::new())).run(f)
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
        let task = hueless_runtime::spawn(f);
        Handle(Box::new(move || match task.join() {
            Ok(value) => value,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }))
    }
}

/// Tasks that change threads.
pub(crate) struct Migrating;

impl World for Migrating {
    fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
        static RUNTIME: OnceLock<Runtime> = OnceLock::new();
        // SAFETY: the tests keep nothing that belongs to a thread across their operations.
        RUNTIME
            .get_or_init(|| start(unsafe { Builder::new().migrate() }))
            .run(f)
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
        // On the runtime of the task that calls this.
        Tasks::spawn(f)
    }
}

/// Tasks and OS threads by turns.
pub(crate) struct Mixed;

impl World for Mixed {
    fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
        Tasks::run(f)
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
        static TURN: AtomicUsize = AtomicUsize::new(0);
        if TURN.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            Tasks::spawn(f)
        } else {
            // Not joined by its thread, which would block the worker.
            let (done, result) = (hueless_runtime::task::current(), OnceLock::new());
            let result = std::sync::Arc::new(result);
            let theirs = result.clone();
            std::thread::spawn(move || {
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
                assert!(theirs.set(std::sync::Mutex::new(Some(outcome))).is_ok());
                done.unpark();
            });
            Handle(Box::new(move || {
                let outcome = loop {
                    if let Some(outcome) = result.get() {
                        break outcome.lock().unwrap().take().unwrap();
                    }
                    hueless_runtime::task::park_timeout(Duration::from_millis(1));
                };
                match outcome {
                    Ok(value) => value,
                    Err(payload) => std::panic::resume_unwind(payload),
                }
            }))
        }
    }
}

fn start(builder: Builder) -> Runtime {
    builder.workers(2).build().expect("threads are to be had")
}

/// Makes a `#[test]` of each function `fn name<W: World>()` in each world.
macro_rules! in_all_worlds {
    ($($name:ident),* $(,)?) => {
        mod threads {
            use crate::worlds::{Threads, World};
            $(#[test] fn $name() { Threads::run(super::$name::<Threads>) })*
        }
        mod tasks {
            use crate::worlds::{Tasks, World};
            $(#[test] fn $name() { Tasks::run(super::$name::<Tasks>) })*
        }
        mod migrating {
            use crate::worlds::{Migrating, World};
            $(#[test] fn $name() { Migrating::run(super::$name::<Migrating>) })*
        }
        mod mixed {
            use crate::worlds::{Mixed, World};
            $(#[test] fn $name() { Mixed::run(super::$name::<Mixed>) })*
        }
    };
}
