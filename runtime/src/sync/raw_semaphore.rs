//! Counting permits, first come, first served.
//!
//! The word holds twice the number of free permits, and in its lowest bit `QUEUED`: somebody waits. That
//! bit changes under the queue's lock only, and is set exactly while the queue is not empty.
//!
//! Protocol:
//! 1. Who acquires takes its permits by one exchange if nobody waits and there are enough. Else it sets
//!    `QUEUED`, by an exchange too, so that there are not enough at that moment, and queues.
//! 2. Who releases adds to the word. If somebody waits, it gives permits to the first waiters, each of
//!    which gets all that it wants at once; it stops at the first for whom there are not enough.
//! 3. A waiter that leaves has the next ones looked at: they may want less than it did.
//!
//! Invariants:
//! - Nobody takes permits past a waiter, so one who wants many is not starved by those who want few.
//! - Where the lock is free, there are not enough permits for the first waiter, or somebody who has seen
//!   `QUEUED` is about to take the lock and to grant.
//!
//! The loom models are in `sync/loom_tests/semaphore.rs`.

use std::ptr;

use crate::loom::{AtomicUsize, Ordering};
use crate::park::{Lock, LockGuard, Pace, Wait, WaitQueue, look_out};
use crate::sync::entry::{Ended, Place, Withdrawn, wait_in};
use crate::sync::limit::{Expired, Limit};

const QUEUED: usize = 1;
const PERMIT: usize = 2;

/// See the module.
pub(super) struct RawSemaphore {
    state: AtomicUsize,
    queue: Lock<WaitQueue>,
}

/// There would be too many permits.
pub(super) struct TooMany;

impl RawSemaphore {
    /// So many permits are free at most. Four times as many can be counted, so that there is room for what
    /// comes back and is too many, until that is seen.
    pub(super) const MAX: usize = usize::MAX / PERMIT / 4;

    #[cfg(not(loom))]
    pub(super) const fn new(permits: usize) -> Self {
        Self {
            state: AtomicUsize::new(permits * PERMIT),
            queue: Lock::new(WaitQueue::new()),
        }
    }

    #[cfg(loom)]
    pub(super) fn new(permits: usize) -> Self {
        Self {
            state: AtomicUsize::new(permits * PERMIT),
            queue: Lock::new(WaitQueue::new()),
        }
    }

    /// How many permits are free at this moment.
    pub(super) fn available(&self) -> usize {
        // Relaxed: advice.
        self.state.load(Ordering::Relaxed) / PERMIT
    }

    /// Takes `n` permits if nobody waits and there are enough.
    #[inline]
    pub(super) fn try_acquire(&self, n: usize) -> bool {
        self.take_or(n, |_| None)
    }

