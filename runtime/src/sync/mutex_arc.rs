//! Guards that keep their mutex alive.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use crate::sync::mutex::{Mutex, MutexGuard};

/// Access to the value of a [`Mutex`] in an [`Arc`], without a borrow; dropping it unlocks.
///
/// Made by [`Mutex::lock_arc`].
///
/// ```compile_fail
/// use hueless_runtime::sync::Mutex;
/// let guard = std::sync::Arc::new(Mutex::new(0)).lock_arc();
/// hueless_runtime::spawn(move || drop(guard)); // a guard is not `Send`
/// ```
#[must_use = "dropping the guard unlocks"]
pub struct ArcMutexGuard<T: ?Sized> {
    mutex: Arc<Mutex<T>>,
    _not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives out `&T` and a shared mutex.
unsafe impl<T: ?Sized + Send + Sync> Sync for ArcMutexGuard<T> {}

impl<T: ?Sized> Mutex<T> {
    /// [`lock`](Self::lock), with a guard that keeps the mutex alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// use std::sync::Arc;
    /// let guard = Arc::new(Mutex::new(5)).lock_arc();
    /// assert_eq!(*guard, 5);
    /// ```
    pub fn lock_arc(self: &Arc<Self>) -> ArcMutexGuard<T> {
        ArcMutexGuard::of(self, self.lock())
    }

    /// [`try_lock`](Self::try_lock), with a guard that keeps the mutex alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// use std::sync::Arc;
    /// let mutex = Arc::new(Mutex::new(5));
    /// let guard = mutex.try_lock_arc().unwrap();
    /// assert!(mutex.try_lock_arc().is_none());
    /// ```
    pub fn try_lock_arc(self: &Arc<Self>) -> Option<ArcMutexGuard<T>> {
        Some(ArcMutexGuard::of(self, self.try_lock()?))
    }

    /// [`lock_timeout`](Self::lock_timeout), with a guard that keeps the mutex alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Mutex;
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// let mutex = Arc::new(Mutex::new(5));
    /// let guard = mutex.lock_arc();
    /// assert!(mutex.lock_arc_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn lock_arc_timeout(self: &Arc<Self>, timeout: Duration) -> Option<ArcMutexGuard<T>> {
        Some(ArcMutexGuard::of(self, self.lock_timeout(timeout)?))
    }
}

impl<T: ?Sized> ArcMutexGuard<T> {
    fn of(mutex: &Arc<Mutex<T>>, guard: MutexGuard<'_, T>) -> Self {
        MutexGuard::leak(guard);
        Self {
            mutex: Arc::clone(mutex),
            _not_send: PhantomData,
        }
    }

    /// The mutex that this guard has locked.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{ArcMutexGuard, Mutex};
    /// use std::sync::Arc;
    /// let guard = Arc::new(Mutex::new(())).lock_arc();
    /// assert!(ArcMutexGuard::mutex(&guard).is_locked());
    /// ```
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        &this.mutex
    }
}

impl<T: ?Sized> Deref for ArcMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock.
        unsafe { &*self.mutex.value() }
    }
}

impl<T: ?Sized> DerefMut for ArcMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock and is borrowed mutably.
        unsafe { &mut *self.mutex.value() }
    }
}

impl<T: ?Sized> Drop for ArcMutexGuard<T> {
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock and is gone after this.
        unsafe { self.mutex.raw.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ArcMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
