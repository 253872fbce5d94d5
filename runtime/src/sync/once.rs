//! Something that is done once.

use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};

use crate::sync::entry::checkpoint;
use crate::sync::limit::Limit;
use crate::sync::raw_once::RawOnce;

/// Something that the first caller does, while the others wait: [`std::sync::Once`], which parks the task
/// that has to wait and not its worker.
///
/// # Panics
/// If the closure panics, it has not been done: the next caller runs its own. There is no poisoning;
/// [`call_once_force`](Self::call_once_force) tells its closure of it.
///
/// # Deadlocks
/// A closure that calls the same `Once` waits for ever.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::Once;
///
/// static START: Once = Once::new();
/// START.call_once(|| println!("started"));
/// START.call_once(|| unreachable!("it is done"));
/// ```
pub struct Once(RawOnce);

/// What is known of earlier attempts.
pub struct OnceState {
    is_poisoned: bool,
}

impl OnceState {
    /// Whether the last attempt has unwound.
    ///
    /// # Examples
    ///
    /// See [`Once::call_once_force`].
    pub fn is_poisoned(&self) -> bool {
        self.is_poisoned
    }
}

impl fmt::Debug for OnceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceState")
            .field("poisoned", &self.is_poisoned)
            .finish()
    }
}

impl Once {
    /// Something that has not been done.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Once;
    /// static ONCE: Once = Once::new();
    /// assert!(!ONCE.is_completed());
    /// ```
    pub const fn new() -> Self {
        Self(RawOnce::new())
    }

    /// Calls `f` if nobody has done it, and waits until it is done if somebody else is at it. Blocks the
    /// calling task, not its worker; on a plain OS thread, the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Panics
    /// With what `f` panics with.
    ///
    /// # Examples
    ///
    /// See [`Once`].
    #[inline]
    pub fn call_once(&self, f: impl FnOnce()) {
        self.call_once_force(|_| f());
    }

    /// [`call_once`](Self::call_once), whose closure is told whether the last attempt has unwound.
    ///
    /// # Panics
    /// With what `f` panics with.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Once;
    /// let once = Once::new();
    /// let attempt = || once.call_once(|| std::panic::resume_unwind(Box::new(())));
    /// assert!(std::panic::catch_unwind(attempt).is_err());
    /// once.call_once_force(|state| assert!(state.is_poisoned()));
    /// assert!(once.is_completed());
    /// ```
    #[inline]
    pub fn call_once_force(&self, f: impl FnOnce(&OnceState)) {
        checkpoint();
        let done: Result<(), Infallible> = self.0.call(|is_poisoned| {
            f(&OnceState { is_poisoned });
            Ok(())
        });
        let Ok(()) = done;
    }

    /// Whether it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Once;
    /// let once = Once::new();
    /// once.call_once(|| ());
    /// assert!(once.is_completed());
    /// ```
    #[inline]
    pub fn is_completed(&self) -> bool {
        self.0.is_complete()
    }

    /// Waits until somebody has done it. Blocks the calling task, not its worker; on a plain OS thread,
    /// the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Once;
    /// static READY: Once = Once::new();
    /// hueless_runtime::spawn(|| READY.call_once(|| ()));
    /// READY.wait();
    /// ```
    pub fn wait(&self) {
        checkpoint();
        let waited = self.0.wait(Limit::Never);
        debug_assert!(waited.is_ok());
    }

    /// [`wait`](Self::wait)s for `timeout` at most; whether it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Once;
    /// use std::time::{Duration, Instant};
    /// assert!(!Once::new().wait_timeout(Duration::from_millis(1)));
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        checkpoint();
        self.0.wait(Limit::After(timeout)).is_ok()
    }

    /// [`wait`](Self::wait)s until `deadline` at most; whether it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Once;
    /// assert!(!Once::new().wait_deadline(hueless_runtime::now()));
    /// ```
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        checkpoint();
        self.0.wait(Limit::At(deadline)).is_ok()
    }
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}
