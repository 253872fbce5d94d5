//! The task that a worker runs next.
//!
//! In a runtime that does not migrate the slot is its worker's alone: no locked instruction. In one
//! that does, the monitor takes the task away from a worker that does not react, so they exclude each
//! other, at the monitor's expense:
//!
//! - *Worker*: says that it uses the slot; light fence; if nobody wants the slot, loads and stores, else
//!   swaps; says that it has done.
//! - *Monitor*: says that it wants the slot; heavy fence; waits until the worker does not use it; swaps;
//!   says that it wants it no more.
//!
//! Either the worker sees that the slot is wanted, or the monitor that it is in use and waits.
//!
//! The loom model is in `scheduler/loom_tests/run_next.rs`.

use std::ptr::{self, NonNull};

use crate::loom::{AtomicBool, AtomicPtr, Ordering, heavy_fence, light_fence, yield_now};

/// See the module.
pub(crate) struct RunNext<T> {
    task: AtomicPtr<T>,
    /// The worker is at it.
    used: AtomicBool,
    /// The monitor wants it.
    wanted: AtomicBool,
}

impl<T> RunNext<T> {
    pub(super) fn new() -> Self {
        Self {
            task: AtomicPtr::new(ptr::null_mut()),
            used: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
        }
    }

    /// Whether there is none, at a glance. On its worker, one that was put in is seen until it is
    /// taken.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // Relaxed: only the worker puts tasks in, so what it sees is there or has been taken away.
        self.task.load(Ordering::Relaxed).is_null()
    }

    /// Puts `task` in and gives what was there. On its worker, whose runtime does not migrate.
    #[inline]
    pub(super) fn put_alone(&self, task: NonNull<T>) -> Option<NonNull<T>> {
        // Relaxed: the slot is this worker's alone.
        let before = self.task.load(Ordering::Relaxed);
        self.task.store(task.as_ptr(), Ordering::Relaxed);
        NonNull::new(before)
    }

    /// Takes the task. On its worker, whose runtime does not migrate.
    #[inline]
    pub(super) fn take_alone(&self) -> Option<NonNull<T>> {
        // Relaxed: as in `put_alone`.
        let task = NonNull::new(self.task.load(Ordering::Relaxed))?;
        self.task.store(ptr::null_mut(), Ordering::Relaxed);
        Some(task)
    }

    /// Puts `task` in and gives what was there. On its worker.
    #[inline]
    pub(super) fn put(&self, task: NonNull<T>) -> Option<NonNull<T>> {
        self.exchange(task.as_ptr())
    }

    /// Takes the task. On its worker.
    #[inline]
    pub(super) fn take(&self) -> Option<NonNull<T>> {
        if self.is_empty() {
            return None;
        }
        self.exchange(ptr::null_mut())
    }

    #[inline]
    fn exchange(&self, task: *mut T) -> Option<NonNull<T>> {
        // Relaxed: the fence orders it.
        self.used.store(true, Ordering::Relaxed);
        // Pairs with the fence in `steal`.
        light_fence();
        // Acquire pairs with the Release at the end of `steal`: who sees that it is over sees what it
        // has left.
        let before = if self.wanted.load(Ordering::Acquire) {
            // Release, as below. What is there this worker itself has put in.
            self.task.swap(task, Ordering::Release)
        } else {
            // Relaxed: nobody else is at it.
            let before = self.task.load(Ordering::Relaxed);
            // Release pairs with the Acquire of the swap in `steal`: the task is seen as its waker left
            // it.
            self.task.store(task, Ordering::Release);
            before
        };
        // Release pairs with the Acquire in `steal`, which comes after all this.
        self.used.store(false, Ordering::Release);
        NonNull::new(before)
    }

    /// Takes the task away from its worker. One thread at a time.
    pub(super) fn steal(&self) -> Option<NonNull<T>> {
        if self.is_empty() {
            return None;
        }
        // Relaxed: the fence orders it.
        self.wanted.store(true, Ordering::Relaxed);
        // Pairs with the fence in `exchange`.
        heavy_fence();
        // Acquire pairs with the Release in `exchange`. That takes nanoseconds, unless its thread has
        // lost the processor.
        while self.used.load(Ordering::Acquire) {
            yield_now();
        }
        let task = self.task.swap(ptr::null_mut(), Ordering::Acquire);
        // Release pairs with the Acquire in `exchange`.
        self.wanted.store(false, Ordering::Release);
        NonNull::new(task)
    }
}
