//! Several readers or one writer.

use std::cell::UnsafeCell;
use std::fmt;
use std::time::{Duration, Instant};

use crate::sync::entry::checkpoint;
use crate::sync::limit::{Expired, Limit};
use crate::sync::poison::Poison;
use crate::sync::raw_rwlock::RawRwLock;
use crate::sync::rwlock_read::RwLockReadGuard;
use crate::sync::rwlock_write::RwLockWriteGuard;

/// A lock that admits several readers or one writer: [`std::sync::RwLock`], which parks the task that has
/// to wait and not its worker.
///
/// Tasks and OS threads may share one. It may be held across anything that waits.
///
/// # Order
/// A writer that waits keeps new readers out, and one that unlocks lets all in who wait by then. So
/// neither starves the other. Writers among themselves are served as by a [`Mutex`](super::Mutex).
///
/// # Deadlocks
/// Who holds it and locks it again may wait for ever, even if both times it is for reading: a writer may
/// have come in between.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::RwLock;
///
/// static ROUTES: RwLock<Vec<&str>> = RwLock::new(Vec::new());
/// ROUTES.write().push("/");
/// let (one, other) = (ROUTES.read(), ROUTES.read());
/// assert_eq!(one.len() + other.len(), 2);
/// ```
pub struct RwLock<T: ?Sized> {
    pub(super) raw: RawRwLock,
    pub(super) poison: Poison,
    value: UnsafeCell<T>,
}

// SAFETY: readers share the value, and a writer may move it away or drop it, on whichever thread.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}
// SAFETY: a lock owns its value.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}

impl<T: ?Sized> std::panic::UnwindSafe for RwLock<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for RwLock<T> {}

impl<T> RwLock<T> {
    /// An unlocked lock around `value`.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// static LIMIT: RwLock<u32> = RwLock::new(100);
    /// assert_eq!(*LIMIT.read(), 100);
    /// ```
    pub const fn new(value: T) -> Self {
        Self {
            raw: RawRwLock::new(),
            poison: Poison::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Gives the value back.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// assert_eq!(RwLock::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks for reading. Blocks the calling task, not its worker, while a writer holds the lock or waits
    /// for it; on a plain OS thread, the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// let lock = RwLock::new(1);
    /// assert_eq!(*lock.read() + *lock.read(), 2);
    /// ```
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        let guard = self.read_within(Limit::Never);
        guard.expect("there is no limit")
    }

    /// Locks for reading if no writer holds the lock or waits for it. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// let lock = RwLock::new(1);
    /// let reader = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_some() && lock.try_write().is_none());
    /// ```
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        // SAFETY: locked by then.
        self.raw
            .try_read()
            .then(|| unsafe { RwLockReadGuard::new(self) })
    }

    /// [`read`](Self::read)s, or gives up when it has been waiting for `timeout`. `Duration::ZERO` does
    /// not wait, `Duration::MAX` waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// use std::time::Duration;
    /// let lock = RwLock::new(1);
    /// let writer = lock.write();
    /// assert!(lock.read_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn read_timeout(&self, timeout: Duration) -> Option<RwLockReadGuard<'_, T>> {
        self.read_within(Limit::After(timeout)).ok()
    }

    /// [`read`](Self::read)s, or gives up at `deadline`.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// let lock = RwLock::new(1);
    /// assert!(lock.read_deadline(hueless_runtime::now()).is_some(), "nobody held it");
    /// ```
    pub fn read_deadline(&self, deadline: Instant) -> Option<RwLockReadGuard<'_, T>> {
        self.read_within(Limit::At(deadline)).ok()
    }

    #[inline]
    fn read_within(&self, limit: Limit) -> Result<RwLockReadGuard<'_, T>, Expired> {
        checkpoint();
        self.raw.read(limit)?;
        // SAFETY: locked just now.
        Ok(unsafe { RwLockReadGuard::new(self) })
    }

    /// Locks for writing. Blocks the calling task, not its worker, until the lock is its own; on a plain
    /// OS thread, the thread. Readers that come meanwhile wait until it has been unlocked.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// let lock = RwLock::new(1);
    /// *lock.write() += 1;
    /// assert_eq!(*lock.read(), 2);
    /// ```
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        let guard = self.write_within(Limit::Never);
        guard.expect("there is no limit")
    }

    /// Locks for writing if nobody holds the lock. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// let lock = RwLock::new(1);
    /// let writer = lock.try_write().unwrap();
    /// assert!(lock.try_write().is_none() && lock.try_read().is_none());
    /// ```
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        // SAFETY: locked by then.
        self.raw
            .try_write()
            .then(|| unsafe { RwLockWriteGuard::new(self) })
    }

    /// [`write`](Self::write)s, or gives up when it has been waiting for `timeout`; the readers that it
    /// has kept out go on then. `Duration::ZERO` does not wait, `Duration::MAX` waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// use std::time::Duration;
    /// let lock = RwLock::new(1);
    /// let reader = lock.read();
    /// assert!(lock.write_timeout(Duration::from_millis(1)).is_none());
    /// assert!(lock.try_read().is_some());
    /// ```
    pub fn write_timeout(&self, timeout: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_within(Limit::After(timeout)).ok()
    }

    /// [`write`](Self::write)s, or gives up at `deadline`.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// let lock = RwLock::new(1);
    /// assert!(lock.write_deadline(hueless_runtime::now()).is_some(), "nobody held it");
    /// ```
    pub fn write_deadline(&self, deadline: Instant) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_within(Limit::At(deadline)).ok()
    }

    #[inline]
    fn write_within(&self, limit: Limit) -> Result<RwLockWriteGuard<'_, T>, Expired> {
        checkpoint();
        self.raw.write(limit)?;
        // SAFETY: locked just now.
        Ok(unsafe { RwLockWriteGuard::new(self) })
    }

    /// The value, without locking: the exclusive reference shows that nobody else is there.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// let mut lock = RwLock::new(1);
    /// *lock.get_mut() = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Whether anybody holds the lock at this moment, or a writer waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::RwLock;
    /// let lock = RwLock::new(1);
    /// let reader = lock.read();
    /// assert!(lock.is_locked());
    /// ```
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether a closure given to [`RwLockWriteGuard::poison_on_panic`] has unwound.
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
    /// See [`RwLockWriteGuard::poison_on_panic`].
    pub fn clear_poison(&self) {
        self.poison.clear();
    }

    /// Where the value lies.
    pub(super) fn value(&self) -> *mut T {
        self.value.get()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Some(guard) => shown.field("data", &&*guard),
            None => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
