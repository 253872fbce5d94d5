//! A worker's deque, as its owner has it.
//!
//! Where such a deque grows or shrinks it calls crossbeam-epoch's collector, which is the program's as well: what
//! anybody has deferred there may run then, in the midst of the operation, on this thread. That may spawn, wait, or
//! panic. So
//! - a push in such a moment is refused, and the task goes elsewhere;
//! - a push that may grow the deque, which is done on a task's stack, lets nothing park: a neighbour would
//!   find the deque half-way.
//!
//! What runs then while the worker is between tasks finds a plain OS thread, and blocks that; a panic of it there
//! ends the process, as every panic of a worker outside its tasks does.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_deque::{Stealer, Worker};

use crate::cancel::shield;
use crate::task::{TaskPtr, drop_quietly, no_park};

/// A deque with fewer tasks does not grow by a push. Its least capacity is 64.
const NEVER_GROWS: usize = 32;

/// See the module.
pub(super) struct OwnDeque {
    inner: Worker<TaskPtr>,
    /// Whether one of the operations is under way that may run code of others.
    busy: Cell<bool>,
}

/// The deque is busy as long as this lives.
struct Busy<'a>(&'a Cell<bool>);

impl<'a> Busy<'a> {
    fn new(busy: &'a Cell<bool>) -> Self {
        busy.set(true);
        Self(busy)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl OwnDeque {
    pub(super) fn new(inner: Worker<TaskPtr>) -> Self {
        Self {
            inner,
            busy: Cell::new(false),
        }
    }

    pub(super) fn stealer(&self) -> Stealer<TaskPtr> {
        self.inner.stealer()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.inner.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Pushes a task onto a deque of `len`, or gives it back.
    #[inline]
    pub(super) fn push(&self, task: TaskPtr, len: usize) -> Result<(), TaskPtr> {
        if self.busy.get() {
            return Err(task);
        }
        // A capacity is a power of two, and thieves only make the deque shorter.
        if len >= NEVER_GROWS && len.is_power_of_two() {
            return self.push_growing(task);
        }
        self.inner.push(task);
        Ok(())
    }

    #[cold]
    fn push_growing(&self, task: TaskPtr) -> Result<(), TaskPtr> {
        let _busy = Busy::new(&self.busy);
        // A wait in a cancelled task would unwind out of the deque.
        let push = || shield(|| no_park(|| self.inner.push(task)));
        // What is deferred runs before the task is in its place.
        catch_unwind(AssertUnwindSafe(push)).map_err(|payload| {
            drop_quietly(payload);
            task
        })
    }

    /// Between tasks.
    #[inline]
    pub(super) fn pop(&self) -> Option<TaskPtr> {
        let _busy = Busy::new(&self.busy);
        self.inner.pop()
    }

    /// Has `take` put tasks into the deque. Between tasks.
    pub(super) fn fill<R>(&self, take: impl FnOnce(&Worker<TaskPtr>) -> R) -> R {
        let _busy = Busy::new(&self.busy);
        take(&self.inner)
    }
}
