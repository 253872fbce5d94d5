//! A task's part in a wait: the runtime's half of [`crate::park::Wait`].

use std::ptr::NonNull;
use std::time::Instant;

use crate::park::{Header, Outcome};
use crate::scheduler::context::{self, current_worker};
use crate::task::{Parked, TaskPtr, suspend};

/// The current task, about to wait.
pub(crate) struct TaskWait {
    task: TaskPtr,
    cancellable: bool,
}

impl TaskWait {
    /// The running task, or `None` outside one. Unwinds if the task is cancelled and the wait may
    /// be.
    #[inline]
    pub(crate) fn current(cancellable: bool) -> Option<Self> {
        let task = context::current_task()?;
        if cancellable {
            context::deliver_cancellation(task);
        }
        Some(Self { task, cancellable })
    }

    #[inline]
    pub(crate) fn header(&self) -> NonNull<Header> {
        self.task.as_header()
    }

    #[inline]
    pub(crate) fn begin(&self) -> u64 {
        // SAFETY: the running task is alive.
        unsafe { self.task.get() }.header.claim.begin()
    }

    /// Suspends the task; the worker runs `commit` once the stack has been left.
    #[inline]
    pub(crate) fn park(&self, deadline: Option<Instant>, commit: impl FnOnce() -> bool) -> Outcome {
        match deadline {
            None => self.park_untimed(commit),
            Some(deadline) => self.park_timed(deadline, commit),
        }
    }

    #[inline]
    fn park_untimed(&self, commit: impl FnOnce() -> bool) -> Outcome {
        // SAFETY: the task runs here; its cells are its worker's and its own.
        unsafe {
            let header = self.task.get();
            header.parked.set(match self.cancellable {
                false => Parked::Shielded,
                true if std::thread::panicking() => Parked::MaybeUnwinding,
                true => Parked::Cancellable,
            });
            suspend(header.yielder.get(), commit);
            header.parked.set(Parked::No);
            header.header.claim.state().outcome()
        }
    }

    fn park_timed(&self, deadline: Instant, commit: impl FnOnce() -> bool) -> Outcome {
        // SAFETY: a pinned task has the same worker before and after the park, and a worker
        // outlives its tasks. The timer is the task's own, and is disarmed before the next wait.
        unsafe {
            let timer = self.task.timer();
            let worker = &*current_worker();
            worker.arm(timer, deadline);
            let outcome = self.park_untimed(commit);
            if outcome != Outcome::Deadline {
                worker.disarm(timer);
            }
            outcome
        }
    }
}
