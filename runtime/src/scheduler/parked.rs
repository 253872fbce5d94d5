//! Tasks that park for long give back the memory below their frames.
//!
//! A task that went deep once keeps the pages it has touched. While it is parked nothing below its
//! stack pointer is alive, so its worker can give them back: only its worker, which alone resumes it.
//! (In a migrating runtime another worker may resume it at any moment, so there they stay.)
//!
//! Each task is dealt with once a wait: after a lull of the worker all that are parked, unless few
//! can have been added since the last lull; on a worker that has no lull, some now and then, if they
//! are still in the wait in which the last round found them.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::scheduler::worker::Worker;
use crate::stack;
use crate::task::{Parked, TaskPtr};

/// Since when a task must have been parked.
#[derive(Clone, Copy)]
enum Since {
    /// Nothing has run since the lull began.
    TheLull,
    TheLastRound,
}

/// Looks round between two looks at the clock.
const LOOKS: u32 = 256;
/// How often a busy worker looks at some tasks.
const PERIOD: Duration = Duration::from_millis(10);
/// So many tasks at a time on a busy worker.
const SOME: usize = 64;
/// How long a busy worker's round through its tasks takes at least.
const ROUND: Duration = Duration::from_secs(1);

/// A worker's progress.
#[derive(Default)]
pub(super) struct ParkedTrim {
    /// Counts looks round.
    looks: Cell<u32>,
    /// When some tasks were looked at last, and when the round began.
    last: Cell<Option<Instant>>,
    round_began: Cell<Option<Instant>>,
    /// The worker's switches when it had dealt with all tasks last.
    clean_at: Cell<u64>,
}

impl Worker {
    /// After a lull: deals with all tasks that are parked. Stops when the worker is needed.
    pub(super) fn trim_parked(&self) {
        if !self.has_untrimmed() {
            return;
        }
        let list = &self.remote().owned;
        list.rewind();
        while list.at_cursor() {
            self.discard(Since::TheLull);
            if self.remote().inbox.has_tasks() {
                return;
            }
        }
        self.parked_trim.clean_at.set(self.switches());
    }

    /// Whether more than a few tasks have parked since all were dealt with.
    pub(super) fn has_untrimmed(&self) -> bool {
        let changed = (self.switches() - self.parked_trim.clean_at.get()) as usize;
        // A walk through a million headers for the sake of one would cost more than it gives.
        !self.migrates && changed > self.remote().owned.len() / 16
    }

    fn switches(&self) -> u64 {
        // Relaxed: the worker's own.
        self.remote().switches.load(Ordering::Relaxed)
    }

    /// Now and then while tasks run: deals with some that have parked for a round.
    #[inline]
    pub(super) fn trim_some_parked(&self) {
        let looks = &self.parked_trim.looks;
        looks.set(looks.get() + 1);
        if looks.get() >= LOOKS && !self.migrates {
            looks.set(0);
            self.trim_some_parked_slow();
        }
    }

    #[cold]
    fn trim_some_parked_slow(&self) {
        let trim = &self.parked_trim;
        let now = Instant::now();
        if trim.last.get().is_some_and(|last| now - last < PERIOD) {
            return;
        }
        trim.last.set(Some(now));
        let list = &self.remote().owned;
        if !list.at_cursor() {
            if trim.round_began.get().is_some_and(|at| now - at < ROUND) {
                return;
            }
            trim.round_began.set(Some(now));
            list.rewind();
        }
        self.discard(Since::TheLastRound);
    }

    /// Gives back the memory of those of the next [`SOME`] tasks that have been parked `since`.
    fn discard(&self, since: Since) {
        let mut pointers = [0; SOME];
        let mut count = 0;
        // SAFETY: on this worker, in a runtime that does not migrate.
        unsafe {
            self.remote().owned.visit(SOME, |task| {
                if is_due(task, since) {
                    pointers[count] = task.get().left_at();
                    count += 1;
                }
            });
            // SAFETY: the tasks are parked, and this worker, which alone resumes them, is here. The
            // pointers were recorded where they left their stacks. One that a waker is queueing
            // shows the address of another header instead, which is on no stack.
            stack::discard_below(pointers[..count].iter().copied());
        }
    }
}

/// Whether the task has been parked `since`, and has not been dealt with in this wait.
///
/// # Safety
/// The task is alive and this worker's.
unsafe fn is_due(task: TaskPtr, since: Since) -> bool {
    // SAFETY: by this contract.
    let header = unsafe { task.get() };
    if header.parked() == Parked::No {
        return false;
    }
    let seen = header.header.claim.wait_number() << 1;
    let done = seen | 1;
    let before = header.looked_at.get();
    let due = match since {
        Since::TheLull => before != done,
        Since::TheLastRound => before == seen,
    };
    if before != done {
        header.looked_at.set(if due { done } else { seen });
    }
    due
}
