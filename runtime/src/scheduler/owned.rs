//! The started tasks of a worker, so that they can be unwound when their runtime ends.
//!
//! The list is its worker's alone, and is touched on its thread only. In a migrating runtime a task
//! may end on another worker than the one it is listed with, so there the list lies behind a lock.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::park::Lock;
use crate::scheduler::leaving::listed;
use crate::task::{OwnedList, TaskPtr};

/// See the module.
pub(crate) struct Owned {
    list: OwnedList,
    /// Taken in a migrating runtime.
    lock: Option<Lock<()>>,
    /// The list's length, for others to read.
    len: AtomicUsize,
}

impl Owned {
    pub(super) fn new(migrates: bool) -> Self {
        Self {
            list: OwnedList::new(),
            lock: migrates.then(|| Lock::new(())),
            len: AtomicUsize::new(0),
        }
    }

    /// How many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Relaxed: for others a figure, for the worker its own.
        self.len.load(Ordering::Relaxed)
    }

    /// Lists a task, which is cancelled if the runtime ends already.
    ///
    /// # Safety
    /// On the list's worker, or its runtime migrates. The task is alive until it is removed, does not
    /// run, and is in no list.
    #[inline]
    pub(super) unsafe fn insert(&self, task: TaskPtr, is_stopping: impl FnOnce() -> bool) {
        let _guard = self.lock.as_ref().map(Lock::lock);
        // SAFETY: nobody else touches the list, by the contract or the lock; the rest is the same
        // contract.
        unsafe {
            let context = task.get().context();
            listed(|| context.mark_root(&mut Vec::new()), is_stopping);
            self.list.insert(task);
        }
        self.publish();
    }

    /// Takes a task out.
    ///
    /// # Safety
    /// As for `insert`; the task is in this list.
    #[inline]
    pub(super) unsafe fn remove(&self, task: TaskPtr) {
        let _guard = self.lock.as_ref().map(Lock::lock);
        // SAFETY: as in `insert`.
        unsafe { self.list.remove(task) };
        self.publish();
    }

    /// Calls `f` with each task; it does not change the list, nor end a task.
    ///
    /// # Safety
    /// As for `insert`.
    pub(super) unsafe fn for_each(&self, f: impl FnMut(TaskPtr)) {
        let _guard = self.lock.as_ref().map(Lock::lock);
        self.list.for_each(f);
    }

    /// Puts the cursor on the first task.
    pub(super) fn rewind(&self) {
        self.list.rewind();
    }

    /// Whether there is a task at the cursor or behind it.
    pub(super) fn at_cursor(&self) -> bool {
        self.list.at_cursor()
    }

    /// Calls `f` with the next `count` tasks from the cursor on, which moves.
    ///
    /// # Safety
    /// On the list's worker, whose runtime does not migrate.
    pub(super) unsafe fn visit(&self, count: usize, f: impl FnMut(TaskPtr)) {
        self.list.visit(count, f);
    }

    #[inline]
    fn publish(&self) {
        // Relaxed: see `len`.
        self.len.store(self.list.len(), Ordering::Relaxed);
    }
}
