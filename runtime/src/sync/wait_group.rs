//! Until all have done.

use std::fmt;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::park::{ClaimedList, Lock, Pace, Wait, WaitQueue, look_out};
use crate::sync::entry::{checkpoint, wait_behind};
use crate::sync::limit::{Expired, Limit};

/// Counts what is under way, and waits until that is nothing: Go's `sync.WaitGroup`.
///
/// It is a handle: clones share one counter, and cloning does not count.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::{Mutex, WaitGroup};
/// use std::sync::Arc;
///
/// let (group, sum) = (WaitGroup::new(), Arc::new(Mutex::new(0)));
/// for n in 1..=4 {
///     let sum = sum.clone();
///     group.go(move || *sum.lock() += n);
/// }
/// group.wait();
/// assert_eq!(*sum.lock(), 10);
/// ```
#[derive(Clone)]
pub struct WaitGroup(Arc<Inner>);

struct Inner {
    /// Comes to zero under the queue's lock only, so that who queues under it, and has seen another
    /// number, is told.
    count: AtomicUsize,
    queue: Lock<WaitQueue>,
}

impl WaitGroup {
    /// A group with nothing under way.
    ///
    /// # Examples
    ///
    /// ```
    /// hueless_runtime::sync::WaitGroup::new().wait();
    /// ```
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            count: AtomicUsize::new(0),
            queue: Lock::new(WaitQueue::new()),
        }))
    }

    /// Says that `n` more are under way. Call it before they begin, not from within them: somebody who
    /// waits meanwhile might see none. Never blocks.
    ///
    /// # Panics
    /// If there would be more than `usize` can count.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::WaitGroup;
    /// let group = WaitGroup::new();
    /// group.add(1);
    /// let ours = group.clone();
    /// hueless_runtime::spawn(move || ours.done());
    /// group.wait();
    /// ```
    pub fn add(&self, n: usize) {
        // Relaxed: who counts up has no tidings for who waits; `done` has.
        let added = (self.0.count).try_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            count.checked_add(n)
        });
        assert!(added.is_ok(), "too many are under way in a WaitGroup");
    }

    /// Says that one has done. The last one wakes who waits. Never blocks.
    ///
    /// # Panics
    /// If nothing is under way: `done` has been called more often than was added.
    ///
    /// # Examples
    ///
    /// See [`add`](Self::add).
    ///
    /// ```should_panic
    /// hueless_runtime::sync::WaitGroup::new().done(); // of what?
    /// ```
    pub fn done(&self) {
        let inner = &*self.0;
        // Release pairs with the Acquire of the last one below: what was done before is seen by who waits.
        let counted = (inner.count).try_update(Ordering::Release, Ordering::Relaxed, |count| {
            (count > 1).then(|| count - 1)
        });
        if counted.is_err() {
            inner.done_last();
        }
    }

    /// Waits until nothing is under way. Blocks the calling task, not its worker; on a plain OS thread,
    /// the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// See [`WaitGroup`].
    pub fn wait(&self) {
        let waited = self.wait_within(Limit::Never);
        debug_assert!(waited.is_ok());
    }

    /// [`wait`](Self::wait)s for `timeout` at most; whether nothing is under way.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::WaitGroup;
    /// use std::time::Duration;
    /// let group = WaitGroup::new();
    /// group.add(1);
    /// assert!(!group.wait_timeout(Duration::from_millis(1)));
    /// group.done();
    /// assert!(group.wait_timeout(Duration::from_millis(1)));
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_within(Limit::After(timeout)).is_ok()
    }

    /// [`wait`](Self::wait)s until `deadline` at most; whether nothing is under way.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::WaitGroup;
    /// assert!(WaitGroup::new().wait_deadline(hueless_runtime::now()));
    /// ```
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.wait_within(Limit::At(deadline)).is_ok()
    }

    fn wait_within(&self, limit: Limit) -> Result<(), Expired> {
        checkpoint();
        let inner = &*self.0;
        if inner.is_zero() || look_out(Pace::Close, || inner.is_zero()) {
            return Ok(());
        }
        let deadline = limit.deadline()?;
        let wait = Wait::begin();
        let queue = inner.queue.lock();
        if inner.is_zero() {
            return Ok(());
        }
        wait_behind(queue, |queue| queue, ptr::null_mut(), wait, deadline)
    }

    /// Starts a task that is under way until `f` has returned, unwound or, if the task is never run, been
    /// dropped.
    ///
    /// # Examples
    ///
    /// See [`WaitGroup`].
    #[track_caller]
    pub fn go<F>(&self, f: F)
    where
        F: FnOnce() + Send + 'static,
    {
        struct UnderWay(WaitGroup);
        impl Drop for UnderWay {
            fn drop(&mut self) {
                self.0.done();
            }
        }
        self.add(1);
        // In this order: what `f` holds is gone when the group hears of it, even if `f` is never called.
        let job = (f, UnderWay(self.clone()));
        crate::task::spawn(move || {
            let (f, _under_way) = job;
            f();
        });
    }
}

impl Inner {
    fn is_zero(&self) -> bool {
        // Acquire pairs with the Release in `done_last`.
        self.count.load(Ordering::Acquire) == 0
    }

    #[cold]
    fn done_last(&self) {
        let mut waiting = ClaimedList::default();
        let mut queue = self.queue.lock();
        // Acquire and Release: this one hands on what those before it have released in `done`, to who
        // sees zero in `is_zero`, and to who is woken.
        let counted = (self.count).try_update(Ordering::AcqRel, Ordering::Relaxed, |count| {
            count.checked_sub(1)
        });
        if counted == Ok(1) {
            queue.pop_all(&mut waiting);
        }
        drop(queue);
        drop(waiting);
        assert!(
            counted.is_ok(),
            "WaitGroup::done was called more often than was added"
        );
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: advice.
        let count = self.0.count.load(Ordering::Relaxed);
        f.debug_struct("WaitGroup").field("count", &count).finish()
    }
}
