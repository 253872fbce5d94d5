//! So many at a time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::entry::checkpoint;
use crate::sync::limit::{Expired, Limit};
use crate::sync::permit::{OwnedSemaphorePermit, SemaphorePermit};
use crate::sync::raw_semaphore::RawSemaphore;

/// A number of permits, which tasks and threads take and give back: at most so many are inside at a time.
///
/// # Order
/// First come, first served, whatever the numbers: who waits for many permits is not passed by those who
/// want few.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::Semaphore;
/// use hueless_runtime::{run, spawn};
///
/// static CONNECTIONS: Semaphore = Semaphore::new(2);
///
/// run(|| {
///     let tasks: Vec<_> = (0..8)
///         .map(|_| {
///             spawn(|| {
///                 let _permit = CONNECTIONS.acquire();
///                 // Two tasks at most are here.
///             })
///         })
///         .collect();
///     tasks.into_iter().for_each(|task| task.join().unwrap());
///     assert_eq!(CONNECTIONS.available_permits(), 2);
/// });
/// ```
pub struct Semaphore(RawSemaphore);

impl Semaphore {
    /// The greatest number of permits that are free at a time.
    ///
    /// More than that may be about, if some are added while others are taken. As many of those that are given
    /// back as would be too many are lost.
    pub const MAX_PERMITS: usize = RawSemaphore::MAX;

    /// A semaphore with `permits` permits.
    ///
    /// # Panics
    /// If that is more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// static DOWNLOADS: Semaphore = Semaphore::new(4);
    /// assert_eq!(DOWNLOADS.available_permits(), 4);
    /// ```
    pub const fn new(permits: usize) -> Self {
        assert!(permits <= Self::MAX_PERMITS, "too many permits");
        Self(RawSemaphore::new(permits))
    }

    /// Takes a permit. Blocks the calling task, not its worker, until there is one for it; on a plain OS
    /// thread, the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.acquire();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// drop(permit);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn acquire(&self) -> SemaphorePermit<'_> {
        self.acquire_many(1)
    }

    /// Takes `n` permits, all at once; blocks as [`acquire`](Self::acquire) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// let semaphore = Semaphore::new(5);
    /// let permit = semaphore.acquire_many(3);
    /// assert_eq!((permit.permits(), semaphore.available_permits()), (3, 2));
    /// ```
    pub fn acquire_many(&self, n: usize) -> SemaphorePermit<'_> {
        let permit = self.acquire_within(n, Limit::Never);
        permit.expect("there is no limit")
    }

    /// Takes a permit if there is one and nobody waits for it. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.try_acquire().unwrap();
    /// assert!(semaphore.try_acquire().is_none());
    /// ```
    pub fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if there are so many and nobody waits. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// assert!(semaphore.try_acquire_many(4).is_none());
    /// assert!(semaphore.try_acquire_many(3).is_some());
    /// ```
    pub fn try_acquire_many(&self, n: usize) -> Option<SemaphorePermit<'_>> {
        let taken = n <= Self::MAX_PERMITS && self.0.try_acquire(n);
        taken.then(|| SemaphorePermit::new(self, n))
    }

    /// [`acquire`](Self::acquire)s, or gives up when it has been waiting for `timeout`. `Duration::ZERO`
    /// does not wait, `Duration::MAX` waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::time::Duration;
    /// let semaphore = Semaphore::new(0);
    /// assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<SemaphorePermit<'_>> {
        self.acquire_many_timeout(1, timeout)
    }

    /// [`acquire_many`](Self::acquire_many), or gives up as
    /// [`acquire_timeout`](Self::acquire_timeout) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::time::Duration;
    /// let semaphore = Semaphore::new(2);
    /// assert!(semaphore.acquire_many_timeout(3, Duration::from_millis(1)).is_none());
    /// assert!(semaphore.acquire_many_timeout(2, Duration::from_millis(1)).is_some());
    /// ```
    pub fn acquire_many_timeout(&self, n: usize, timeout: Duration) -> Option<SemaphorePermit<'_>> {
        self.acquire_within(n, Limit::After(timeout)).ok()
    }

    /// [`acquire`](Self::acquire)s, or gives up at `deadline`.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// let semaphore = Semaphore::new(1);
    /// assert!(semaphore.acquire_deadline(hueless_runtime::now()).is_some(), "there was one");
    /// ```
    pub fn acquire_deadline(&self, deadline: Instant) -> Option<SemaphorePermit<'_>> {
        self.acquire_within(1, Limit::At(deadline)).ok()
    }

    /// [`acquire`](Self::acquire)s a permit that keeps the semaphore alive and may go to another task.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use hueless_runtime::{run, spawn};
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(2));
    /// run(|| {
    ///     for _ in 0..10 {
    ///         let permit = semaphore.acquire_owned();
    ///         // Never more than two of them at a time.
    ///         spawn(move || drop(permit));
    ///     }
    /// });
    /// ```
    pub fn acquire_owned(self: &Arc<Self>) -> OwnedSemaphorePermit {
        self.acquire_many_owned(1)
    }

    /// [`acquire_many`](Self::acquire_many), as [`acquire_owned`](Self::acquire_owned) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// let permit = Arc::new(Semaphore::new(2)).acquire_many_owned(2);
    /// assert_eq!(permit.permits(), 2);
    /// ```
    pub fn acquire_many_owned(self: &Arc<Self>, n: usize) -> OwnedSemaphorePermit {
        self.acquire_many(n).into_owned(Arc::clone(self))
    }

    /// [`try_acquire`](Self::try_acquire), as [`acquire_owned`](Self::acquire_owned) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = semaphore.try_acquire_owned();
    /// assert!(permit.is_some() && semaphore.try_acquire_owned().is_none());
    /// ```
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedSemaphorePermit> {
        Some(self.try_acquire()?.into_owned(Arc::clone(self)))
    }

    /// [`acquire_timeout`](Self::acquire_timeout), as [`acquire_owned`](Self::acquire_owned) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// let semaphore = Arc::new(Semaphore::new(0));
    /// assert!(semaphore.acquire_owned_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn acquire_owned_timeout(
        self: &Arc<Self>,
        timeout: Duration,
    ) -> Option<OwnedSemaphorePermit> {
        let permit = self.acquire_timeout(timeout)?;
        Some(permit.into_owned(Arc::clone(self)))
    }

    #[inline]
    fn acquire_within(&self, n: usize, limit: Limit) -> Result<SemaphorePermit<'_>, Expired> {
        assert!(
            n <= Self::MAX_PERMITS,
            "a semaphore never has {n} permits: at most {}",
            Self::MAX_PERMITS
        );
        checkpoint();
        self.0.acquire(n, limit)?;
        Ok(SemaphorePermit::new(self, n))
    }

    /// Adds `n` permits to those there are. Never blocks.
    ///
    /// # Panics
    /// If more than [`MAX_PERMITS`](Self::MAX_PERMITS) would be free; none is added then.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// let semaphore = Semaphore::new(0);
    /// semaphore.add_permits(2);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    pub fn add_permits(&self, n: usize) {
        if self.0.add(n).is_err() {
            panic!("a semaphore has at most {} permits", Self::MAX_PERMITS);
        }
    }

    /// How many permits are free at this moment.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// assert_eq!(Semaphore::new(3).available_permits(), 3);
    /// ```
    pub fn available_permits(&self) -> usize {
        self.0.available()
    }

    /// Gives permits back.
    pub(super) fn release(&self, n: usize) {
        self.0.release(n);
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .finish_non_exhaustive()
    }
}
