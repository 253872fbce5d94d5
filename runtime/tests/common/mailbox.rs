//! A place for one message, on the park seam: what a channel is, in its smallest form.

use std::mem::forget;
use std::pin::pin;
use std::ptr::{self, NonNull};
use std::time::Instant;

use hueless_runtime::park::{Lock, Outcome, Wait, WaitQueue, Waiter, unwind_cancelled};

pub(crate) struct Mailbox<T>(Lock<Inner<T>>);

struct Inner<T> {
    message: Option<T>,
    takers: WaitQueue,
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Self {
        Self(Lock::new(Inner {
            message: None,
            takers: WaitQueue::new(),
        }))
    }

    /// Leaves a message, in place of the one that lies there, and wakes a taker.
    pub(crate) fn put(&self, message: T) {
        let mut inner = self.0.lock();
        inner.message = Some(message);
        let taker = inner.takers.pop();
        drop(inner);
        drop(taker);
    }

    /// Waits for a message.
    pub(crate) fn take(&self) -> T {
        self.take_until(None).expect("there is no deadline")
    }

    /// Waits for a message, until `deadline` at most.
    pub(crate) fn take_until(&self, deadline: Option<Instant>) -> Option<T> {
        loop {
            let wait = Wait::begin();
            let mut inner = self.0.lock();
            if let Some(message) = inner.message.take() {
                return Some(message);
            }
            let waiter = pin!(Waiter::new(wait.ticket(), 0, ptr::null_mut()));
            let waiter = NonNull::from(&*waiter);
            // SAFETY: under the lock; it is removed below, before its frame goes.
            unsafe { inner.takers.push(waiter) };
            forget(inner);
            let outcome = wait.park(deadline, || {
                // SAFETY: locked above, and the guard forgotten.
                unsafe { self.0.unlock() };
                true
            });
            let mut inner = self.0.lock();
            // SAFETY: in this queue, if it is linked at all.
            unsafe { inner.takers.remove(waiter) };
            match outcome {
                Outcome::Settled(_) | Outcome::Declined => {}
                Outcome::Deadline => return None,
                Outcome::Cancelled => {
                    drop(inner);
                    unwind_cancelled();
                }
            }
        }
    }
}
