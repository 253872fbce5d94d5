//! What a semaphore gives out.

use std::fmt;
use std::sync::Arc;

use crate::sync::semaphore::Semaphore;

/// Permits of a [`Semaphore`]. Dropping it gives them back, which never blocks.
#[must_use = "dropping the permit gives it back"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl<'a> SemaphorePermit<'a> {
    /// `permits` of `semaphore`, which the caller has taken.
    pub(super) fn new(semaphore: &'a Semaphore, permits: usize) -> Self {
        Self { semaphore, permits }
    }

    /// The same permits, of the semaphore by another reference.
    pub(super) fn into_owned(mut self, semaphore: Arc<Semaphore>) -> OwnedSemaphorePermit {
        let permits = std::mem::take(&mut self.permits);
        OwnedSemaphorePermit { semaphore, permits }
    }
}

impl SemaphorePermit<'_> {
    /// How many permits this holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// assert_eq!(semaphore.acquire_many(2).permits(), 2);
    /// ```
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Keeps the permits for good: the semaphore has fewer from then on.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// semaphore.acquire_many(2).forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes `n` of the permits out, if it holds so many.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let mut permit = semaphore.acquire_many(3);
    /// drop(permit.split(1));
    /// assert_eq!((permit.permits(), semaphore.available_permits()), (2, 1));
    /// assert!(permit.split(3).is_none());
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(Self {
            semaphore: self.semaphore,
            permits: n,
        })
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        if self.permits != 0 {
            self.semaphore.release(self.permits);
        }
    }
}

impl fmt::Debug for SemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphorePermit")
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}

/// Permits of a [`Semaphore`] in an [`Arc`], without a borrow. It may go to another task. Dropping it gives them back, which never blocks.
#[must_use = "dropping the permit gives it back"]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl OwnedSemaphorePermit {
    /// How many permits this holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// assert_eq!(semaphore.acquire_many_owned(2).permits(), 2);
    /// ```
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Keeps the permits for good: the semaphore has fewer from then on.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// semaphore.acquire_many_owned(2).forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes `n` of the permits out, if it holds so many.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Semaphore;
    /// use std::sync::Arc;
    /// let semaphore = Arc::new(Semaphore::new(3));
    /// let mut permit = semaphore.acquire_many_owned(3);
    /// drop(permit.split(1));
    /// assert_eq!((permit.permits(), semaphore.available_permits()), (2, 1));
    /// assert!(permit.split(3).is_none());
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(Self {
            semaphore: Arc::clone(&self.semaphore),
            permits: n,
        })
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        if self.permits != 0 {
            self.semaphore.release(self.permits);
        }
    }
}

impl fmt::Debug for OwnedSemaphorePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedSemaphorePermit")
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}
