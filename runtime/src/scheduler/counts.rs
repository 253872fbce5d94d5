//! What a worker counts, for [`Metrics`](crate::runtime::Metrics).

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one worker, always on.
#[derive(Default)]
pub(crate) struct Counts {
    /// Tasks spawned on this worker. Written by the worker.
    pub(crate) spawned: AtomicU64,
    /// Tasks that ended here. Written by the worker.
    pub(crate) ended: AtomicU64,
    /// Times it took tasks from another worker. Written by the worker.
    pub(crate) steals: AtomicU64,
    /// Times another thread woke it for a task. Written by anyone.
    pub(crate) inbox_wakes: AtomicU64,
    /// Hints raised. Written by the monitor.
    pub(crate) hints: AtomicU64,
    /// Times it was found stuck. Written by the monitor.
    pub(crate) take_overs: AtomicU64,
    /// Stalls reported. Written by the monitor.
    pub(crate) stalls: AtomicU64,
}

/// Counts up a counter that only this thread writes: no locked instruction.
#[inline]
pub(crate) fn count(counter: &AtomicU64) {
    // Relaxed: a figure with one writer.
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
