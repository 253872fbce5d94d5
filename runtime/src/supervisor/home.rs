//! Where children report that they have ended, and where the supervisor learns that it is cancelled.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use crate::bare::Mutex;
use crate::cancel::Context;
use crate::sync::Notify;
use crate::time::now;

/// What the supervisor's loop waits for.
pub(super) struct Home {
    news: Mutex<News>,
    /// There is news.
    changed: Notify,
    /// The earliest limit of time around the supervisor: behind its shield nobody else looks at it on an OS
    /// thread.
    limit: Option<Instant>,
}

#[derive(Default)]
struct News {
    /// The children's places, in the order of their ends.
    ended: VecDeque<usize>,
    is_cancelled: bool,
}

/// Reports the end of a child when dropped, whatever has become of it.
pub(super) struct Report {
    home: Arc<Home>,
    place: usize,
}

impl Drop for Report {
    fn drop(&mut self) {
        self.home.tell(|news| news.ended.push_back(self.place));
    }
}

impl Home {
    pub(super) fn new(limit: Option<Instant>) -> Self {
        Self {
            news: Mutex::default(),
            changed: Notify::new(),
            limit,
        }
    }

    /// For one run of the child at `place`.
    pub(super) fn report(self: &Arc<Self>, place: usize) -> Report {
        Report {
            home: self.clone(),
            place,
        }
    }

    /// Says that the supervisor is cancelled.
    pub(super) fn cancel(&self) {
        self.tell(|news| news.is_cancelled = true);
    }

    /// Whether the supervisor is cancelled, or its limit of time has passed.
    pub(super) fn is_cancelled(&self) -> bool {
        if let Some(limit) = self.limit
            && limit <= now()
        {
            // So that it is delivered at the end, even if the worker's timer is late.
            Context::with_current(|context| context.expire(limit));
            return true;
        }
        self.news().is_cancelled
    }

    /// Drops the report of a child whose end the supervisor has awaited.
    pub(super) fn forget(&self, place: usize) {
        self.news().ended.retain(|ended| *ended != place);
    }

    /// Waits for the next child to end; `None` once the supervisor is cancelled.
    pub(super) fn next(&self) -> Option<usize> {
        while !self.is_cancelled() {
            let ended = self.news().ended.pop_front();
            if ended.is_some() {
                return ended;
            }
            match self.limit {
                None => self.changed.wait(),
                // Whether it has passed is seen above.
                Some(limit) => _ = self.changed.wait_deadline(limit),
            }
        }
        None
    }

    fn tell(&self, what: impl FnOnce(&mut News)) {
        what(&mut self.news());
        self.changed.notify_one();
    }

    fn news(&self) -> MutexGuard<'_, News> {
        // Nothing that runs under the lock panics.
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
