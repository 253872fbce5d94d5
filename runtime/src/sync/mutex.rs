//! One at a time.

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use crate::sync::entry::checkpoint;
use crate::sync::limit::Limit;
use crate::sync::poison::Poison;
use crate::sync::raw_mutex::RawMutex;

/// A lock that admits one task or thread at a time to a value: [`std::sync::Mutex`], which parks the task
/// that has to wait and not its worker.
///
/// Tasks and OS threads may share one. It may be held across anything that waits.
///
/// # Order
/// Who finds the lock free takes it, even if others wait; the one that waits first is woken and tries again.
/// Once it has been waiting for a millisecond the lock is handed over, in the order of waiting, until
/// nobody waits for so long. So nobody waits for ever, and nearly nobody takes turns.
///
/// # Panics and poisoning
/// A guard that is dropped by a panic unlocks, and that is all: there is no poisoning to unwrap. Who changes
/// the value in steps that must not be left half-way says so, with
/// [`MutexGuard::poison_on_panic`], and who cares asks [`is_poisoned`](Self::is_poisoned).
///
/// # Deadlocks
/// To lock it again while holding it waits for ever.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::Mutex;
/// use hueless_runtime::{run, spawn};
///
/// static COUNT: Mutex<u32> = Mutex::new(0);
///
/// run(|| {
///     let tasks: Vec<_> = (0..8).map(|_| spawn(|| *COUNT.lock() += 1)).collect();
///     tasks.into_iter().for_each(|task| task.join().unwrap());
///     assert_eq!(*COUNT.lock(), 8);
/// });
/// ```
pub struct Mutex<T: ?Sized> {
    pub(super) raw: RawMutex,
    poison: Poison,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives the value to one thread at a time, which may move it away or drop it.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
// SAFETY: a mutex owns its value.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}

impl<T: ?Sized> std::panic::UnwindSafe for Mutex<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex around `value`.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    /// NAMES.lock().push("fetch".to_owned());
    /// ```
    pub const fn new(value: T) -> Self {
        Self {
            raw: RawMutex::new(),
            poison: Poison::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Gives the value back.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// assert_eq!(Mutex::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks. Blocks the calling task, not its worker, until the lock is its own; on a plain OS thread,
    /// the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// let mutex = Mutex::new(1);
    /// *mutex.lock() += 1;
    /// assert_eq!(*mutex.lock(), 2);
    /// ```
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        checkpoint();
        self.raw.lock();
        MutexGuard::new(self)
    }

    /// Locks if nobody holds the lock. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// let mutex = Mutex::new(());
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_none());
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        // Looks first: a failed attempt takes the cache line away from the holder.
        (!self.raw.is_locked() && self.raw.try_lock()).then(|| MutexGuard::new(self))
    }

    /// [`lock`](Self::lock)s, or gives up when it has been waiting for `timeout`. `Duration::ZERO` does
    /// not wait, `Duration::MAX` waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// use std::time::Duration;
    /// let mutex = Mutex::new(());
    /// let guard = mutex.lock();
    /// assert!(mutex.lock_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn lock_timeout(&self, timeout: Duration) -> Option<MutexGuard<'_, T>> {
        self.lock_within(Limit::After(timeout))
    }

    /// [`lock`](Self::lock)s, or gives up at `deadline`.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// let mutex = Mutex::new(());
    /// let guard = mutex.lock_deadline(hueless_runtime::now());
    /// assert!(guard.is_some(), "nobody held it");
    /// ```
    pub fn lock_deadline(&self, deadline: Instant) -> Option<MutexGuard<'_, T>> {
        self.lock_within(Limit::At(deadline))
    }

    fn lock_within(&self, limit: Limit) -> Option<MutexGuard<'_, T>> {
        checkpoint();
        let locked = self.raw.lock_within(limit);
        locked.ok().map(|()| MutexGuard::new(self))
    }

    /// The value, without locking: the exclusive reference shows that nobody else is there.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// let mut mutex = Mutex::new(1);
    /// *mutex.get_mut() = 2;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Whether somebody holds the lock at this moment.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// let mutex = Mutex::new(());
    /// assert!(!mutex.is_locked());
    /// let guard = mutex.lock();
    /// assert!(mutex.is_locked());
    /// ```
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether a closure given to [`MutexGuard::poison_on_panic`] has unwound.
    ///
    /// # Examples
    ///
    /// See there.
    pub fn is_poisoned(&self) -> bool {
        self.poison.is_set()
    }

    /// Makes [`is_poisoned`](Self::is_poisoned) false again.
    ///
    /// # Examples
    ///
    /// See [`MutexGuard::poison_on_panic`].
    pub fn clear_poison(&self) {
        self.poison.clear();
    }

    /// Where the value lies.
    pub(super) fn value(&self) -> *mut T {
        self.value.get()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(guard) => shown.field("data", &&*guard),
            None => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Access to the value of a [`Mutex`]; dropping it unlocks, which never blocks.
///
/// # `Send`
/// A guard stays in the task, or on the thread, that has locked:
///
/// ```compile_fail
/// use hueless_runtime::sync::Mutex;
/// static MUTEX: Mutex<u32> = Mutex::new(0);
/// let guard = MUTEX.lock();
/// hueless_runtime::spawn(move || drop(guard));
/// ```
#[must_use = "dropping the guard unlocks"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    _not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The guard of whoever has just locked `mutex`.
    #[inline]
    pub(super) fn new(mutex: &'a Mutex<T>) -> Self {
        Self {
            mutex,
            _not_send: PhantomData,
        }
    }

    /// The mutex; it stays locked.
    #[inline]
    pub(super) fn leak(this: Self) -> &'a Mutex<T> {
        let mutex = this.mutex;
        std::mem::forget(this);
        mutex
    }

    /// The mutex that this guard has locked.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Mutex, MutexGuard};
    /// let mutex = Mutex::new(());
    /// let guard = mutex.lock();
    /// assert!(MutexGuard::mutex(&guard).is_locked());
    /// ```
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }

    /// Changes the value in steps that must not be left half-way: if `f` unwinds, by a panic or by
    /// cancellation, the mutex says so from then on ([`Mutex::is_poisoned`]).
    ///
    /// # Panics
    /// With what `f` panics with.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Mutex, MutexGuard};
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    ///
    /// let pair = Mutex::new((1, 1));
    /// let torn = catch_unwind(AssertUnwindSafe(|| {
    ///     MutexGuard::poison_on_panic(&mut pair.lock(), |pair| {
    ///         pair.0 = 2;
    ///         std::panic::resume_unwind(Box::new("before the other half"));
    ///     })
    /// }));
    /// assert!(torn.is_err() && pair.is_poisoned());
    /// *pair.lock() = (2, 2);
    /// pair.clear_poison();
    /// assert!(!pair.is_poisoned());
    /// ```
    pub fn poison_on_panic<R>(this: &mut Self, f: impl FnOnce(&mut T) -> R) -> R {
        let mutex = this.mutex;
        mutex.poison.guard(|| f(this))
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, so nobody else has a reference that excludes this one.
        unsafe { &*self.mutex.value() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock and is borrowed mutably.
        unsafe { &mut *self.mutex.value() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock and is gone after this.
        unsafe { self.mutex.raw.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
