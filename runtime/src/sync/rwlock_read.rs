//! The guards of readers.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::sync::raw_rwlock::RawRwLock;
use crate::sync::rwlock::RwLock;

/// Access to the value of a [`RwLock`] beside other readers; dropping it unlocks, which never blocks.
///
/// ```compile_fail
/// use hueless_runtime::sync::RwLock;
/// static LOCK: RwLock<u32> = RwLock::new(0);
/// let guard = LOCK.read();
/// hueless_runtime::spawn(move || drop(guard)); // a guard is not `Send`
/// ```
#[must_use = "dropping the guard unlocks"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    _not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// A reader's guard.
    ///
    /// # Safety
    /// The caller has locked for reading and makes one guard of that.
    #[inline]
    pub(super) unsafe fn new(lock: &'a RwLock<T>) -> Self {
        Self {
            lock,
            _not_send: PhantomData,
        }
    }

    /// The lock; it stays locked.
    pub(super) fn leak(this: Self) -> &'a RwLock<T> {
        let lock = this.lock;
        mem::forget(this);
        lock
    }

    /// A guard of a part of the value.
    ///
    /// # Panics
    /// With what `f` panics with; the lock is unlocked then.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{RwLock, RwLockReadGuard};
    /// let pair = RwLock::new((1, "one"));
    /// let number = RwLockReadGuard::map(pair.read(), |pair| &pair.0);
    /// assert_eq!(*number, 1);
    /// ```
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&T) -> &U) -> MappedRwLockReadGuard<'a, U> {
        let value = NonNull::from(f(&*this));
        MappedRwLockReadGuard::new(&Self::leak(this).raw, value)
    }

    /// A guard of a part of the value, if there is such a part.
    ///
    /// # Errors
    /// The guard itself, where `f` answers `None`.
    ///
    /// # Panics
    /// As [`map`](Self::map).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{RwLock, RwLockReadGuard};
    /// let list = RwLock::new(vec![1]);
    /// assert!(RwLockReadGuard::try_map(list.read(), |list| list.get(1)).is_err());
    /// ```
    pub fn try_map<U: ?Sized>(
        this: Self,
        f: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<MappedRwLockReadGuard<'a, U>, Self> {
        match f(&*this).map(NonNull::from) {
            Some(value) => Ok(MappedRwLockReadGuard::new(&Self::leak(this).raw, value)),
            None => Err(this),
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock for reading, so nobody writes.
        unsafe { &*self.lock.value() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock for reading and is gone after this.
        unsafe { self.lock.raw.unlock_read() }
    }
}

/// Access to a part of the value of a [`RwLock`] beside other readers; dropping it unlocks.
///
/// Made by [`RwLockReadGuard::map`].
#[must_use = "dropping the guard unlocks"]
pub struct MappedRwLockReadGuard<'a, T: ?Sized> {
    raw: &'a RawRwLock,
    value: NonNull<T>,
    _value: PhantomData<(&'a T, *mut ())>,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockReadGuard<'_, T> {}

impl<'a, T: ?Sized> MappedRwLockReadGuard<'a, T> {
    fn new(raw: &'a RawRwLock, value: NonNull<T>) -> Self {
        Self {
            raw,
            value,
            _value: PhantomData,
        }
    }

    /// A guard of a part of the part.
    ///
    /// # Panics
    /// As [`RwLockReadGuard::map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
    /// let nested = RwLock::new(((1, 2), 3));
    /// let outer = RwLockReadGuard::map(nested.read(), |value| &value.0);
    /// assert_eq!(*MappedRwLockReadGuard::map(outer, |value| &value.1), 2);
    /// ```
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&T) -> &U) -> MappedRwLockReadGuard<'a, U> {
        let value = NonNull::from(f(&*this));
        let raw = this.raw;
        mem::forget(this);
        MappedRwLockReadGuard::new(raw, value)
    }
}

impl<T: ?Sized> Deref for MappedRwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock for reading; the part lies in the value, which the lock's
        // borrow keeps.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> Drop for MappedRwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock for reading and is gone after this.
        unsafe { self.raw.unlock_read() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
