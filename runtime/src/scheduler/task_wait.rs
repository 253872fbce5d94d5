//! A task's part in a wait: the runtime's half of [`crate::park::Wait`].

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::cancel::UNWINDS;
use crate::park::{Header, Outcome, Settled};
use crate::scheduler::context::{self, current_worker};
use crate::scheduler::remote::Remote;
use crate::task::{Parked, TaskPtr, suspend};

/// The current task, about to wait.
pub(crate) struct TaskWait {
    task: TaskPtr,
    cancellable: bool,
    /// Whether the task goes on on the same thread also where its runtime migrates.
    stays: bool,
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
        Some(Self {
            task,
            cancellable,
            stays: false,
        })
    }

    /// The running task for a wait that std believes to block the thread, if the task may park in it:
    /// see [`Wait::begin_for_std`](crate::park::Wait::begin_for_std).
    pub(crate) fn current_for_std() -> Option<Self> {
        let worker = context::current_worker();
        // SAFETY: a worker outlives its time in the thread-local.
        let worker = unsafe { worker.as_ref() }?;
        let task = worker.current()?;
        // A signal's handler may come before the task's code has found its way back to the worker.
        // SAFETY: the running task is alive.
        let has_begun = !unsafe { task.get() }.yielder.get().is_null();
        let parks = has_begun
            && worker.shared().settings.park_std
            && !std::thread::panicking()
            && crate::stack::remaining().is_some();
        parks.then_some(Self {
            task,
            cancellable: false,
            stays: true,
        })
    }

    /// Whether [`current_for_std`](Self::current_for_std) is worth asking.
    #[inline]
    pub(crate) fn may_be_for_std() -> bool {
        // SAFETY: a worker outlives its time in the thread-local.
        let worker = unsafe { context::current_worker().as_ref() };
        worker.is_some_and(|worker| worker.current().is_some() && worker.shared().settings.park_std)
    }

    /// Lets others of this worker run before the task; for one of
    /// [`current_for_std`](Self::current_for_std).
    pub(crate) fn yield_staying(self) {
        // SAFETY: a task runs on a worker.
        unsafe { (*current_worker()).yield_staying(self.task) };
    }

    /// [`yield_staying`](Self::yield_staying) of a task that has had its time.
    pub(crate) fn preempt_staying(self) {
        // SAFETY: a task runs on a worker.
        unsafe { (*current_worker()).preempt_staying(self.task) };
    }

    /// The running task for a wait that may be cancelled, unless it is already, or none runs. Does
    /// not unwind.
    #[inline(always)]
    pub(crate) fn current_unless_cancelled() -> Option<Self> {
        let task = context::current_task()?;
        // SAFETY: the running task is alive.
        let cancelled = &unsafe { task.get() }.cancelled;
        // Relaxed: level-triggered; a later look sees it.
        let goes_on = !(UNWINDS && cancelled.load(Ordering::Relaxed)) || std::thread::panicking();
        goes_on.then_some(Self {
            task,
            cancellable: true,
            stays: false,
        })
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
    #[inline(always)]
    pub(crate) fn park(&self, deadline: Option<Instant>, commit: impl FnOnce() -> bool) -> Outcome {
        match deadline {
            None => self.leave(commit),
            Some(deadline) => self.leave_timed(deadline, commit),
        }
        // SAFETY: the task runs here; its cells are its worker's and its own.
        let header = unsafe { self.task.get() };
        header.set_parked(Parked::No);
        header.header.claim.state().outcome()
    }

    #[inline(always)]
    fn leave(&self, commit: impl FnOnce() -> bool) {
        let how = match self.cancellable {
            false => Parked::Shielded,
            true if std::thread::panicking() => Parked::MaybeUnwinding,
            true => Parked::Cancellable,
        };
        // SAFETY: the task runs here, so the yielder is its fiber's.
        unsafe {
            let header = self.task.get();
            if header.migrates() {
                header.settle_movable();
                if self.stays {
                    header.stay();
                }
                let task = self.task;
                suspend(header.yielder.get(), move || {
                    commit_movable(task, how, commit)
                });
            } else {
                header.set_parked(how);
                if how == Parked::MaybeUnwinding {
                    let task = self.task;
                    return suspend(header.yielder.get(), move || {
                        (*current_worker()).postpone_if_cancelled(task);
                        commit()
                    });
                }
                suspend(header.yielder.get(), commit);
            }
        }
    }

    /// [`leave`](Self::leave) with a timer, armed once the stack has been left.
    #[inline(never)]
    fn leave_timed(&self, deadline: Instant, commit: impl FnOnce() -> bool) {
        let armed_in: Cell<*const Remote> = Cell::new(std::ptr::null());
        // SAFETY: the timer is the task's own; it is disarmed where it was armed before the task
        // goes on. That worker's remote lies in the runtime, which outlives its tasks. `armed_in` is
        // written while the task has left its stack and nobody else can reach it yet.
        unsafe {
            let timer = self.task.timer();
            self.leave(|| {
                let remote = (*current_worker()).remote();
                armed_in.set(remote);
                remote.timers.arm(timer, deadline, commit)
            });
            (*armed_in.get()).timers.disarm(timer);
        }
    }
}

/// Runs the commit of a task that may go on on another worker the moment it can be reached. See
/// [`leaving`](super::leaving).
///
/// # Safety
/// On the stack of the worker that `task` has just left, once.
unsafe fn commit_movable(task: TaskPtr, how: Parked, commit: impl FnOnce() -> bool) -> bool {
    // SAFETY: until the commit lets others in the task is this worker's; after that it is touched
    // only under the count that is taken here.
    unsafe {
        let worker = &*current_worker();
        let header = task.get();
        let leaving = worker.remote().leaving.begin();
        // One that may be unwinding already is for its worker to judge.
        let is_cancelled =
            UNWINDS && how == Parked::Cancellable && leaving.is_cancelled(&header.cancelled);
        let word = header.header.claim.word();
        if is_cancelled {
            task.retain();
        } else {
            header.set_parked(how);
            if how == Parked::MaybeUnwinding {
                worker.postpone_if_cancelled(task);
            }
        }
        let left = commit();
        if !left {
            header.set_parked(Parked::No);
        }
        leaving.end();
        if is_cancelled {
            if left && header.header.claim.settle(word, Settled::CANCELLED) {
                worker.push_ready(task);
            }
            task.release();
        }
        left
    }
}
