//! Cancelled tasks that have to be woken, as their worker is told.
//!
//! In the default mode a task's wait is cancelled by its own worker, between two tasks: there the task
//! is surely off its stack, and parking costs no atomic for it. So whoever cancels calls that worker.
//!
//! Protocol against lost calls:
//! - *canceller*: sets the task's flag; leaves the call; fence; wakes the worker if it sleeps, else asks
//!   the task that runs there to look round.
//! - *worker*: declares its sleep; fence; looks whether there are calls.
//! - *worker of a new task*: says that it is the task's home; light fence; the task looks at its flag.
//!   *Canceller* that finds no home: heavy fence; looks again.
//!
//! A runtime that has no tasks left may go at any time. A canceller looks at a task's home only while it
//! holds [`KEPT`], and only if the task has not ended then; a runtime goes when it has had it alone.

use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use crate::loom::heavy_fence;
use crate::park::Settled;
use crate::scheduler::context::{self, current_worker};
use crate::scheduler::leaving::Announced;
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
#[derive(Default)]
pub(super) struct Calls {
    tasks: Mutex<Vec<Task>>,
    /// Whether there are some.
    any: AtomicBool,
}

impl Calls {
    fn leave(&self, task: Task) {
        self.tasks().push(task);
        // Relaxed: ordered by the fence that follows, or by the lock.
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether there are some, at a glance; surely after a fence.
    #[inline]
    pub(super) fn are_there(&self) -> bool {
        // Relaxed: see `leave`.
        self.any.load(Ordering::Relaxed)
    }

    fn take(&self) -> Vec<Task> {
        let mut tasks = self.tasks();
        // Relaxed: under the lock.
        self.any.store(false, Ordering::Relaxed);
        mem::take(&mut tasks)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<Task>> {
        // Nothing that runs under the lock panics.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    let mut home = header.home();
    if home.is_null() {
        // Pairs with the light fence in `start`.
        heavy_fence();
        home = header.home();
    }
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
        self.calls.leave(task);
        // Pairs with the fence before the worker's sleep: it sees the call, or we see it asleep.
        fence(Ordering::SeqCst);
        if !self.inbox.is_sleeping() {
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
