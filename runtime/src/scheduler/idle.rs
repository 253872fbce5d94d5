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
//! The loom model is in `scheduler/loom_tests/sleep.rs`.

use crate::loom::{AtomicUsize, Ordering, fence};
use crate::scheduler::inbox::{Inbox, Linked, Wake};

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
        self.searching() == 0 && self.sleeping() != 0
    }

    /// How many workers sleep, at a glance.
    #[inline]
    pub(crate) fn sleeping(&self) -> usize {
        glance(&self.sleeping)
    }

    /// How many workers search, at a glance.
    #[inline]
    fn searching(&self) -> usize {
        glance(&self.searching)
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
        // A limit on wasted work, not on correctness.
        if 2 * self.searching() >= awake {
            return false;
        }
        // Relaxed: a count.
        self.searching.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Wakes the worker of `inbox` to search, if it sleeps; true if the caller has to unpark it.
    #[must_use]
    pub(crate) fn wake_to_search<T: Linked>(&self, inbox: &Inbox<T>) -> bool {
        let woken = inbox.is_sleeping() && inbox.wake_to_search() == Wake::Needed;
        if woken {
            // Relaxed: counts. The worker may have woken up by itself and have counted itself out
            // already. To count it in before the exchange would be worse: a submitter that saw the
            // searcher which never was would wake nobody.
            self.searching.fetch_add(1, Ordering::Relaxed);
            self.end_sleep();
        }
        woken
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

/// A count that may be below zero for a moment: some count a worker out before it is counted in.
#[inline]
fn glance(count: &AtomicUsize) -> usize {
    // Relaxed: see the module's protocol for who makes up for a stale value.
    (count.load(Ordering::Relaxed) as isize).max(0) as usize
}
