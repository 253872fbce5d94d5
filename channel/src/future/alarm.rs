//! What wakes a future that receives from the clock.
//!
//! Nobody sends there, and a future has no deadline of its own: a task sleeps for it. The future and
//! the task share a [`Bell`]; whoever is first takes the waker out, the task to run it when it is time,
//! the future when it needs it no more. Then the task ends early.

use std::cell::Cell;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use hueless_runtime::park::{Lock, wake};

use crate::loom::{Sleeper, now};

/// A future's part. Allocates nothing before it is used.
pub(super) struct Alarm(Cell<Option<Box<Set>>>);

/// An alarm in use.
struct Set {
    /// Since when the future has been there.
    since: Instant,
    call: Option<Call>,
}

/// A task that sleeps for the future.
struct Call {
    at: Instant,
    bell: Arc<Bell>,
    sleeper: Sleeper,
}

/// The waker, until it is time or the future needs it no more.
pub(crate) struct Bell(Lock<Option<Waker>>);

/// The sleeping task's part: dropping it rings, even if the task ends before its time.
pub(crate) struct Ringer(Arc<Bell>);

impl Ringer {
    /// Whether somebody still waits for it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.0.lock().is_some()
    }
}

impl Drop for Ringer {
    fn drop(&mut self) {
        let waker = self.0.0.lock().take();
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let waker = self.bell.0.lock().take();
        self.sleeper.wake();
        drop(waker);
    }
}

impl Alarm {
    pub(super) fn new() -> Self {
        Self(Cell::new(None))
    }

    /// Since when the future has been there.
    pub(super) fn since(&self) -> Instant {
        let set = self.0.take().unwrap_or_else(|| {
            Box::new(Set {
                since: now(),
                call: None,
            })
        });
        let since = set.since;
        self.0.set(Some(set));
        since
    }

    /// Ends the future's being there.
    pub(super) fn clear(&self) {
        drop(self.0.take());
    }

    /// Has `waker` run at that time, if ever; true if it is that time already.
    pub(super) fn rings(&self, at: Option<Instant>, waker: &Waker) -> bool {
        let Some(mut set) = self.0.take() else {
            return false;
        };
        let rings = match (at, &set.call) {
            (Some(at), Some(call)) if call.at == at => !call.replace(waker),
            _ => {
                set.call = at.map(|at| Call::new(at, waker.clone()));
                false
            }
        };
        if rings {
            set.call = None;
        }
        self.0.set(Some(set));
        rings
    }
}

impl Call {
    fn new(at: Instant, waker: Waker) -> Self {
        let bell = Arc::new(Bell(Lock::new(Some(waker))));
        let sleeper = Sleeper::start(at, Ringer(bell.clone()));
        Self { at, bell, sleeper }
    }

    /// Has another waker run; false if one was run already.
    fn replace(&self, waker: &Waker) -> bool {
        if let Some(known) = &*self.bell.0.lock()
            && known.will_wake(waker)
        {
            return true;
        }
        let new = waker.clone();
        let mut bell = self.bell.0.lock();
        let is_set = bell.is_some();
        let unused = match is_set {
            true => bell.replace(new),
            false => Some(new),
        };
        drop(bell);
        drop(unused);
        is_set
    }
}
