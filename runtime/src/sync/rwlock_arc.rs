//! Guards that keep their lock alive.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::sync::rwlock::RwLock;
use crate::sync::rwlock_read::RwLockReadGuard;
use crate::sync::rwlock_write::RwLockWriteGuard;

/// Access to the value of a [`RwLock`] in an [`Arc`], beside other readers, without a borrow; dropping it unlocks.
///
/// Made by [`RwLock::read_arc`].
///
/// ```compile_fail
/// use hueless_runtime::sync::RwLock;
/// let guard = std::sync::Arc::new(RwLock::new(0)).read_arc();
/// hueless_runtime::spawn(move || drop(guard)); // a guard is not `Send`
/// ```
#[must_use = "dropping the guard unlocks"]
pub struct ArcRwLockReadGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
    _not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives out `&T` and a shared lock.
unsafe impl<T: ?Sized + Send + Sync> Sync for ArcRwLockReadGuard<T> {}

impl<T: ?Sized> RwLock<T> {
    /// [`read`](Self::read), with a guard that keeps the lock alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// use std::sync::Arc;
    /// let guard = Arc::new(RwLock::new(5)).read_arc();
    /// assert_eq!(*guard, 5);
    /// ```
    pub fn read_arc(self: &Arc<Self>) -> ArcRwLockReadGuard<T> {
        ArcRwLockReadGuard::of(self, self.read())
    }

    /// [`try_read`](Self::try_read), with a guard that keeps the lock alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// use std::sync::Arc;
    /// let lock = Arc::new(RwLock::new(5));
    /// let guard = lock.try_read_arc().unwrap();
    /// assert!(lock.try_write_arc().is_none());
    /// ```
    pub fn try_read_arc(self: &Arc<Self>) -> Option<ArcRwLockReadGuard<T>> {
        Some(ArcRwLockReadGuard::of(self, self.try_read()?))
    }
}

impl<T: ?Sized> ArcRwLockReadGuard<T> {
    fn of(lock: &Arc<RwLock<T>>, guard: RwLockReadGuard<'_, T>) -> Self {
        RwLockReadGuard::leak(guard);
        Self {
            lock: Arc::clone(lock),
            _not_send: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for ArcRwLockReadGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock.
        unsafe { &*self.lock.value() }
    }
}

impl<T: ?Sized> Drop for ArcRwLockReadGuard<T> {
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock and is gone after this.
        unsafe { self.lock.raw.unlock_read() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ArcRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Access to the value of a [`RwLock`] in an [`Arc`], alone, without a borrow; dropping it unlocks.
///
/// Made by [`RwLock::write_arc`].
///
/// ```compile_fail
/// use hueless_runtime::sync::RwLock;
/// let guard = std::sync::Arc::new(RwLock::new(0)).write_arc();
/// hueless_runtime::spawn(move || drop(guard)); // a guard is not `Send`
/// ```
#[must_use = "dropping the guard unlocks"]
pub struct ArcRwLockWriteGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
    _not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives out `&T` and a shared lock.
unsafe impl<T: ?Sized + Send + Sync> Sync for ArcRwLockWriteGuard<T> {}

impl<T: ?Sized> RwLock<T> {
    /// [`write`](Self::write), with a guard that keeps the lock alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// use std::sync::Arc;
    /// let guard = Arc::new(RwLock::new(5)).write_arc();
    /// assert_eq!(*guard, 5);
    /// ```
    pub fn write_arc(self: &Arc<Self>) -> ArcRwLockWriteGuard<T> {
        ArcRwLockWriteGuard::of(self, self.write())
    }

    /// [`try_write`](Self::try_write), with a guard that keeps the lock alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// use std::sync::Arc;
    /// let lock = Arc::new(RwLock::new(5));
    /// let guard = lock.try_write_arc().unwrap();
    /// assert!(lock.try_write_arc().is_none());
    /// ```
    pub fn try_write_arc(self: &Arc<Self>) -> Option<ArcRwLockWriteGuard<T>> {
        Some(ArcRwLockWriteGuard::of(self, self.try_write()?))
    }
}

impl<T: ?Sized> ArcRwLockWriteGuard<T> {
    fn of(lock: &Arc<RwLock<T>>, guard: RwLockWriteGuard<'_, T>) -> Self {
        RwLockWriteGuard::leak(guard);
        Self {
            lock: Arc::clone(lock),
            _not_send: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for ArcRwLockWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock.
        unsafe { &*self.lock.value() }
    }
}

impl<T: ?Sized> DerefMut for ArcRwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock for writing and is borrowed mutably.
        unsafe { &mut *self.lock.value() }
    }
}

impl<T: ?Sized> Drop for ArcRwLockWriteGuard<T> {
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock and is gone after this.
        unsafe { self.lock.raw.unlock_write() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ArcRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
