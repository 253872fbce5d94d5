//! A lock that waits by parking: what [`Mutex`](super::Mutex) and the writers of
//! [`RwLock`](super::RwLock) are made of.
//!
//! Bits of the word:
//!
//! | bit | meaning | changed by |
//! | --- | --- | --- |
//! | `LOCKED` | somebody holds the lock | whoever takes or frees it |
//! | `WAITERS` | the queue may hold somebody | holders of the queue's lock |
//! | `WOKEN` | a waiter was popped and is on its way to take the lock | set under the queue's lock, cleared by that waiter |
//! | `STARVING` | who unlocks hands the lock over | holders of the queue's lock |
//!
//! Protocol, by the rules of Go's `sync.Mutex`:
//! 1. Who comes takes the lock if it is free, whoever waits (*barging*): it runs already, and a lock that
//!    waits for a waiter to come round does nothing meanwhile.
//! 2. Else it queues, having made sure in one step that the lock is held and that `WAITERS` is set.
//! 3. Who unlocks wakes the first waiter, unless one is on its way already.
//! 4. A woken waiter that finds the lock taken goes back to the front of the queue. If it has been
//!    waiting for longer than [`PATIENCE`], it sets `STARVING`.
//! 5. Who unlocks a starving lock leaves it locked and gives it to the first waiter, until that one has
//!    been waiting for less, or was the last.
//!
//! Invariants:
//! - If the lock is free and the queue is not empty, then a woken waiter is on its way, or somebody is
//!   about to wake one.
//! - A woken waiter that gives up passes its wake-up on ([`Woken`]).
//!
//! A woken waiter on a worker that does not react holds up those behind it, as one that holds the lock
//! would; whoever comes new takes the lock past it.
//!
//! A waiter that is a task never looks out for the lock before it parks: the holder may be queued behind
//! it. An OS thread does, for as long as that pays.
//!
//! The loom models are in `sync/loom_tests/mutex.rs`.

use std::mem;
use std::ptr;
use std::time::{Duration, Instant};

use crate::loom::{AtomicU32, Ordering, UnsafeCell};
use crate::park::{Lock, LockGuard, Pace, WaitQueue, look_out};
use crate::sync::entry::{Ended, Interrupt, Place, Withdrawn, wait_in};
use crate::sync::limit::{Expired, Limit};

const LOCKED: u32 = 1;
const WAITERS: u32 = 2;
const WOKEN: u32 = 4;
const STARVING: u32 = 8;

/// For how long a waiter puts up with others that take the lock before it.
const PATIENCE: Duration = Duration::from_millis(1);

/// See the module.
pub(crate) struct RawMutex {
    state: AtomicU32,
    queue: Lock<WaitQueue>,
}

/// What a waiter's slot points to.
struct Request {
    since: Instant,
    /// Whether the lock was handed over. Written by the winner of the claim.
    handed: UnsafeCell<bool>,
}

impl Request {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            handed: UnsafeCell::new(false),
        }
    }

    /// Whether the waiter has lost patience. It has none in a model, where there is no time, nor in a
    /// runtime with a seed, where time decides nothing.
    fn is_starving(&self) -> bool {
        #[cfg(not(loom))]
        if crate::park::seeded_number().is_none() {
            return self.since.elapsed() >= PATIENCE;
        }
        true
    }
}

/// A waiter's wake-up. Dropped, it is passed on.
struct Woken<'a>(&'a RawMutex);

impl Drop for Woken<'_> {
    fn drop(&mut self) {
        // Relaxed: nothing is read under the lock.
        let before = self.0.state.fetch_and(!WOKEN, Ordering::Relaxed);
        // If it is locked, the holder will see that nobody is on the way any more.
        if before & (LOCKED | WAITERS) == WAITERS {
            self.0.wake_next();
        }
    }
}

