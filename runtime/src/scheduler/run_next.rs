//! The task that a worker runs next.
//!
//! In a runtime that does not migrate the slot is its worker's alone: no locked instruction. In one
//! that does, only its worker puts tasks in, and anyone takes them out: whoever swaps one out has it.
//!
//! The loom model is in `scheduler/loom_tests/run_next.rs`.

use std::ptr::{self, NonNull};

use crate::loom::{AtomicPtr, Ordering};

/// See the module.
pub(crate) struct RunNext<T>(AtomicPtr<T>);

impl<T> RunNext<T> {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Whether there is none, at a glance. On its worker, one that was put in is seen until it is
    /// taken.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // Relaxed: only the worker puts tasks in, so what it sees is there or has been stolen.
        self.0.load(Ordering::Relaxed).is_null()
    }

    /// Puts `task` in and gives what was there. On its worker, whose runtime does not migrate.
    #[inline]
    pub(super) fn put_alone(&self, task: NonNull<T>) -> Option<NonNull<T>> {
        // Relaxed: the slot is this worker's alone.
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(task.as_ptr(), Ordering::Relaxed);
        NonNull::new(before)
    }

    /// Takes the task. On its worker, whose runtime does not migrate.
    #[inline]
    pub(super) fn take_alone(&self) -> Option<NonNull<T>> {
        // Relaxed: as in `put_alone`.
        let task = NonNull::new(self.0.load(Ordering::Relaxed))?;
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
        Some(task)
    }

    /// Puts `task` in and gives what was there. On its worker.
    #[inline]
    pub(super) fn put(&self, task: NonNull<T>) -> Option<NonNull<T>> {
        // Release pairs with the Acquire in `take`. What was there this worker itself has put in, so
        // it needs no Acquire.
        NonNull::new(self.0.swap(task.as_ptr(), Ordering::Release))
    }

    /// Takes the task. From any thread, if the runtime migrates.
    #[inline]
    pub(super) fn take(&self) -> Option<NonNull<T>> {
        if self.is_empty() {
            return None;
        }
        // Acquire pairs with the Release in `put`: the task is seen as its waker left it.
        NonNull::new(self.0.swap(ptr::null_mut(), Ordering::Acquire))
    }
}
