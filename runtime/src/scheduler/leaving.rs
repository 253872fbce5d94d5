//! How a canceller on one worker and a task that leaves its stack on another miss each other.
//!
//! For migrating runtimes; elsewhere both are on one thread. A canceller may settle a task's wait
//! only once the commit that makes the task reachable is over, and no task that is cancelled may
//! park for good:
//!
//! 1. *Canceller*: sets the tasks' `cancelled`; then waits, worker by worker, until none is leaving
//!    a stack; then settles the waits of those tasks that say they are parked.
//! 2. *Worker of a task that has left its stack*: begins to leave; looks at `cancelled`; if it is
//!    not set, says that the task is parked; runs the commit; ends. If `cancelled` was set, it
//!    settles the wait itself.
//!
//! A task that is listed after the canceller has gone through its list finds the flag set there
//! ([`listed`]): no task may be settled whose flag the canceller's announcement does not cover.
//!
//! Either the worker sees `cancelled`, or the canceller sees that the worker is leaving and waits for
//! the end of it. Both halves store, fence, and load; the worker's fence, at every switch, is a light
//! one.
//!
//! A worker also says that it is leaving while it settles somebody's wait without a locked instruction,
//! which is as short and excludes cancellers in the same way: see `settle_sole`.
//!
//! The loom model is in `scheduler/loom_tests/leaving.rs`.

use crate::loom::{AtomicBool, Ordering, heavy_fence, light_fence, yield_now};

/// To be called for a task that is entered in its list, under the list's lock: a canceller that has gone
/// through the list before has seen that the runtime ends, so this one sees it too. `mark` sets the task's
/// flag: the worker's own half comes later on this thread, or by way of a queue.
pub(crate) fn listed<R>(mark: impl FnOnce() -> R, is_stopping: impl FnOnce() -> bool) {
    if is_stopping() {
        mark();
    }
}

/// Whether a worker is making a task reachable that has left its stack.
pub(crate) struct Leaving(AtomicBool);

impl Leaving {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// The worker's half.
    #[inline]
    pub(crate) fn begin(&self) -> Begun<'_> {
        // Relaxed: the fence orders it.
        self.0.store(true, Ordering::Relaxed);
        // Pairs with the fence in `Announced::new`.
        light_fence();
        Begun(self)
    }

    /// Whether the worker is at it. On the worker.
    #[inline]
    pub(crate) fn has_begun(&self) -> bool {
        // Relaxed: its own.
        self.0.load(Ordering::Relaxed)
    }

    /// The canceller's half: waits until the worker is not leaving, or is leaving another task.
    pub(crate) fn wait(&self, _: &Announced) {
        // Acquire pairs with the Release in `end`. A commit takes nanoseconds, unless its thread has
        // lost the processor, or starts one for a blocking call.
        while self.0.load(Ordering::Acquire) {
            yield_now();
        }
    }
}

/// A task is being made reachable.
pub(crate) struct Begun<'a>(&'a Leaving);

impl Begun<'_> {
    /// Whether the task has been cancelled; else its canceller waits for the end.
    #[inline]
    pub(crate) fn is_cancelled(&self, cancelled: &AtomicBool) -> bool {
        // Relaxed: the fence in `begin` orders it.
        cancelled.load(Ordering::Relaxed)
    }

    /// The task can be reached, or goes on.
    #[inline]
    pub(crate) fn end(self) {
        // Release pairs with the Acquire in `wait`: what the task said of its park is seen.
        self.0.0.store(false, Ordering::Release);
    }
}

/// The `cancelled` flags are set.
pub(crate) struct Announced(());

impl Announced {
    /// To be called between the flags and the waiting.
    pub(crate) fn new() -> Self {
        // Pairs with the fence in `begin`.
        heavy_fence();
        Self(())
    }
}
