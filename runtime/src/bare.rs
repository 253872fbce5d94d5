//! std's locks for hueless's own use: who has to wait for one blocks its thread, also where std's locks
//! park the tasks of the program (package hueless-uncolor).
//!
//! What is done under these locks is short and waits for nothing that needs a worker. A park there would let
//! a neighbour in half-way, and would leave a lock that workers themselves take to a task that waits for its
//! worker.
//!
//! Only what hueless uses of them is here. Guards and errors are std's.

#[cfg(loom)]
pub use std::sync::{Mutex, Once, OnceLock, RwLock};

#[cfg(not(loom))]
pub use blocking::{Mutex, Once, OnceLock, RwLock};

#[cfg(not(loom))]
mod blocking {
    use std::sync::{
        self, LockResult, MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard, TryLockError,
        TryLockResult,
    };

    use crate::task::no_park;

    /// [`std::sync::Mutex`].
    #[derive(Debug, Default)]
    pub struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        /// As std's.
        pub const fn new(value: T) -> Self {
            Self(sync::Mutex::new(value))
        }

        /// As std's.
        ///
        /// # Errors
        /// As std's.
        pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            or_blocking(self.0.try_lock(), || self.0.lock())
        }

        /// As std's.
        ///
        /// # Errors
        /// As std's.
        pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
            self.0.try_lock()
        }

        /// As std's.
        ///
        /// # Errors
        /// As std's.
        pub fn get_mut(&mut self) -> LockResult<&mut T> {
            self.0.get_mut()
        }

        /// As std's.
        ///
        /// # Errors
        /// As std's.
        pub fn into_inner(self) -> LockResult<T> {
            self.0.into_inner()
        }
    }

    /// [`std::sync::RwLock`].
    #[derive(Debug, Default)]
    pub struct RwLock<T>(sync::RwLock<T>);

    impl<T> RwLock<T> {
        /// As std's.
        pub const fn new(value: T) -> Self {
            Self(sync::RwLock::new(value))
        }

        /// As std's.
        ///
        /// # Errors
        /// As std's.
        pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
            or_blocking(self.0.try_read(), || self.0.read())
        }

        /// As std's.
        ///
        /// # Errors
        /// As std's.
        pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
            or_blocking(self.0.try_write(), || self.0.write())
        }
    }

    fn or_blocking<G>(
        attempt: TryLockResult<G>,
        wait: impl FnOnce() -> LockResult<G>,
    ) -> LockResult<G> {
        match attempt {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => Err(PoisonError::new(poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => no_park(wait),
        }
    }

    /// [`std::sync::Once`].
    #[derive(Debug)]
    pub struct Once(sync::Once);

    impl Once {
        /// As std's.
        #[expect(clippy::new_without_default, reason = "as std's")]
        pub const fn new() -> Self {
            Self(sync::Once::new())
        }

        /// As std's.
        pub fn call_once(&self, f: impl FnOnce()) {
            if !self.0.is_completed() {
                no_park(|| self.0.call_once(f));
            }
        }
    }

    /// [`std::sync::OnceLock`].
    #[derive(Debug)]
    pub struct OnceLock<T>(sync::OnceLock<T>);

    impl<T> OnceLock<T> {
        /// As std's.
        #[expect(clippy::new_without_default, reason = "as std's")]
        pub const fn new() -> Self {
            Self(sync::OnceLock::new())
        }

        /// As std's.
        pub fn get(&self) -> Option<&T> {
            self.0.get()
        }

        /// As std's.
        ///
        /// # Errors
        /// As std's.
        pub fn set(&self, value: T) -> Result<(), T> {
            no_park(|| self.0.set(value))
        }

        /// As std's.
        pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
            match self.0.get() {
                Some(value) => value,
                None => no_park(|| self.0.get_or_init(f)),
            }
        }
    }
}
