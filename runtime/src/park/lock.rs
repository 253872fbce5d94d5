//! The lock of wait queues: one byte, one locked instruction a lock/unlock pair.
//!
//! Protocol: `lock` takes the byte with a compare-and-swap, `unlock` stores it back. A lock may be
//! taken on a task's stack and released by the park's commit on the worker's stack: it belongs to
//! the operation, not to a thread.
//!
//! Invariants: a critical section runs no user code, makes no system call and never parks, so it
//! lasts nanoseconds, unless the system takes the processor away from its holder. For that case a
//! contender spins only briefly and then sleeps, so that a holder of lower priority gets to run.
//!
//! Rejected: a futex lock, whose unlock is a second locked instruction (some 8 ns on every channel
//! operation) to serve a case that the sleep serves well enough.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::loom::{AtomicBool, Ordering, UnsafeCell, spin_loop, yield_now};

/// A value behind a short spin lock.
#[derive(Debug)]
pub struct Lock<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `locked` admits one holder at a time, so `&Lock<T>` gives out `&mut T` to one thread only.
unsafe impl<T: Send> Sync for Lock<T> {}
// SAFETY: a lock owns its value.
unsafe impl<T: Send> Send for Lock<T> {}

impl<T> Lock<T> {
    /// An unlocked lock around `value`.
    #[cfg(not(loom))]
    pub const fn new(value: T) -> Self {
        Self {
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// An unlocked lock around `value`.
    #[cfg(loom)]
    pub fn new(value: T) -> Self {
        Self {
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock, waiting for its holder.
    #[inline]
    pub fn lock(&self) -> LockGuard<'_, T> {
        if !self.try_acquire() {
            self.lock_slow();
        }
        LockGuard { lock: self }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        self.try_acquire().then(|| LockGuard { lock: self })
    }

    #[inline]
    fn try_acquire(&self) -> bool {
        // Acquire pairs with the Release in `unlock`: what the last holder wrote is seen.
        self.locked
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    fn lock_slow(&self) {
        let mut round = 0u32;
        loop {
            // Relaxed: a look that decides nothing; `try_acquire` does.
            while self.locked.load(Ordering::Relaxed) {
                back_off(&mut round);
            }
            if self.try_acquire() {
                return;
            }
        }
    }

    /// Releases a lock whose guard was forgotten.
    ///
    /// # Safety
    /// The caller holds the lock by a forgotten [`LockGuard`] and touches the value no more.
    #[inline]
    pub unsafe fn unlock(&self) {
        // Release pairs with the Acquire in `try_acquire`.
        self.locked.store(false, Ordering::Release);
    }
}

/// Spins, then yields the processor, then sleeps for up to a millisecond a round.
fn back_off(round: &mut u32) {
    const SPINS: u32 = 64;
    const YIELDS: u32 = 8;
    *round += 1;
    if cfg!(loom) || (SPINS..SPINS + YIELDS).contains(round) {
        yield_now();
    } else if *round < SPINS {
        spin_loop();
    } else {
        let doubled = (*round - SPINS - YIELDS).min(5);
        std::thread::sleep(Duration::from_micros(32 << doubled));
    }
}

/// Access to the value of a [`Lock`]; dropping it unlocks.
#[derive(Debug)]
#[must_use]
pub struct LockGuard<'a, T> {
    lock: &'a Lock<T>,
}

impl<'a, T> LockGuard<'a, T> {
    /// Gives up the guard but keeps the lock held, for a park's commit to release with
    /// [`Lock::unlock`].
    #[inline]
    pub fn leak(self) -> &'a Lock<T> {
        let lock = self.lock;
        std::mem::forget(self);
        lock
    }
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, so nobody else has a reference to the value.
        self.lock.value.with_mut(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock and is borrowed mutably.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for LockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this guard holds the lock and is gone after this.
        unsafe { self.lock.unlock() }
    }
}
