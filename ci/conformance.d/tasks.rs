//! What the tests of crossbeam-channel use of std's threads and locks, of crossbeam-utils and of rand,
//! on tasks.
//!
//! The lane `conformance` makes a crate of this file and puts its name where the tests name the others.
//! Nothing is passed through wholesale: a test that begins to use something else does not compile,
//! rather than run on threads unnoticed.

use std::sync::Once;

use hueless_runtime::runtime::Builder;

/// Runs the body of a test in a task of the global runtime, which migrates if
/// `CONFORMANCE_MIGRATE` is set.
pub fn run(test: impl FnOnce() + Send) {
    static START: Once = Once::new();
    START.call_once(|| {
        if std::env::var_os("CONFORMANCE_MIGRATE").is_some() {
            // SAFETY: what the tests keep across an operation and belongs to a thread are guards of
            // `sync::Mutex`, which std's futexes let any thread unlock. They have no thread-locals
            // (but for thread_locals.rs, where each is used between two operations), and `rand`
            // below gives them generators that are their own.
            unsafe { Builder::new().migrate() }
                .build_global()
                .expect("nobody has started the runtime");
        }
    });
    hueless_runtime::run(test);
}

/// `std::thread`.
pub mod thread {
    pub use hueless_runtime::{sleep, yield_now};
    pub use std::thread::{Result, panicking};

    use hueless_runtime::task;

    pub struct JoinHandle<T>(task::JoinHandle<T>);

    pub fn spawn<F, T>(f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        JoinHandle(hueless_runtime::spawn(f))
    }

    impl<T> JoinHandle<T> {
        pub fn join(self) -> Result<T> {
            self.0.join().map_err(|error| match error.try_into_panic() {
                Ok(payload) => payload,
                Err(error) => Box::new(error),
            })
        }
    }
}

/// `std::sync`, as far as it is used.
pub mod sync {
    pub use std::sync::{Arc, LockResult, atomic, mpsc};

    use std::ops::{Deref, DerefMut};
    use std::sync::TryLockError;

    use hueless_runtime::task::{Task, current, park};
    use hueless_runtime::yield_now;

    /// A lock that a task may hold while it waits: others yield until it is free.
    pub struct Mutex<T>(std::sync::Mutex<T>);

    pub struct MutexGuard<'a, T> {
        mutex: &'a Mutex<T>,
        guard: std::sync::MutexGuard<'a, T>,
    }

    impl<T> Mutex<T> {
        pub fn new(value: T) -> Self {
            Self(std::sync::Mutex::new(value))
        }

        /// Poison goes on as a panic.
        pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            loop {
                match self.0.try_lock() {
                    Ok(guard) => return Ok(MutexGuard { mutex: self, guard }),
                    Err(TryLockError::WouldBlock) => yield_now(),
                    Err(TryLockError::Poisoned(_)) => panic!("a task panicked under this lock"),
                }
            }
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            &self.guard
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.guard
        }
    }

    /// Waits may end without a reason, as std's may.
    pub struct Condvar(std::sync::Mutex<Vec<Task>>);

    impl Condvar {
        pub fn new() -> Self {
            Self(std::sync::Mutex::new(Vec::new()))
        }

        pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
            self.waiting().push(current());
            let mutex = guard.mutex;
            drop(guard);
            park();
            mutex.lock()
        }

        pub fn notify_all(&self) {
            let woken = std::mem::take(&mut *self.waiting());
            woken.iter().for_each(Task::unpark);
        }

        fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Task>> {
            // Nobody waits or panics under this lock.
            self.0.lock().unwrap()
        }
    }
}

/// `crossbeam_utils::thread`.
pub mod scoped {
    use std::any::Any;
    use std::marker::PhantomData;
    use std::mem;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::Mutex;

    use crate::thread::{self, JoinHandle, Result};

    type Payload = Box<dyn Any + Send>;

    /// What children are spawned on.
    pub struct Scope<'env> {
        /// Those not joined yet.
        children: Mutex<Vec<JoinHandle<()>>>,
        /// What children have panicked with.
        panics: Mutex<Vec<Payload>>,
        /// `'env` can be neither shortened nor lengthened.
        env: PhantomData<&'env mut &'env ()>,
    }

    /// Calls `f` with a scope whose children may borrow what outlives it, and waits for them all.
    ///
    /// # Errors
    /// The panics of the children.
    ///
    /// # Panics
    /// With what `f` panics with, once all children have ended.
    pub fn scope<'env, F, R>(f: F) -> Result<R>
    where
        F: FnOnce(&Scope<'env>) -> R,
    {
        let scope = Scope {
            children: Mutex::default(),
            panics: Mutex::default(),
            env: PhantomData,
        };
        let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
        // Children may have children: a child has added them when it ends.
        while let Some(child) = scope.next_child() {
            if child.join().is_err() {
                // It caught the panic of its closure, so only the runtime can have failed: there was
                // no stack, or the global runtime was shut down, which does not happen.
                std::process::abort();
            }
        }
        let panics = mem::take(&mut *scope.panics.lock().unwrap());
        match result {
            Err(payload) => resume_unwind(payload),
            Ok(_) if !panics.is_empty() => Err(Box::new(panics)),
            Ok(result) => Ok(result),
        }
    }

    impl<'env> Scope<'env> {
        fn next_child(&self) -> Option<JoinHandle<()>> {
            self.children.lock().unwrap().pop()
        }

        /// Starts a task that ends before the scope does.
        pub fn spawn<'scope, F, T>(&'scope self, f: F)
        where
            F: FnOnce(&Scope<'env>) -> T + Send + 'env,
            T: Send + 'env,
        {
            /// A reference that may go to another thread.
            struct Shared<'a, 'env>(&'a Scope<'env>);
            impl<'a, 'env> Shared<'a, 'env> {
                fn get(self) -> &'a Scope<'env> {
                    self.0
                }
            }

            let scope = Shared(self);
            let child: Box<dyn FnOnce() + Send + '_> = Box::new(move || {
                let scope = scope.get();
                // The result is dropped in here.
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(f(scope)))) {
                    scope.panics.lock().unwrap().push(payload);
                }
            });
            // SAFETY: only the lifetime changes. What the closure borrows lives until `scope` returns
            // or unwinds: the scope itself is in its frame, the rest outlives `'env`, which outlives
            // the call. Before it does either it joins every child: between making the scope and
            // joining nothing can unwind past it, no task of the global runtime is ever cancelled, so
            // a join ends only when the child has, and by then the closure, which the child has
            // called, is gone with all it captured. (The payloads of panics are `'static`.)
            let child: Box<dyn FnOnce() + Send + 'static> = unsafe { mem::transmute(child) };
            let child = thread::spawn(child);
            // Who spawns is the scope's own closure or a child, so nobody has looked for the last yet.
            self.children.lock().unwrap().push(child);
        }
    }
}

/// `rand`, as far as it is used.
pub mod rand {
    pub use ::rand::Rng;

    use ::rand::SeedableRng;
    use ::rand::rngs::StdRng;

    /// A generator that its task owns: that of the thread must not be kept by a task that may go on
    /// on another thread.
    pub fn thread_rng() -> StdRng {
        StdRng::from_entropy()
    }
}
