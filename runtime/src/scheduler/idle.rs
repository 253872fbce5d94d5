//! How many workers sleep and how many search, and whom a spawn wakes.
//!
//! A worker is *running* tasks, *searching* for work to steal, or *sleeping*. Waking an OS thread
//! costs microseconds, so work that was just made wakes at most one worker, and none while another
//! is searching: a searcher that finds work wakes the next one if it was the last.
//!
//! Protocol against lost wake-ups, for work that only a thief can reach (the injector):
//! - *submitter*: push the work; fence; look at `sleeping`.
//! - *worker*: declare its sleep in its inbox and in `sleeping`; fence; look at all queues.
//!
//! With both fences in the single order of SeqCst fences, at least one side sees the other. A
//! worker's own spawn leaves the fence out: if both sides miss each other the spawner still has the
//! task, and the monitor wakes a thief within a millisecond.
//!
//! The loom model is in `scheduler/loom_tests.rs`.

use crate::loom::{AtomicUsize, Ordering, fence};

/// Counts of idle workers.
pub(crate) struct Idle {
    sleeping: AtomicUsize,
    searching: AtomicUsize,
}

impl Idle {
    pub(crate) fn new() -> Self {
        Self {
            sleeping: AtomicUsize::new(0),
            searching: AtomicUsize::new(0),
        }
    }

    /// The submitter's half: whether a worker should be woken for work that lies in the injector.
    pub(crate) fn should_wake_after_submit(&self) -> bool {
        // Pairs with the fence in `begin_sleep`.
        fence(Ordering::SeqCst);
        self.should_wake()
    }

    /// Whether a worker should be woken, by a glance that may miss one just falling asleep.
    #[inline]
    pub(crate) fn should_wake(&self) -> bool {
        // Relaxed: see the module's protocol for who makes up for a stale value.
        self.searching.load(Ordering::Relaxed) == 0 && self.sleeping.load(Ordering::Relaxed) != 0
    }

    /// How many workers sleep, at a glance.
    pub(crate) fn sleeping(&self) -> usize {
        // Relaxed: a figure for decisions that are made again soon.
        self.sleeping.load(Ordering::Relaxed)
    }

    /// The worker's half: it has declared its sleep in its inbox and looks at the queues next.
    pub(crate) fn begin_sleep(&self) {
        // Relaxed: the fence orders it.
        self.sleeping.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `should_wake_after_submit`. It forbids that the worker misses a
        // task that was pushed while the submitter missed the worker.
        fence(Ordering::SeqCst);
    }

    /// A sleeping worker is awake again; counted by whoever took `SLEEPING` out of its inbox.
    pub(crate) fn end_sleep(&self) {
        // Relaxed: a count; the inbox carries the synchronisation.
        self.sleeping.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a searcher in, unless half of the `running` workers search already.
    pub(crate) fn try_begin_search(&self, workers: usize) -> bool {
        let awake = workers - self.sleeping().min(workers);
        // Relaxed: a limit on wasted work, not on correctness.
        if 2 * self.searching.load(Ordering::Relaxed) >= awake {
            return false;
        }
        self.grant_search();
        true
    }

    /// Counts a searcher in, on behalf of a worker that is being woken to search.
    pub(crate) fn grant_search(&self) {
        // Relaxed: a count.
        self.searching.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a searcher out; true if it was the last.
    ///
    /// The last searcher that found something wakes a successor; one that found nothing goes to
    /// sleep and looks at all queues once more after `begin_sleep`'s fence.
    pub(crate) fn end_search(&self) -> bool {
        // Relaxed: the fence in `begin_sleep` orders what matters.
        self.searching.fetch_sub(1, Ordering::Relaxed) == 1
    }
}
