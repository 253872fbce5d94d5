//! Which threads of a runtime have not ended yet.

use std::sync::{Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bare::Mutex;
use crate::task::no_park;

/// The workers and the monitor of a runtime that have not ended yet.
///
/// Apart from [`Shared`](super::shared::Shared), so that a thread gives up the runtime before it
/// says that it ends: whoever has waited for all of them holds the runtime alone.
#[derive(Default)]
pub(super) struct Threads {
    alive: Mutex<usize>,
    ended: Condvar,
}

impl Threads {
    fn alive(&self) -> MutexGuard<'_, usize> {
        // Nothing that runs under the lock panics.
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many have not ended.
    pub(super) fn count(&self) -> usize {
        *self.alive()
    }

    /// Counts a thread in.
    pub(super) fn starts(&self) {
        *self.alive() += 1;
    }

    /// Counts a thread out.
    pub(super) fn ends(&self) {
        *self.alive() -= 1;
        self.ended.notify_all();
    }

    /// Waits until there is none; false when the deadline passed first.
    pub(super) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        let mut alive = self.alive();
        while *alive != 0 {
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            alive = no_park(|| self.ended.wait_timeout(alive, left))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}
