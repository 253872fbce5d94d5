//! Waiting for one of several descriptors.
//!
//! Protocol of the owner, who has read the tick of each descriptor before its system call:
//! 1. Lock all of them. If the tick of one has moved on, or one is not watched, unlock and go back.
//! 2. Link a waiter into the queue of each, and park.
//! 3. The commit unlocks them one after the other. Whoever tells one of them settles the wait.
//! 4. Lock each again, to unlink what is still linked.
//!
//! Invariants:
//! - The locks are taken in the caller's order. Two callers that name some of the same descriptors
//!   name them in the same order, or they might wait for each other's locks.
//! - The owner's frame stays until the commit has released the last lock, for step 4 takes that lock
//!   too. So the commit may read the frame before it releases the last one, and must not after.

use std::ptr::{self, NonNull};
use std::time::Instant;

use hueless_runtime::park::{self, LockGuard, Outcome, Wait, Waiter};

use super::{Direction, Queues, Readiness, Tick, Waited};

/// What has been seen of one of several descriptors.
pub(crate) type Seen<'a> = (&'a Readiness, Tick);

/// Waits until something is told of `direction` of one of `all` that its tick does not count, or
/// until `deadline`. Returns at once if one of them is not watched. They are different ones, at
/// least one, and in an order that whoever else waits for several of them keeps to.
///
/// Unwinds if the task is cancelled.
pub(crate) fn wait_any(
    direction: Direction,
    all: &[Seen<'_>],
    deadline: Option<Instant>,
) -> Waited {
    let mut guards: Vec<LockGuard<'_, Queues>> = Vec::with_capacity(all.len());
    let wait = Wait::begin();
    let waiters: Vec<Waiter> = (0..all.len())
        .map(|_| Waiter::new(wait.ticket(), 0, ptr::null_mut()))
        .collect();

    guards.extend(all.iter().map(|(readiness, _)| readiness.queues.lock()));
    // `is_watched` is exact: it is written under the lock that is held.
    let is_new = |(readiness, seen): &Seen<'_>| {
        readiness.tick(direction) != *seen || !readiness.is_watched()
    };
    if all.iter().any(is_new) {
        return Waited::Retry;
    }
    for (queues, waiter) in guards.iter_mut().zip(&waiters) {
        // SAFETY: the waiter is new, lies in a vector of this frame, which is not left before the
        // waiter has been popped and readied or withdrawn, and the lock of its queue is held.
        unsafe { queues[direction as usize].push(NonNull::from(waiter)) };
    }
    guards.drain(..).for_each(|guard| {
        guard.leak();
    });
    let (last, others) = all.split_last().expect("there is one to wait for");
    let last = last.0;
    let outcome = wait.park(deadline, || {
        for (readiness, _) in others {
            // SAFETY: the guard was leaked above, and the queues are not touched after this.
            unsafe { readiness.queues.unlock() };
        }
        // SAFETY: as above.
        unsafe { last.queues.unlock() };
        true
    });
    for ((readiness, _), waiter) in all.iter().zip(&waiters) {
        readiness.withdraw(direction, NonNull::from(waiter));
    }
    match outcome {
        // `Declined` does not come: the commit accepts.
        Outcome::Settled(_) | Outcome::Declined => Waited::Retry,
        Outcome::Deadline => Waited::TimedOut,
        Outcome::Cancelled => park::unwind_cancelled(),
    }
}
