//! The crate's one door to atomics, cells and thread parking.
//!
//! Code that is modelled with loom takes these names from here and from nowhere else, so that
//! `--cfg loom` swaps every one of them at once. Under loom nothing is `const`, which is why the
//! constructors of the types built on this door are `const` only outside it.

#[cfg(not(loom))]
mod real {
    pub(crate) use crate::bare::Mutex;
    pub(crate) use crate::sys::barrier::{heavy as heavy_fence, light as light_fence};
    pub(crate) use std::hint::spin_loop;
    #[cfg(not(target_os = "linux"))]
    pub(crate) use std::sync::Condvar;
    pub(crate) use std::sync::MutexGuard;
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    pub(crate) use std::thread::yield_now;

    /// `std::cell::UnsafeCell` with loom's access methods.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
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
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use loom::thread::yield_now;

    /// A model has no processors to send a fence to: both sides have one.
    pub(crate) fn light_fence() {
        fence(Ordering::SeqCst);
    }

    pub(crate) use light_fence as heavy_fence;

    #[cfg(test)]
    pub(crate) use parker::{Parker, Unparker};
    #[cfg(test)]
    mod parker {
        use loom::sync::{Arc, Condvar, Mutex};

        struct Inner {
            token: Mutex<bool>,
            wake: Condvar,
        }

        /// crossbeam-utils' parker in loom's terms.
        pub(crate) struct Parker(Unparker);

        #[derive(Clone)]
        pub(crate) struct Unparker(Arc<Inner>);

        impl Parker {
            pub(crate) fn new() -> Self {
                Self(Unparker(Arc::new(Inner {
                    token: Mutex::new(false),
                    wake: Condvar::new(),
                })))
            }

            pub(crate) fn unparker(&self) -> &Unparker {
                &self.0
            }

            pub(crate) fn park(&self) {
                let mut token = self.0.0.token.lock().unwrap();
                while !*token {
                    token = self.0.0.wake.wait(token).unwrap();
                }
                *token = false;
            }
        }

        impl Unparker {
            pub(crate) fn unpark(&self) {
                *self.0.token.lock().unwrap() = true;
                self.0.wake.notify_one();
            }
        }
    }
}

#[cfg(loom)]
pub(crate) use model::*;
