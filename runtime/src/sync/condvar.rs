//! Waiting for a condition on what a mutex guards.

use std::fmt;
use std::ptr;
use std::time::{Duration, Instant};

use crate::park::{ClaimedList, Lock, Wait, WaitQueue};
use crate::sync::entry::{Ended, Place, Withdrawn, wait_in};
use crate::sync::limit::{Expired, Limit};
use crate::sync::mutex::{Mutex, MutexGuard};

/// A condition variable: [`std::sync::Condvar`], which parks the task that has to wait and not its worker.
///
/// # Notifications
/// Each [`notify_one`](Self::notify_one) wakes one of those who wait at that moment, the one that has been
/// waiting longest; if nobody does, it is void. None is lost to a wait that times out or is cancelled
/// meanwhile. There are no spurious wake-ups, but another task may have been quicker to the mutex: look
/// at the condition again, or use [`wait_while`](Self::wait_while).
///
/// # Cancellation
/// A cancelled wait unwinds without the mutex. One that was notified first returns with it, and to lock
/// it again is no point of cancellation.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::{Condvar, Mutex};
/// use hueless_runtime::{run, spawn};
///
/// static READY: Mutex<bool> = Mutex::new(false);
/// static CHANGED: Condvar = Condvar::new();
///
/// run(|| {
///     spawn(|| {
///         *READY.lock() = true;
///         CHANGED.notify_one();
///     });
///     let ready = CHANGED.wait_while(READY.lock(), |ready| !*ready);
///     assert!(*ready);
/// });
/// ```
pub struct Condvar(Lock<WaitQueue>);

