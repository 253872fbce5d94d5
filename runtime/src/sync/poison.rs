//! A mark on a value that a panic has left half changed, for those who ask for it.
//!
//! std marks a lock when a guard is dropped while its thread panics. A task's neighbours may be unwinding on
//! the same thread, so that would say too much; and most users unwrap the mark away. Here it is set where
//! a closure says that it must not be left half-way, and nowhere else.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody has left the value half changed.
pub(super) struct Poison(AtomicBool);

impl Poison {
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    pub(super) fn is_set(&self) -> bool {
        // Relaxed: who holds the lock has the order from there; to others it is advice.
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn clear(&self) {
        // Relaxed: as above.
        self.0.store(false, Ordering::Relaxed);
    }

    /// Runs `f`, and sets the mark if it unwinds.
    pub(super) fn guard<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Unwound<'a>(&'a Poison);
        impl Drop for Unwound<'_> {
            fn drop(&mut self) {
                // Relaxed: as above.
                self.0.0.store(true, Ordering::Relaxed);
            }
        }
        let unwound = Unwound(self);
        let value = f();
        std::mem::forget(unwound);
        value
    }
}
