//! The monitor's rest, and whether a worker that wakes up has to end it.
//!
//! Protocol:
//! - *Monitor*: says until when it will rest; fence; looks whether all workers sleep; rests if so.
//! - *Worker*: takes its own sleep back; fence; looks until when the monitor rests. If that is more
//!   than a tick away, it wakes the monitor. Else it need not: the monitor looks within a tick.
//!
//! With both fences in the single order of SeqCst fences, either the monitor sees that the worker is
//! awake, or the worker sees that the monitor rests.
//!
//! The loom model is in `scheduler/loom_tests/rest.rs`.

use std::time::{Duration, Instant};

use crate::loom::{AtomicU64, Ordering, fence};

/// The monitor is awake.
const AWAKE: u64 = 0;
/// It rests until it is woken.
const FOR_EVER: u64 = u64::MAX;

/// See the module.
pub(super) struct Rest {
    /// `AWAKE`, or when the rest ends by itself, in nanoseconds from `start`.
    until: AtomicU64,
    start: Instant,
}

impl Rest {
    pub(super) fn new() -> Self {
        Self {
            until: AtomicU64::new(AWAKE),
            start: Instant::now(),
        }
    }

    fn nanos(&self, time: Instant) -> u64 {
        let nanos = time.saturating_duration_since(self.start).as_nanos();
        nanos.clamp(1, u128::from(FOR_EVER) - 1) as u64
    }

    /// The monitor is about to rest, from `now` for `limit` at most; it looks at the workers next.
    pub(super) fn begin(&self, now: Instant, limit: Option<Duration>) {
        let until = match limit.and_then(|limit| now.checked_add(limit)) {
            Some(end) => self.nanos(end),
            None => FOR_EVER,
        };
        // Relaxed: the fence orders it.
        self.until.store(until, Ordering::Relaxed);
        // Pairs with the fence in `must_end`: it forbids that the monitor rests because it missed
        // that a worker is awake, while the worker misses that the monitor rests.
        fence(Ordering::SeqCst);
    }

    /// The monitor is awake again; true if a worker has woken it, or is about to.
    pub(super) fn end(&self) -> bool {
        // Relaxed: the word only says who unparks.
        self.until.swap(AWAKE, Ordering::Relaxed) == AWAKE
    }

    /// For a worker that has just woken up: whether it has to unpark the monitor because that would
    /// not look within `tick`. One worker is told so for each rest.
    #[inline]
    pub(super) fn must_end(&self, tick: Duration) -> bool {
        // Pairs with the fence in `begin`.
        fence(Ordering::SeqCst);
        // Relaxed: the fence orders it.
        match self.until.load(Ordering::Relaxed) {
            AWAKE => false,
            until => self.must_end_slow(until, tick),
        }
    }

    #[cold]
    fn must_end_slow(&self, until: u64, tick: Duration) -> bool {
        if until != FOR_EVER && until <= self.nanos(Instant::now() + tick) {
            return false;
        }
        // Relaxed: the swap makes the unpark happen once.
        self.until.swap(AWAKE, Ordering::Relaxed) != AWAKE
    }
}