    /// Takes `n` permits, or does what `instead` says with the word in which there are not enough;
    /// whether it has taken them.
    #[inline]
    fn take_or(&self, n: usize, instead: impl Fn(usize) -> Option<usize>) -> bool {
        // Relaxed: the exchange decides.
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let takes = n == 0 || (state & QUEUED == 0 && state / PERMIT >= n);
            let next = match takes {
                true => state - n * PERMIT,
                false => match instead(state) {
                    Some(next) => next,
                    None => return false,
                },
            };
            // Acquire pairs with the Release in `release`: what was done under the permits is seen.
            let exchanged =
                self.state
                    .compare_exchange_weak(state, next, Ordering::Acquire, Ordering::Relaxed);
            match exchanged {
                Ok(_) => return takes,
                Err(now) => state = now,
            }
        }
    }

    /// Takes `n` permits, waiting for them.
    #[inline]
    pub(super) fn acquire(&self, n: usize, limit: Limit) -> Result<(), Expired> {
        match self.try_acquire(n) {
            true => Ok(()),
            false => self.acquire_slow(n, limit),
        }
    }

    #[cold]
    #[inline(never)]
    fn acquire_slow(&self, n: usize, limit: Limit) -> Result<(), Expired> {
        if look_out(Pace::Close, || self.try_acquire(n)) {
            return Ok(());
        }
        let deadline = limit.deadline()?;
        let wait = Wait::begin();
        let queue = self.queue.lock();
        if self.take_or(n, |state| Some(state | QUEUED)) {
            return Ok(());
        }
        let wanted = ptr::from_ref(&n).cast_mut().cast();
        match wait_in(
            queue,
            |queue| queue,
            Place::Back,
            wanted,
            wait,
            deadline,
            || (),
        ) {
            Ended::Settled => Ok(()),
            Ended::Withdrawn(Withdrawn { state, cause, .. }) => {
                self.grant(state);
                Err(cause.leave())
            }
        }
    }

    /// Gives `n` permits back. Those that there would be too many of are lost.
    #[inline]
    pub(super) fn release(&self, n: usize) {
        // Release pairs with the Acquire in `take_or`.
        let before = self.state.fetch_add(n * PERMIT, Ordering::Release);
        if before & QUEUED != 0 || before / PERMIT > Self::MAX - n {
            self.released();
        }
    }

    /// After permits have come back that somebody waits for, or that are too many.
    #[cold]
    #[inline(never)]
    fn released(&self) {
        // They are too many if others have been added while they were taken.
        let keep = |free: usize| (free > Self::MAX).then_some(Self::MAX);
        let before = match self.change(keep) {
            Ok(before) | Err(before) => before,
        };
        if before & QUEUED != 0 {
            self.grant(self.queue.lock());
        }
    }

    /// Adds `n` permits that are new.
    pub(super) fn add(&self, n: usize) -> Result<(), TooMany> {
        let more = |free: usize| free.checked_add(n).filter(|&all| all <= Self::MAX);
        let before = self.change(more).map_err(|_| TooMany)?;
        if before & QUEUED != 0 {
            self.grant(self.queue.lock());
        }
        Ok(())
    }

    /// Makes of the number of free permits what `change` says, or lets it be. Returns the word before that,
    /// or as it is.
    fn change(&self, change: impl Fn(usize) -> Option<usize>) -> Result<usize, usize> {
        // Release pairs with the Acquire in `take_or`. Relaxed: the exchange decides.
        (self.state).fetch_update(Ordering::Release, Ordering::Relaxed, |state| {
            change(state / PERMIT).map(|free| (free * PERMIT) | (state & QUEUED))
        })
    }

    /// Gives permits to the first waiters, as far as they go.
    #[cold]
    #[inline(never)]
    fn grant<'a>(&'a self, mut queue: LockGuard<'a, WaitQueue>) {
        loop {
            // Acquire pairs with the Release in `release`, for the waiters who see it with their ready.
            // While somebody waits, who takes permits holds the lock: there are never less than this.
            let free = self.state.load(Ordering::Acquire) / PERMIT;
            // SAFETY: the slot of a waiter in this queue is the number that it wants, in a frame that
            // stays until the lock is free.
            let wanted = |slot: *mut ()| unsafe { *slot.cast::<usize>() };
            let popped = queue.pop_if(|slot| wanted(slot) <= free);
            let is_empty = queue.is_empty();
            // Once the queue is empty: the bit was set if there was anybody in it.
            let mut taken = 0;
            if let Some(popped) = &popped {
                taken = wanted(popped.slot) * PERMIT;
            }
            // Relaxed: as above.
            if is_empty && self.state.load(Ordering::Relaxed) & QUEUED != 0 {
                taken += QUEUED;
            }
            // Relaxed: what follows from it is read under the lock, or comes with a ready.
            self.state.fetch_sub(taken, Ordering::Relaxed);
            drop(queue);
            let granted = popped.is_some();
            drop(popped);
            if is_empty || !granted {
                return;
            }
            queue = self.queue.lock();
        }
    }
}