/// Whether a wait was ended by its time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was up.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Condvar, Mutex};
    /// use std::time::Duration;
    /// let mutex = Mutex::new(());
    /// let (_guard, result) = Condvar::new().wait_timeout(mutex.lock(), Duration::from_millis(1));
    /// assert!(result.timed_out());
    /// ```
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// A condition variable that nobody waits for.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Condvar;
    /// static CHANGED: Condvar = Condvar::new();
    /// CHANGED.notify_all();
    /// ```
    pub const fn new() -> Self {
        Self(Lock::new(WaitQueue::new()))
    }

    /// Unlocks the mutex and waits for a notification, in one step; then locks it again. Blocks the calling
    /// task, not its worker; on a plain OS thread, the thread.
    ///
    /// A point of cancellation until the notification comes.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Condvar, Mutex};
    /// use std::sync::Arc;
    ///
    /// let shared = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
    /// let theirs = shared.clone();
    /// let consumer = hueless_runtime::spawn(move || {
    ///     let (items, added) = &*theirs;
    ///     let mut items = items.lock();
    ///     while items.is_empty() {
    ///         items = added.wait(items);
    ///     }
    ///     items.pop()
    /// });
    /// shared.0.lock().push("item");
    /// shared.1.notify_one();
    /// assert_eq!(consumer.join().unwrap(), Some("item"));
    /// ```
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.wait_within(guard, Limit::Never).0
    }

    /// [`wait`](Self::wait)s as long as `condition` holds; not at all if it does not.
    ///
    /// # Examples
    ///
    /// See [`Condvar`].
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        self.wait_while_within(guard, Limit::Never, condition).0
    }

    /// [`wait`](Self::wait)s for `timeout` at most. The mutex is locked again however long that takes.
    /// `Duration::MAX` waits for ever.
    ///
    /// # Examples
    ///
    /// See [`WaitTimeoutResult::timed_out`].
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> (MutexGuard<'a, T>, WaitTimeoutResult) {
        self.wait_within(guard, Limit::After(timeout))
    }

    /// [`wait`](Self::wait)s until `deadline` at most, as [`wait_timeout`](Self::wait_timeout) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Condvar, Mutex};
    /// let mutex = Mutex::new(());
    /// let (_guard, result) = Condvar::new().wait_deadline(mutex.lock(), hueless_runtime::now());
    /// assert!(result.timed_out());
    /// ```
    pub fn wait_deadline<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Instant,
    ) -> (MutexGuard<'a, T>, WaitTimeoutResult) {
        self.wait_within(guard, Limit::At(deadline))
    }

    /// [`wait`](Self::wait)s as long as `condition` holds, for `timeout` at most in all. The result says
    /// whether the condition still held when the time was up.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Condvar, Mutex};
    /// use std::time::Duration;
    /// let (ready, changed) = (Mutex::new(false), Condvar::new());
    /// let limit = Duration::from_millis(1);
    /// let (ready, result) = changed.wait_timeout_while(ready.lock(), limit, |ready| !*ready);
    /// assert!(result.timed_out() && !*ready);
    /// ```
    pub fn wait_timeout_while<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> (MutexGuard<'a, T>, WaitTimeoutResult) {
        let limit = match Instant::now().checked_add(timeout) {
            Some(deadline) => Limit::At(deadline),
            None => Limit::Never,
        };
        self.wait_while_within(guard, limit, condition)
    }

    fn wait_while_within<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        limit: Limit,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> (MutexGuard<'a, T>, WaitTimeoutResult) {
        let mut timed_out = false;
        while condition(&mut *guard) {
            if timed_out {
                return (guard, WaitTimeoutResult(true));
            }
            let result;
            (guard, result) = self.wait_within(guard, limit);
            timed_out = result.timed_out();
        }
        (guard, WaitTimeoutResult(false))
    }

    fn wait_within<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Limit,
    ) -> (MutexGuard<'a, T>, WaitTimeoutResult) {
        let deadline = match limit {
            // Even a wait that is over at once lets others have the mutex.
            Limit::After(time) => Instant::now().checked_add(time),
            Limit::At(deadline) => Some(deadline),
            Limit::Never => None,
        };
        // Unwinds if the task is cancelled; the guard unlocks then.
        let wait = Wait::begin();
        let mutex = MutexGuard::leak(guard);
        let waited = self.park(mutex, wait, deadline);
        mutex.raw.lock_shielded();
        (MutexGuard::new(mutex), WaitTimeoutResult(waited.is_err()))
    }

    /// Unlocks `mutex`, which the caller has locked, and waits for a notification.
    fn park<T: ?Sized>(
        &self,
        mutex: &Mutex<T>,
        wait: Wait,
        deadline: Option<Instant>,
    ) -> Result<(), Expired> {
        let raw = &mutex.raw;
        let ended = wait_in(
            self.0.lock(),
            |queue| queue,
            Place::Back,
            ptr::null_mut(),
            wait,
            deadline,
            // Whoever locks from now on and notifies needs the queue's lock to do so. The mutex is to be
            // done with before that one is free: by then this wait may be over, and the mutex gone.
            // SAFETY: locked by the caller, whose guard is gone.
            move || unsafe { raw.unlock() },
        );
        match ended {
            Ended::Settled => Ok(()),
            Ended::Withdrawn(Withdrawn { state, cause, .. }) => {
                drop(state);
                Err(cause.leave())
            }
        }
    }

    /// Wakes the one that has been waiting longest, if anybody waits. Never blocks.
    ///
    /// # Examples
    ///
    /// See [`wait`](Self::wait).
    pub fn notify_one(&self) {
        let mut queue = self.0.lock();
        let popped = queue.pop();
        // The ready may have to wake an OS thread.
        drop(queue);
        drop(popped);
    }

    /// Wakes all who wait. Never blocks.
    ///
    /// They go for the mutex one after the other: of tasks as many at a time as there are workers.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::{Condvar, Mutex};
    /// use hueless_runtime::{run, spawn};
    ///
    /// static OPEN: Mutex<bool> = Mutex::new(false);
    /// static OPENED: Condvar = Condvar::new();
    /// run(|| {
    ///     let enter = || drop(OPENED.wait_while(OPEN.lock(), |open| !*open));
    ///     let tasks: Vec<_> = (0..4).map(|_| spawn(enter)).collect();
    ///     *OPEN.lock() = true;
    ///     OPENED.notify_all();
    ///     tasks.into_iter().for_each(|task| task.join().unwrap());
    /// });
    /// ```
    pub fn notify_all(&self) {
        let mut waiting = ClaimedList::default();
        self.0.lock().pop_all(&mut waiting);
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
