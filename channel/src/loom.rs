//! The crate's one door to atomics, cells, and the parts of the runtime that models do without.
//!
//! What is modelled with loom takes these names from here, so that `--cfg loom` swaps all of them
//! at once. Locks and parking come from the runtime's park seam, which has a door of its own.

#[cfg(not(loom))]
mod real {
    pub(crate) use hueless_runtime::{checkpoint, now};
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

    use std::time::Instant;

    use crate::future::Ringer;

    /// A task that sleeps until a time comes.
    pub(crate) struct Sleeper(hueless_runtime::task::Task);

    impl Sleeper {
        /// Has a task drop `ringer` at that time, or when it is not wanted any more.
        pub(crate) fn start(at: Instant, ringer: Ringer) -> Self {
            let sleeper = hueless_runtime::spawn(move || {
                while ringer.is_wanted() && now() < at {
                    hueless_runtime::task::park_timeout(at.saturating_duration_since(now()));
                }
            });
            Self(sleeper.task().clone())
        }

        /// Has it look whether it is still wanted.
        pub(crate) fn wake(&self) {
            self.0.unpark();
        }
    }

    /// `std::cell::UnsafeCell` with loom's access methods.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        #[inline(always)]
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

#[cfg(not(loom))]
pub(crate) use real::*;

#[cfg(loom)]
mod model {
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

    use std::time::Instant;

    pub(crate) fn checkpoint() {}

    pub(crate) fn now() -> Instant {
        Instant::now()
    }

    /// Models have no clock.
    pub(crate) struct Sleeper;

    impl Sleeper {
        pub(crate) fn start(_: Instant, _: crate::future::Ringer) -> Self {
            unreachable!("models have no clock")
        }

        pub(crate) fn wake(&self) {}
    }
}

#[cfg(loom)]
pub(crate) use model::*;
