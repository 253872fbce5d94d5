//! Tasks for which there was no stack: they wait until others give theirs back.
//!
//! A task joins them only while other tasks of its runtime have stacks, since else nobody would ever
//! end and give one up. Whoever ends offers the next of them to the workers again. If nothing has run
//! for [`HOPE`] and nothing is due, no timer, socket or blocking call, then nothing inside the runtime
//! will give back a stack: they are tried once more and fail with the error that says what to change.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bare::Mutex;
use crate::report::report;
use crate::scheduler::shared::Shared;
use crate::task::{Described, TaskPtr};

/// How long nothing must have run before starved tasks fail.
const HOPE: Duration = Duration::from_secs(1);
/// How often they are offered to the workers without a task having ended: another runtime, or
/// another program, may have given back what there was too little of.
const PERIOD: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Default)]
pub(crate) struct Starved {
    tasks: Mutex<VecDeque<TaskPtr>>,
    len: AtomicUsize,
    /// Whether somebody has been told.
    said: AtomicBool,
}

impl Starved {
    fn tasks(&self) -> MutexGuard<'_, VecDeque<TaskPtr>> {
        // Nothing that runs under the lock panics, short of a failing allocation, which aborts.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Relaxed: a figure; the monitor makes up for a stale one.
        self.len.load(Ordering::Relaxed)
    }

    /// Adds a task, which could not begin because of `error`. The first time that is said on stderr:
    /// who waits for it may wait long.
    pub(super) fn push(&self, task: TaskPtr, error: &io::Error) {
        // Relaxed: only who is first says it.
        if !self.said.swap(true, Ordering::Relaxed) {
            // SAFETY: a new task is whoever's took it out of a queue.
            let task = Described::of(unsafe { task.get() });
            report(format_args!(
                "hueless: {task} waits for a stack until another task ends: {error}"
            ));
        }
        let mut tasks = self.tasks();
        tasks.push_back(task);
        self.len.store(tasks.len(), Ordering::Relaxed);
    }

    /// The one that has waited longest.
    #[cold]
    pub(super) fn pop(&self) -> Option<TaskPtr> {
        let mut tasks = self.tasks();
        let task = tasks.pop_front();
        self.len.store(tasks.len(), Ordering::Relaxed);
        task
    }
}

/// The monitor's part.
#[derive(Default)]
pub(super) struct Feeder {
    /// The switches of all workers when they changed last, and when that was.
    last: Option<(u64, Instant)>,
    offered: Option<Instant>,
}

impl Feeder {
    /// One look.
    pub(super) fn look(&mut self, shared: &Shared, now: Instant) {
        if shared.starved.len() == 0 {
            // The next shortage is another one.
            *self = Self::default();
            return;
        }
        if shared.is_stopping() {
            offer(shared, usize::MAX, false);
            return;
        }
        // A start without a stack is no switch.
        let switches = shared.switches();
        let since = match self.last {
            Some((last, since)) if last == switches => since,
            _ => {
                self.last = Some((switches, now));
                now
            }
        };
        if now - since >= HOPE && shared.all_sleep() && !shared.awaits_something() {
            offer(shared, usize::MAX, true);
        } else if self.offered.is_none_or(|at| now - at >= PERIOD) {
            self.offered = Some(now);
            offer(shared, 1, false);
        }
    }
}

/// Offers tasks to the workers; for the last time, if they are doomed.
fn offer(shared: &Shared, most: usize, doomed: bool) {
    for _ in 0..most.min(shared.starved.len()) {
        if let Some(task) = shared.starved.pop() {
            if doomed {
                // SAFETY: a new task is whoever's took it out of a queue.
                unsafe { task.get() }.doom();
            }
            shared.submit(task);
        }
    }
}
