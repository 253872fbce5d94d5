//! Guards of a part of what a mutex guards.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::sync::mutex::MutexGuard;
use crate::sync::raw_mutex::RawMutex;

/// Access to a part of the value of a [`Mutex`](super::Mutex); dropping it unlocks.
///
/// Made by [`MutexGuard::map`]. A condition variable does not take it: what waits gives the whole value up.
///
/// ```compile_fail
/// use hueless_runtime::sync::{Mutex, MutexGuard};
/// static MUTEX: Mutex<(u32, u32)> = Mutex::new((0, 0));
/// let guard = MutexGuard::map(MUTEX.lock(), |pair| &mut pair.0);
/// hueless_runtime::spawn(move || drop(guard)); // a guard is not `Send`
/// ```
#[must_use = "dropping the guard unlocks"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    raw: &'a RawMutex,
    value: NonNull<T>,
    _value: PhantomData<(&'a mut T, *mut ())>,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MappedMutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// A guard of a part of the value.
    ///
    /// # Panics
    /// With what `f` panics with; the mutex is unlocked then.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Mutex, MutexGuard};
    /// let pair = Mutex::new((1, "one"));
    /// let mut number = MutexGuard::map(pair.lock(), |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(*pair.lock(), (2, "one"));
    /// ```
    pub fn map<U: ?Sized>(
        mut this: Self,
        f: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedMutexGuard<'a, U> {
        let value = NonNull::from(f(&mut *this));
        MappedMutexGuard::new(&Self::leak(this).raw, value)
    }

    /// A guard of a part of the value, if there is such a part.
    ///
    /// # Errors
    /// The guard itself, where `f` answers `None`.
    ///
    /// # Panics
    /// With what `f` panics with; the mutex is unlocked then.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Mutex, MutexGuard};
    /// let list = Mutex::new(vec![1]);
    /// let first = MutexGuard::try_map(list.lock(), |list| list.first_mut());
    /// *first.unwrap() = 2;
    /// assert!(MutexGuard::try_map(list.lock(), |list| list.get_mut(1)).is_err());
    /// ```
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'a, U>, Self> {
        match f(&mut *this).map(NonNull::from) {
            Some(value) => Ok(MappedMutexGuard::new(&Self::leak(this).raw, value)),
            None => Err(this),
        }
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    fn new(raw: &'a RawMutex, value: NonNull<T>) -> Self {
        Self {
            raw,
            value,
            _value: PhantomData,
        }
    }

    /// A guard of a part of the part.
    ///
    /// # Panics
    /// As [`MutexGuard::map`].
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{MappedMutexGuard, Mutex, MutexGuard};
    /// let nested = Mutex::new(((1, 2), 3));
    /// let outer = MutexGuard::map(nested.lock(), |value| &mut value.0);
    /// assert_eq!(*MappedMutexGuard::map(outer, |value| &mut value.1), 2);
    /// ```
    pub fn map<U: ?Sized>(
        mut this: Self,
        f: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedMutexGuard<'a, U> {
        let value = NonNull::from(f(&mut *this));
        let raw = this.raw;
        mem::forget(this);
        MappedMutexGuard::new(raw, value)
    }
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock; the part lies in the value, which the mutex's borrow keeps.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedMutexGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock and is gone after this.
        unsafe { self.raw.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
