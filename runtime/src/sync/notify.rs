//! "Something has changed."

use std::fmt;
use std::time::{Duration, Instant};

use crate::sync::entry::checkpoint;
use crate::sync::limit::Limit;
use crate::sync::listener::Listener;
use crate::sync::raw_notify::RawNotify;

/// Tells one, or all, of those who wait that something has changed, and keeps what that is to others.
///
/// # Notifications
/// - [`notify_one`](Self::notify_one) wakes the one that has been waiting longest. If nobody waits, the
///   notification is kept for the next one that does; one is kept, however many there were.
/// - [`notify_waiters`](Self::notify_waiters) wakes those who wait already, and keeps nothing.
/// - None for one is lost to a wait that times out, is cancelled, or to a [`Listener`] that is dropped.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::{Mutex, Notify};
///
/// static QUEUE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// static ADDED: Notify = Notify::new();
///
/// hueless_runtime::spawn(|| {
///     QUEUE.lock().push(7);
///     ADDED.notify_one();
/// });
/// ADDED.wait();
/// assert_eq!(QUEUE.lock().pop(), Some(7));
/// ```
///
/// Looking at a condition and waiting for its change, where all are told: listen first.
///
/// ```
/// use hueless_runtime::sync::Notify;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// static OPEN: AtomicBool = AtomicBool::new(false);
/// static OPENED: Notify = Notify::new();
///
/// hueless_runtime::spawn(|| {
///     OPEN.store(true, Ordering::Release);
///     OPENED.notify_waiters();
/// });
/// let listener = OPENED.listen();
/// if !OPEN.load(Ordering::Acquire) {
///     listener.wait(); // also if it was told between the look and this
/// }
/// ```
pub struct Notify(pub(super) RawNotify);

impl Notify {
    /// One with no notification kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Notify;
    /// static CHANGED: Notify = Notify::new();
    /// CHANGED.notify_one();
    /// CHANGED.wait();
    /// ```
    pub const fn new() -> Self {
        Self(RawNotify::new())
    }

    /// Wakes the one that has been waiting longest, or keeps the notification for the next one. Never
    /// blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Notify;
    /// use std::time::Duration;
    /// let notify = Notify::new();
    /// notify.notify_one();
    /// notify.notify_one();
    /// notify.wait();
    /// assert!(!notify.wait_timeout(Duration::from_millis(1)), "one was kept, not two");
    /// ```
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all who wait at this moment, listeners included. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Notify;
    /// use std::time::Duration;
    /// let notify = Notify::new();
    /// let listener = notify.listen();
    /// notify.notify_waiters();
    /// listener.wait();
    /// assert!(!notify.wait_timeout(Duration::from_millis(1)), "nothing was kept");
    /// ```
    pub fn notify_waiters(&self) {
        self.0.notify_waiters();
    }

    /// Waits for a notification; takes the kept one if there is one. Blocks the calling task, not its
    /// worker; on a plain OS thread, the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// See [`Notify`].
    pub fn wait(&self) {
        checkpoint();
        let waited = self.0.wait(Limit::Never);
        debug_assert!(waited.is_ok());
    }

    /// [`wait`](Self::wait)s for `timeout` at most; whether a notification came.
    ///
    /// # Examples
    ///
    /// See [`notify_one`](Self::notify_one).
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        checkpoint();
        self.0.wait(Limit::After(timeout)).is_ok()
    }

    /// [`wait`](Self::wait)s until `deadline` at most; whether a notification came.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Notify;
    /// assert!(!Notify::new().wait_deadline(hueless_runtime::now()));
    /// ```
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        checkpoint();
        self.0.wait(Limit::At(deadline)).is_ok()
    }

    /// Begins to wait, but goes on for now: what is notified from here on reaches the listener, in the
    /// order in which it and others came. Never blocks.
    ///
    /// # Examples
    ///
    /// See [`Notify`].
    pub fn listen(&self) -> Listener<'_> {
        Listener::new(self)
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}
