//! Lists of tasks, linked through their headers: no allocation, so readying a task cannot fail.
//!
//! Neither knows threads: the queue is its worker's, and so is the list, or it lies behind a lock.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use crate::sys::prefetch;
use crate::task::header::{Links, TaskHeader};
use crate::task::ptr::TaskPtr;

/// First in, first out; the worker's ready tasks.
pub(crate) struct TaskQueue {
    head: Cell<*mut TaskHeader>,
    tail: Cell<*mut TaskHeader>,
    len: Cell<usize>,
}

impl TaskQueue {
    pub(crate) const fn new() -> Self {
        Self {
            head: Cell::new(ptr::null_mut()),
            tail: Cell::new(ptr::null_mut()),
            len: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.get().is_null()
    }

    /// Appends a task.
    ///
    /// # Safety
    /// The task is this worker's and in no other list.
    #[inline]
    pub(crate) unsafe fn push(&self, task: TaskPtr) {
        // SAFETY: ready tasks are alive, and their links are their worker's.
        unsafe {
            task.get().set_next(ptr::null_mut());
            match NonNull::new(self.tail.get()) {
                Some(tail) => tail.as_ref().set_next(task.as_non_null().as_ptr()),
                None => self.head.set(task.as_non_null().as_ptr()),
            }
        }
        self.tail.set(task.as_non_null().as_ptr());
        self.len.set(self.len.get() + 1);
    }

    /// Appends all of `other`'s.
    pub(crate) fn append(&self, other: &Self) {
        let Some(first) = NonNull::new(other.head.take()) else {
            return;
        };
        match NonNull::new(self.tail.get()) {
            // SAFETY: queued tasks are alive, and their links are their worker's.
            Some(tail) => unsafe { tail.as_ref() }.set_next(first.as_ptr()),
            None => self.head.set(first.as_ptr()),
        }
        self.tail.set(other.tail.take());
        self.len.set(self.len.get() + other.len.take());
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<TaskPtr> {
        let head = NonNull::new(self.head.get())?;
        // SAFETY: queued tasks are alive, and their links are their worker's.
        let next = unsafe { head.as_ref() }.next();
        self.head.set(next);
        match NonNull::new(next) {
            // SAFETY: as above.
            Some(next) => prefetch_after(unsafe { next.as_ref() }),
            None => self.tail.set(ptr::null_mut()),
        }
        self.len.set(self.len.get() - 1);
        Some(TaskPtr::new(head))
    }
}

/// Has the processor fetch what is needed after the next run: the stack of `next`, whose header was
/// fetched by the last call, and the header of the one behind it.
///
/// Where a crowd has been made ready, nothing of theirs is in a cache, and a stack's page not in the
/// table of translations either. While one runs, the processor gets the next one's.
#[inline]
fn prefetch_after(next: &TaskHeader) {
    // Addresses for hints: the one behind may be none.
    let base = next.yielder.get().cast::<u8>();
    for line in 0..STACK_LINES {
        prefetch::line(base.wrapping_sub(line * 64));
    }
    let behind = next.next().cast_const().cast::<u8>();
    prefetch::line(behind);
    prefetch::line(behind.wrapping_add(64));
}

/// So many lines of a stack, from its base down, are fetched ahead.
const STACK_LINES: usize = 4;

/// The tasks pinned to a worker, so that it can unwind them when its runtime ends.
pub(crate) struct OwnedList {
    head: Cell<*mut TaskHeader>,
    /// How far a slow round through the list is; null at its end.
    cursor: Cell<*mut TaskHeader>,
    len: Cell<usize>,
}

impl OwnedList {
    pub(crate) const fn new() -> Self {
        Self {
            head: Cell::new(ptr::null_mut()),
            cursor: Cell::new(ptr::null_mut()),
            len: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// Puts the cursor on the first task.
    pub(crate) fn rewind(&self) {
        self.cursor.set(self.head.get());
    }

    /// Whether there is a task at the cursor or behind it.
    pub(crate) fn at_cursor(&self) -> bool {
        !self.cursor.get().is_null()
    }

    /// Calls `f` with the next `count` tasks from the cursor on, which moves. `f` does not change
    /// the list.
    pub(crate) fn visit(&self, count: usize, mut f: impl FnMut(TaskPtr)) {
        for _ in 0..count {
            let Some(task) = NonNull::new(self.cursor.get()) else {
                return;
            };
            // SAFETY: listed tasks are alive, and `remove` moves the cursor off those that leave.
            self.cursor.set(unsafe { task.as_ref().links() }.next.get());
            f(TaskPtr::new(task));
        }
    }

    /// Adds a task.
    ///
    /// # Safety
    /// The task is this worker's, alive until it is removed, and not in the list.
    #[inline]
    pub(crate) unsafe fn insert(&self, task: TaskPtr) {
        let head = self.head.replace(task.as_non_null().as_ptr());
        // SAFETY: listed tasks are alive, and their links are their worker's.
        unsafe {
            task.get().enter(Links {
                prev: Cell::new(ptr::null_mut()),
                next: Cell::new(head),
            });
            if let Some(head) = NonNull::new(head) {
                head.as_ref().links().prev.set(task.as_non_null().as_ptr());
            }
        }
        self.len.set(self.len.get() + 1);
    }

    /// Removes a task.
    ///
    /// # Safety
    /// The task is in the list.
    #[inline]
    pub(crate) unsafe fn remove(&self, task: TaskPtr) {
        // SAFETY: listed tasks are alive, and their links are their worker's.
        unsafe {
            if self.cursor.get() == task.as_non_null().as_ptr() {
                self.cursor.set(task.get().links().next.get());
            }
            let links = task.get().links();
            match NonNull::new(links.prev.get()) {
                Some(prev) => prev.as_ref().links().next.set(links.next.get()),
                None => self.head.set(links.next.get()),
            }
            if let Some(next) = NonNull::new(links.next.get()) {
                next.as_ref().links().prev.set(links.prev.get());
            }
        }
        self.len.set(self.len.get() - 1);
    }

    /// Calls `f` with each task. `f` does not change the list.
    pub(crate) fn for_each(&self, mut f: impl FnMut(TaskPtr)) {
        let mut next = self.head.get();
        while let Some(task) = NonNull::new(next) {
            // SAFETY: listed tasks are alive.
            next = unsafe { task.as_ref().links() }.next.get();
            f(TaskPtr::new(task));
        }
    }
}
