//! Where children report that they have ended, and where the supervisor learns that it is cancelled.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::cancel::Context;
use crate::sync::Notify;

/// What the supervisor's loop waits for.
#[derive(Default)]
pub(super) struct Home {
    news: Mutex<News>,
    /// There is news.
    changed: Notify,
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

    pub(super) fn is_cancelled(&self) -> bool {
        self.news().is_cancelled
    }

    /// Drops the report of a child whose end the supervisor has awaited.
    pub(super) fn forget(&self, place: usize) {
        self.news().ended.retain(|ended| *ended != place);
    }

    /// Waits for the next child to end; `None` once the supervisor is cancelled. `limit` is the earliest
    /// limit of time around the supervisor: behind its shield nobody else looks at it on an OS thread.
    pub(super) fn next(&self, limit: Option<Instant>) -> Option<usize> {
        loop {
            let mut news = self.news();
            if news.is_cancelled {
                return None;
            }
            if let Some(place) = news.ended.pop_front() {
                return Some(place);
            }
            drop(news);
            match limit {
                None => self.changed.wait(),
                Some(limit) => {
                    if !self.changed.wait_deadline(limit) {
                        // So that it is delivered at the end, even if the worker's timer is late.
                        Context::with_current(|context| context.expire(limit));
                        return None;
                    }
                }
            }
        }
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
