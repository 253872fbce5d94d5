//! Cancelled tasks that have to be woken, as their worker is told.
//!
//! In the default mode a task's wait is cancelled by its own worker, between two tasks: there the task
//! is surely off its stack, and parking costs no atomic for it. So whoever cancels calls that worker.
//!
//! How no call is lost: see [`left_calls`].
//!
//! A runtime that has no tasks left may go at any time. A canceller looks at a task's home only while it
//! holds [`KEPT`], and only if the task has not ended then; a runtime goes when it has had it alone.

use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLockReadGuard};

use crate::bare::RwLock;
use crate::park::Settled;
use crate::scheduler::context::{self, current_worker};
use crate::scheduler::leaving::Announced;
use crate::scheduler::left_calls;
use crate::scheduler::remote::Remote;
use crate::scheduler::shared::Shared;
use crate::scheduler::worker::Worker;
use crate::task::{Parked, Task, TaskPtr};

/// See the module.
static KEPT: RwLock<()> = RwLock::new(());

/// Waits until no canceller looks at a runtime that is about to go, whose tasks have ended.
pub(super) fn wait_for_cancellers() {
    drop(KEPT.write().unwrap_or_else(PoisonError::into_inner));
}

/// The calls for one worker.
pub(super) type Calls = left_calls::Calls<Task>;

impl Worker {
    /// Wakes those of its tasks for which it has been called.
    #[inline]
    pub(super) fn answer_calls(&self) {
        let calls = &self.remote().calls;
        let postponed = !self.postponed.borrow().is_empty() && !std::thread::panicking();
        if calls.are_there() || postponed {
            let mut tasks = self.postponed.take();
            tasks.append(&mut calls.take());
            tasks.into_iter().for_each(|task| self.answer(task));
        }
    }

    /// For a task that leaves its stack and may be unwinding: if it is cancelled, it may be that only a
    /// neighbour unwinds, and nobody else will wake it.
    ///
    /// # Safety
    /// The task is alive and this worker's.
    #[cold]
    pub(super) unsafe fn postpone_if_cancelled(&self, task: TaskPtr) {
        // SAFETY: alive by this contract.
        unsafe {
            // Relaxed: a canceller whose mark is not seen calls after this.
            if crate::cancel::UNWINDS && task.get().cancelled.load(Ordering::Relaxed) {
                task.retain();
                self.postponed.borrow_mut().push(Task::from_counted(task));
            }
        }
    }

    /// Wakes a task of this worker that is to unwind.
    fn answer(&self, task: Task) {
        if task.header().state.is_done() {
            return;
        }
        if self.migrates && task.header().parked() != Parked::MaybeUnwinding {
            wake_movable(&task, self.shared(), None);
            return;
        }
        if self.migrates {
            // Others may be settling its wait without a locked instruction: see `settle_sole`.
            announce(self.shared());
        }
        // On a worker's own stack the panic count is the sum over its tasks: see `cancel_own`.
        let nobody_unwinds = !std::thread::panicking();
        // SAFETY: the handle counts, and the task is this worker's.
        if !unsafe { self.cancel_parked(task.ptr(), nobody_unwinds) } {
            self.postponed.borrow_mut().push(task);
        }
    }
}

/// Wakes a task whose flag says that it is to unwind, if it waits.
pub(crate) fn interrupt(task: Task) {
    let kept = KEPT.read().unwrap_or_else(PoisonError::into_inner);
    let header = task.header();
    if header.state.is_done() {
        return;
    }
    let home = left_calls::find_home(|| header.home());
    // SAFETY: the task has not ended, so neither has its runtime, and what `KEPT` keeps stays.
    let Some((home, shared)) = (unsafe { home.as_ref().map(|home| (home, &*home.shared())) })
    else {
        // It has not begun, and sees the flag when it does.
        return;
    };
    // SAFETY: a worker outlives its time in the thread-local.
    let worker = unsafe { current_worker().as_ref() };
    match worker.filter(|worker| ptr::eq(worker.remote(), home)) {
        Some(worker) => {
            if worker.current() == Some(task.ptr()) {
                home.hint_current();
            } else {
                worker.answer(task);
            }
        }
        None if shared.settings.migrates && header.parked() != Parked::MaybeUnwinding => {
            wake_movable(&task, shared, Some(kept));
        }
        None => home.call(task, shared),
    }
}

impl Remote {
    /// Has the worker wake one of its tasks.
    fn call(&self, task: Task, shared: &Shared) {
        if !self.calls.leave(task, &self.inbox) {
            self.hint_current();
        } else if self.is_spare {
            shared.wake_spare(self);
        } else if shared.idle.wake_to_search(&self.inbox) {
            self.unpark();
        }
    }
}

/// The canceller's half of [`leaving`](super::leaving), once the flag is set.
fn announce(shared: &Shared) {
    let announced = Announced::new();
    for remote in shared.taken() {
        remote.leaving.wait(&announced);
    }
}

/// [`interrupt`] in a migrating runtime, where any thread may wake the task: see
/// [`leaving`](super::leaving).
fn wake_movable(task: &Task, shared: &Shared, kept: Option<RwLockReadGuard<'_, ()>>) {
    announce(shared);
    let header = task.header();
    // Before the look at `parked`: see `cancel_parked`.
    let word = header.header.claim.word();
    match header.parked() {
        Parked::Cancellable => {}
        Parked::MaybeUnwinding => {
            // SAFETY: it has a home, in this runtime.
            unsafe { &*header.home() }.call(task.clone(), shared);
            return;
        }
        Parked::No | Parked::Shielded => {
            // It may be running: its next checkpoint is to deliver.
            // SAFETY: as above.
            unsafe { &*header.home() }.hint_current();
            return;
        }
    }
    // Relaxed: as long as this wait is on, the flag is not taken back.
    let is_cancelled = header.cancelled.load(Ordering::Relaxed);
    if is_cancelled && header.header.claim.settle(word, Settled::CANCELLED) {
        // `ready` may be the last to hold the runtime, whose end waits for us. The claim is won, so the
        // task has not ended.
        drop(kept);
        // SAFETY: this caller has won the claim.
        unsafe { context::ready(task.ptr()) };
    }
}
