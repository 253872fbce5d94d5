//! What the tests share: the worlds they run in, the flavors, and messages that count.
//!
//! A test is a function of a [`World`]; [`tests_in_all_worlds!`] makes a `#[test]` of it on plain OS
//! threads, one in tasks, and one in tasks that change threads.

#![allow(
    dead_code,
    unused_macros,
    reason = "each test program uses a part of this"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hueless_channel::{Receiver, Sender, bounded, unbounded};
use hueless_runtime::runtime::{Builder, Runtime};

/// Where the code of a test runs.
pub(crate) trait World {
    /// Runs the body of a test.
    fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T;
    /// Starts something beside it.
    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Handle<T>;
    /// Lets others run.
    fn yield_now();
}

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

    fn yield_now() {
        std::thread::yield_now();
    }
}

/// Tasks of the global runtime.
pub(crate) struct Tasks;

impl World for Tasks {
    fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
        hueless_runtime::run(f)
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
        let task = hueless_runtime::spawn(f);
        Handle(Box::new(move || match task.join() {
            Ok(value) => value,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }))
    }

    fn yield_now() {
        hueless_runtime::yield_now();
    }
}

/// Tasks of a runtime in which they change threads.
pub(crate) struct Migrating;

/// A mode's name, and what begins a runtime in it.
pub(crate) type Mode = (&'static str, fn() -> Builder);

/// The modes, for tests that need a runtime of their own.
pub(crate) fn modes() -> [Mode; 2] {
    [("pinned", Builder::new), ("migrating", migrating)]
}

fn migrating() -> Builder {
    // SAFETY: the tests keep nothing that belongs to a thread across their operations.
    unsafe { Builder::new().migrate() }
}

impl World for Migrating {
    fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
        static RUNTIME: OnceLock<Runtime> = OnceLock::new();
        RUNTIME
            .get_or_init(|| migrating().build().expect("threads are to be had"))
            .run(f)
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Handle<T> {
        // On the runtime of the task that calls this.
        Tasks::spawn(f)
    }

    fn yield_now() {
        hueless_runtime::yield_now();
    }
}

/// Makes a `#[test]` of each function `fn name<W: World>()` in each world.
#[macro_export]
macro_rules! tests_in_all_worlds {
    ($($name:ident),* $(,)?) => {
        mod threads {
            use $crate::common::{Threads, World};
            $(#[test] fn $name() { Threads::run(super::$name::<Threads>) })*
        }
        mod tasks {
            use $crate::common::{Tasks, World};
            $(#[test] fn $name() { Tasks::run(super::$name::<Tasks>) })*
        }
        mod migrating {
            use $crate::common::{Migrating, World};
            $(#[test] fn $name() { Migrating::run(super::$name::<Migrating>) })*
        }
    };
}

/// Runs a test in each mode, on a runtime of its own with that many workers.
pub(crate) fn in_each_mode(workers: usize, test: impl Fn() + Sync) {
    for (mode, new) in modes() {
        // Shown if the test fails.
        println!("in mode {mode}");
        let runtime = new()
            .workers(workers)
            .build()
            .expect("threads are to be had");
        runtime.run(&test);
    }
}

/// A kind of channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    Zero,
    Array(usize),
    List,
}

impl Flavor {
    /// The smallest of each kind, and one that is neither.
    pub(crate) const ALL: [Self; 4] = [Self::Zero, Self::Array(1), Self::Array(3), Self::List];

    pub(crate) fn make<T>(self) -> (Sender<T>, Receiver<T>) {
        match self {
            Self::Zero => bounded(0),
            Self::Array(capacity) => bounded(capacity),
            Self::List => unbounded(),
        }
    }

    pub(crate) fn capacity(self) -> Option<usize> {
        match self {
            Self::Zero => Some(0),
            Self::Array(capacity) => Some(capacity),
            Self::List => None,
        }
    }
}

/// Long enough that a test which waits for it has failed.
pub(crate) const NEVER: Duration = Duration::from_secs(60);

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Fewer rounds where each one is slow.
pub(crate) const fn rounds(usual: usize) -> usize {
    if cfg!(debug_assertions) {
        usual / 4
    } else {
        usual
    }
}

/// Counts how many of its messages are alive.
#[derive(Clone, Default)]
pub(crate) struct Census(Arc<AtomicUsize>);

/// A message that is counted.
pub(crate) struct Counted {
    pub(crate) value: usize,
    census: Census,
}

impl Census {
    pub(crate) fn message(&self, value: usize) -> Counted {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted {
            value,
            census: self.clone(),
        }
    }

    pub(crate) fn alive(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.census.message(self.value)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let before = self.census.0.fetch_sub(1, Ordering::Relaxed);
        assert!(before > 0, "a message was dropped twice");
    }
}

/// What has become of each of some messages, which are numbered.
#[derive(Clone)]
pub(crate) struct Tally(Arc<[AtomicUsize]>);

impl Tally {
    pub(crate) fn new(messages: usize) -> Self {
        Self((0..messages).map(|_| AtomicUsize::new(0)).collect())
    }

    /// A message has come out somewhere.
    pub(crate) fn count(&self, message: usize) {
        let before = self.0[message].fetch_add(1, Ordering::Relaxed);
        assert_eq!(before, 0, "message {message} came out twice");
    }

    pub(crate) fn assert_all_came_out(&self) {
        let lost = self
            .0
            .iter()
            .position(|count| count.load(Ordering::Relaxed) == 0);
        assert_eq!(lost, None, "a message is lost");
    }
}

/// Waits until `count` others have called [`arrive`](Self::arrive), and a moment longer, so that
/// they probably wait where they do next. Tests that use it are right if they do not.
#[derive(Clone, Default)]
pub(crate) struct Arrivals(Arc<AtomicUsize>);

impl Arrivals {
    pub(crate) fn arrive(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wait<W: World>(&self, count: usize) {
        while self.0.load(Ordering::Relaxed) < count {
            W::yield_now();
        }
        for _ in 0..100 {
            W::yield_now();
        }
    }
}

/// Small numbers from a seed, for choices that a failing test can repeat.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }
}
