//! The guards of writers.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::sync::raw_rwlock::RawRwLock;
use crate::sync::rwlock::RwLock;
use crate::sync::rwlock_read::RwLockReadGuard;

/// Access to the value of a [`RwLock`], alone; dropping it unlocks, which never blocks.
///
/// ```compile_fail
/// use hueless_runtime::sync::RwLock;
/// static LOCK: RwLock<u32> = RwLock::new(0);
/// let guard = LOCK.write();
/// hueless_runtime::spawn(move || drop(guard)); // a guard is not `Send`
/// ```
#[must_use = "dropping the guard unlocks"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    _not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// A writer's guard.
    ///
    /// # Safety
    /// The caller has locked for writing and makes one guard of that.
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
    /// use hueless_runtime::sync::{RwLock, RwLockWriteGuard};
    /// let pair = RwLock::new((1, "one"));
    /// let number = RwLockWriteGuard::map(pair.write(), |pair| &mut pair.0);
    /// assert_eq!(*number, 1);
    /// ```
    pub fn map<U: ?Sized>(
        mut this: Self,
        f: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedRwLockWriteGuard<'a, U> {
        let value = NonNull::from(f(&mut *this));
        MappedRwLockWriteGuard::new(&Self::leak(this).raw, value)
    }

    /// Goes on as a reader: nobody writes in between. Readers that wait are let in. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{RwLock, RwLockWriteGuard};
    /// let lock = RwLock::new(1);
    /// let mut writer = lock.write();
    /// *writer = 2;
    /// let reader = RwLockWriteGuard::downgrade(writer);
    /// assert_eq!((*reader, *lock.read()), (2, 2));
    /// ```
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        let lock = Self::leak(this);
        // SAFETY: the leaked guard held the lock for writing, and it is held for reading after that.
        unsafe {
            lock.raw.downgrade();
            RwLockReadGuard::new(lock)
        }
    }

    /// Changes the value in steps that must not be left half-way: if `f` unwinds, by a panic or by
    /// cancellation, the lock says so from then on ([`RwLock::is_poisoned`]).
    ///
    /// # Panics
    /// With what `f` panics with.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{RwLock, RwLockWriteGuard};
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    ///
    /// let pair = RwLock::new((1, 1));
    /// let torn = catch_unwind(AssertUnwindSafe(|| {
    ///     RwLockWriteGuard::poison_on_panic(&mut pair.write(), |pair| {
    ///         pair.0 = 2;
    ///         std::panic::resume_unwind(Box::new("before the other half"));
    ///     })
    /// }));
    /// assert!(torn.is_err() && pair.is_poisoned());
    /// *pair.write() = (2, 2);
    /// pair.clear_poison();
    /// assert!(!pair.is_poisoned());
    /// ```
    pub fn poison_on_panic<R>(this: &mut Self, f: impl FnOnce(&mut T) -> R) -> R {
        let lock = this.lock;
        lock.poison.guard(|| f(this))
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
    /// use hueless_runtime::sync::{RwLock, RwLockWriteGuard};
    /// let list = RwLock::new(vec![1]);
    /// assert!(RwLockWriteGuard::try_map(list.write(), |list| list.get_mut(1)).is_err());
    /// ```
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedRwLockWriteGuard<'a, U>, Self> {
        match f(&mut *this).map(NonNull::from) {
            Some(value) => Ok(MappedRwLockWriteGuard::new(&Self::leak(this).raw, value)),
            None => Err(this),
        }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock for writing, so nobody else has a reference that excludes this one.
        unsafe { &*self.lock.value() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock for writing and is borrowed mutably.
        unsafe { &mut *self.lock.value() }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock for writing and is gone after this.
        unsafe { self.lock.raw.unlock_write() }
    }
}

/// Access to a part of the value of a [`RwLock`], alone; dropping it unlocks.
///
/// Made by [`RwLockWriteGuard::map`].
#[must_use = "dropping the guard unlocks"]
pub struct MappedRwLockWriteGuard<'a, T: ?Sized> {
    raw: &'a RawRwLock,
    value: NonNull<T>,
    _value: PhantomData<(&'a mut T, *mut ())>,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> MappedRwLockWriteGuard<'a, T> {
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
    /// As [`RwLockWriteGuard::map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};
    /// let nested = RwLock::new(((1, 2), 3));
    /// let outer = RwLockWriteGuard::map(nested.write(), |value| &mut value.0);
    /// assert_eq!(*MappedRwLockWriteGuard::map(outer, |value| &mut value.1), 2);
    /// ```
    pub fn map<U: ?Sized>(
        mut this: Self,
        f: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedRwLockWriteGuard<'a, U> {
        let value = NonNull::from(f(&mut *this));
        let raw = this.raw;
        mem::forget(this);
        MappedRwLockWriteGuard::new(raw, value)
    }
}

impl<T: ?Sized> Deref for MappedRwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock for writing; the part lies in the value, which the lock's
        // borrow keeps.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedRwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedRwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock for writing and is gone after this.
        unsafe { self.raw.unlock_write() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
