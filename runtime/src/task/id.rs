//! Task numbers.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of a task: unique in the process, never used again, in no particular order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl TaskId {
    /// Numbers a worker takes at once, so that a spawn touches no shared counter.
    pub(super) const BLOCK: u64 = 64;

    /// A number for a task that is spawned outside the workers.
    pub(crate) fn next() -> Self {
        // Relaxed: uniqueness needs no order.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The number itself.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The id of that number, which was one's before.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// A worker's own supply of numbers.
pub(crate) struct IdBlock {
    next: Cell<u64>,
    end: Cell<u64>,
}

impl IdBlock {
    pub(crate) const fn new() -> Self {
        Self {
            next: Cell::new(0),
            end: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn next(&self) -> TaskId {
        if self.next.get() == self.end.get() {
            // Relaxed: uniqueness needs no order.
            let start = NEXT.fetch_add(TaskId::BLOCK, Ordering::Relaxed);
            self.next.set(start);
            self.end.set(start + TaskId::BLOCK);
        }
        let id = self.next.get();
        self.next.set(id + 1);
        TaskId(id)
    }
}
