//! The lock of wait queues: one byte, one locked instruction a lock/unlock pair.
//!
//! Protocol: `lock` takes the byte with a compare-and-swap, `unlock` stores it back. A lock may be
//! taken on a task's stack and released by the park's commit on the worker's stack: it belongs to
//! the operation, not to a thread.
//!
//! Invariants: a critical section runs no user code and never parks. Those of wait queues make no
//! system call either, so they last nanoseconds, unless the system takes the processor away from the
//! holder; those of a migrating runtime's timers and task lists may wake a thread. For these cases a
//! contender spins only briefly and then sleeps, so that a holder of lower priority gets to run.
//!
//! Under loom the byte is a condition that contenders wait for, because loom would let two spinners
//! take turns for ever; the byte itself has a model of its own.
//!
//! Rejected: a futex lock, whose unlock is a second locked instruction (some 8 ns on every channel
//! operation) to serve a case that the sleep serves well enough.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::loom::{AtomicBool, Ordering, UnsafeCell, spin_loop, yield_now};

/// A value behind a short spin lock.
// In this order, so that a value can keep apart from the byte, which contenders look at, what its holder
// works on.
#[derive(Debug)]
#[repr(C)]
pub struct Lock<T> {
    state: State,
    value: UnsafeCell<T>,
}

// SAFETY: `state` admits one holder at a time, so `&Lock<T>` gives out `&mut T` to one thread only.
unsafe impl<T: Send> Sync for Lock<T> {}
// SAFETY: a lock owns its value.
unsafe impl<T: Send> Send for Lock<T> {}

// No panic leaves a value half changed: what runs under the lock is none of the program's code.
impl<T> std::panic::UnwindSafe for Lock<T> {}
impl<T> std::panic::RefUnwindSafe for Lock<T> {}

#[cfg(not(loom))]
type State = SpinState;
#[cfg(loom)]
type State = modelled::BlockingState;

/// The byte.
#[derive(Debug)]
pub(super) struct SpinState(AtomicBool);

impl SpinState {
    #[cfg(not(loom))]
    const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    #[inline]
    pub(super) fn try_acquire(&self) -> bool {
        // Acquire pairs with the Release in `release`: what the last holder wrote is seen.
        self.0
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[inline]
    pub(super) fn acquire(&self) {
        if !self.try_acquire() {
            self.acquire_slow();
        }
    }

    #[cold]
    fn acquire_slow(&self) {
        let mut round = 0u32;
        loop {
            // Relaxed: a look that decides nothing; `try_acquire` does.
            while self.0.load(Ordering::Relaxed) {
                back_off(&mut round);
            }
            if self.try_acquire() {
                return;
            }
        }
    }

    #[inline]
    pub(super) fn release(&self) {
        // Release pairs with the Acquire in `try_acquire`.
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(loom)]
mod modelled {
    use loom::sync::{Condvar, Mutex};

    /// `SpinState` as a model wants it.
    #[derive(Debug)]
    pub(super) struct BlockingState {
        locked: Mutex<bool>,
        freed: Condvar,
    }

    impl BlockingState {
        pub(super) fn new() -> Self {
            Self {
                locked: Mutex::new(false),
                freed: Condvar::new(),
            }
        }

        pub(super) fn try_acquire(&self) -> bool {
            !std::mem::replace(&mut *self.locked.lock().unwrap(), true)
        }

        pub(super) fn acquire(&self) {
            let mut locked = self.locked.lock().unwrap();
            while *locked {
                locked = self.freed.wait(locked).unwrap();
            }
            *locked = true;
        }

        pub(super) fn release(&self) {
            let mut locked = self.locked.lock().unwrap();
            *locked = false;
            // Before the mutex is free: the next holder may free the lock.
            self.freed.notify_one();
        }
    }
}

impl<T> Lock<T> {
    /// An unlocked lock around `value`.
    #[cfg(not(loom))]
    pub const fn new(value: T) -> Self {
        Self {
            state: State::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// An unlocked lock around `value`.
    #[cfg(loom)]
    pub fn new(value: T) -> Self {
        Self {
            state: State::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Where the value begins.
    pub const VALUE: usize = std::mem::offset_of!(Self, value);

    /// Takes the lock, waiting for its holder.
    #[inline]
    pub fn lock(&self) -> LockGuard<'_, T> {
        self.state.acquire();
        LockGuard { lock: self }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        // A guard made in vain would unlock when dropped.
        self.state.try_acquire().then(|| LockGuard { lock: self })
    }

    /// Where the value lies, for those parts of it that may be looked at without the lock.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.value.with_mut(|value| value.cast_const())
    }

    /// Releases a lock whose guard was forgotten.
    ///
    /// # Safety
    /// The caller holds the lock by a forgotten [`LockGuard`] and touches the value no more.
    #[inline]
    pub unsafe fn unlock(&self) {
        self.state.release();
    }
}

/// Spins, then yields the processor, then sleeps for up to a millisecond a round.
///
/// Spins for longer in each round, up to two microseconds or so: each look takes the lock's cache line away
/// from its holder, who most likely wants it again at once. Two threads that use one channel all the
/// time get more done if each has it for many operations in turn than if they take turns at each.
pub(crate) fn back_off(round: &mut u32) {
    const SPINS: u32 = 16;
    const MOST_PAUSES: u32 = 128;
    const YIELDS: u32 = 8;
    *round += 1;
    if cfg!(loom) || (SPINS..SPINS + YIELDS).contains(round) {
        yield_now();
    } else if *round < SPINS {
        for _ in 0..(2 << *round).min(MOST_PAUSES) {
            spin_loop();
        }
    } else {
        let doubled = (*round - SPINS - YIELDS).min(5);
        let rest = || std::thread::sleep(Duration::from_micros(32 << doubled));
        // Never a park: the caller may hold other locks.
        #[cfg(not(loom))]
        crate::task::no_park(rest);
        #[cfg(loom)]
        rest();
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