impl RawMutex {
    /// An unlocked lock.
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            state: AtomicU32::new(0),
            queue: Lock::new(WaitQueue::new()),
        }
    }

    /// An unlocked lock.
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU32::new(0),
            queue: Lock::new(WaitQueue::new()),
        }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        // Acquire pairs with the Release in `unlock`: what the last holder wrote is seen.
        self.state.fetch_or(LOCKED, Ordering::Acquire) & LOCKED == 0
    }

    /// Takes the lock, waiting for it.
    #[inline]
    pub(crate) fn lock(&self) {
        if !self.try_lock() {
            let locked = self.lock_slow(Limit::Never, Interrupt::Allowed);
            debug_assert!(locked.is_ok());
        }
    }

    /// [`lock`](Self::lock) within `limit`.
    #[inline]
    pub(crate) fn lock_within(&self, limit: Limit) -> Result<(), Expired> {
        match self.try_lock() {
            true => Ok(()),
            false => self.lock_slow(limit, Interrupt::Allowed),
        }
    }

    /// [`lock`](Self::lock), which no cancellation interrupts.
    #[inline]
    pub(crate) fn lock_shielded(&self) {
        if !self.try_lock() {
            let locked = self.lock_slow(Limit::Never, Interrupt::Shielded);
            debug_assert!(locked.is_ok());
        }
    }

    /// Whether somebody holds the lock at this moment.
    pub(crate) fn is_locked(&self) -> bool {
        // Relaxed: advice.
        self.state.load(Ordering::Relaxed) & LOCKED != 0
    }

    #[cold]
    #[inline(never)]
    fn lock_slow(&self, limit: Limit, interrupt: Interrupt) -> Result<(), Expired> {
        if look_out(Pace::Close, || !self.is_locked() && self.try_lock()) {
            return Ok(());
        }
        let deadline = limit.deadline()?;
        let request = Request::new();
        let mut woken = None;
        loop {
            // Unwinds if the task is cancelled; a wake-up is passed on then.
            let wait = interrupt.begin();
            let queue = self.queue.lock();
            let was_woken = woken.is_some();
            let is_starving = was_woken && request.is_starving();
            let locked = self.lock_or_announce(was_woken, is_starving);
            mem::forget(woken.take());
            if locked {
                return Ok(());
            }
            let place = match was_woken {
                true => Place::Front,
                false => Place::Back,
            };
            let slot = ptr::from_ref(&request).cast_mut().cast();
            match wait_in(queue, |queue| queue, place, slot, wait, deadline, || ()) {
                Ended::Settled => {
                    // SAFETY: whoever settled the wait has readied it, so the request is ours again.
                    if request.handed.with_mut(|handed| unsafe { *handed }) {
                        return Ok(());
                    }
                    woken = Some(Woken(self));
                    if self.try_lock_woken() {
                        mem::forget(woken);
                        return Ok(());
                    }
                }
                Ended::Withdrawn(Withdrawn { state, cause, .. }) => {
                    if state.is_empty() {
                        self.nobody_waits(&state);
                    }
                    drop(state);
                    return Err(cause.leave());
                }
            }
        }
    }

    /// Takes the lock, or announces a waiter, in one step; says which. Under the queue's lock.
    ///
    /// A waiter that was woken is on its way no more.
    fn lock_or_announce(&self, was_woken: bool, is_starving: bool) -> bool {
        let arrived = if was_woken { WOKEN } else { 0 };
        let starving = if is_starving { STARVING } else { 0 };
        // Relaxed: the exchange decides.
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let locks = state & LOCKED == 0;
            let next = match locks {
                true => (state | LOCKED) & !arrived,
                false => (state & !arrived) | WAITERS | starving,
            };
            // Acquire pairs with the Release in `unlock`.
            let exchanged =
                self.state
                    .compare_exchange_weak(state, next, Ordering::Acquire, Ordering::Relaxed);
            match exchanged {
                Ok(_) => return locks,
                Err(now) => state = now,
            }
        }
    }

    /// Takes the lock if it is free, for a waiter that was woken, which then is on its way no more.
    fn try_lock_woken(&self) -> bool {
        // Relaxed: the exchange decides.
        let mut state = self.state.load(Ordering::Relaxed);
        while state & LOCKED == 0 {
            let next = (state | LOCKED) & !WOKEN;
            // Acquire pairs with the Release in `unlock`.
            let exchanged =
                self.state
                    .compare_exchange_weak(state, next, Ordering::Acquire, Ordering::Relaxed);
            match exchanged {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Frees the lock, or hands it over.
    ///
    /// # Safety
    /// The caller holds the lock.
    #[inline]
    pub(crate) unsafe fn unlock(&self) {
        // Relaxed: one that is set a moment later is seen below, or by the next holder.
        if self.state.load(Ordering::Relaxed) & STARVING != 0 {
            return self.hand_over(self.queue.lock());
        }
        // Release pairs with the Acquires where the lock is taken.
        let before = self.state.fetch_sub(LOCKED, Ordering::Release);
        if before & (WAITERS | WOKEN) == WAITERS {
            self.wake_next();
        }
    }

    /// Wakes the first waiter of a lock that was free a moment ago.
    #[cold]
    #[inline(never)]
    fn wake_next(&self) {
        let mut queue = self.queue.lock();
        // Relaxed: `WAITERS` and `STARVING` are ours by the queue's lock. If the lock is taken again, its
        // holder unlocks later and sees what is written here.
        let state = self.state.load(Ordering::Relaxed);
        if state & (LOCKED | WOKEN) != 0 {
            return;
        }
        if state & STARVING != 0 {
            if self.try_lock() {
                self.hand_over(queue);
            }
            return;
        }
        let popped = queue.pop();
        let on_its_way = if popped.is_some() { WOKEN } else { 0 };
        let emptied = match queue.is_empty() {
            true => state & WAITERS,
            false => 0,
        };
        // Relaxed: what the waiter is to see it sees with its ready. `WOKEN` is set only under the queue's
        // lock, so both bits are as they were.
        self.state
            .fetch_xor(on_its_way | emptied, Ordering::Relaxed);
        drop(queue);
        drop(popped);
    }

    /// Gives a lock that the caller holds to the first waiter, or frees it if there is none.
    #[cold]
    #[inline(never)]
    fn hand_over(&self, mut queue: LockGuard<'_, WaitQueue>) {
        let Some(popped) = queue.pop() else {
            // Release pairs with the Acquires where the lock is taken.
            self.state
                .fetch_and(!(LOCKED | WAITERS | STARVING), Ordering::Release);
            return;
        };
        // SAFETY: the claim is won, so the waiter's frame stays and its request is ours.
        let request = unsafe { &*popped.slot.cast::<Request>() };
        // SAFETY: as above.
        request.handed.with_mut(|handed| unsafe { *handed = true });
        // Relaxed: bits of the queue's lock. What the lock guards comes to the waiter with its ready.
        if queue.is_empty() {
            self.nobody_waits(&queue);
        } else if !request.is_starving() {
            self.state.fetch_and(!STARVING, Ordering::Relaxed);
        }
        drop(queue);
        popped.claimed.ready();
    }

    /// The queue is empty.
    fn nobody_waits(&self, _queue: &LockGuard<'_, WaitQueue>) {
        // Relaxed: bits of the queue's lock, whose holder the caller is.
        self.state
            .fetch_and(!(WAITERS | STARVING), Ordering::Relaxed);
    }
}
