//! A wait for a notification that has begun, while its owner does something else.
//!
//! It has no stack to leave, so it waits as futures do: by a [`FutureWait`], in memory of its own. Once
//! its owner does wait, a waiter of that wait takes the place in the queue.

use std::cell::OnceCell;
use std::fmt;
use std::marker::PhantomPinned;
use std::mem;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

use crate::park::{FutureWait, Wait, Waiter};
use crate::sync::entry::{Ended, Place, Withdrawn, checkpoint, wait_in};
use crate::sync::limit::{Expired, Limit};
use crate::sync::notify::Notify;
use crate::sync::raw_notify::ForOne;

/// A wait that has begun; see [`Notify::listen`]. Dropping it ends it; a notification that was for one, and
/// that it has got, goes on to the next.
#[must_use = "a listener that is dropped has stopped listening"]
pub struct Listener<'a> {
    notify: &'a Notify,
    stage: Stage,
}

/// Where the listener is.
enum Stage {
    /// In the queue, or popped from it.
    Queued(Pin<Box<Node>>),
    /// It has taken the notification that was kept.
    Told,
    /// It listens no more, and has nothing to pass on.
    Over,
}

struct Node {
    wait: FutureWait,
    for_one: ForOne,
    /// There from the beginning on; it points to the two before it.
    waiter: OnceCell<Waiter>,
    _pinned: PhantomPinned,
}

// SAFETY: a node's waiter is used under the lock of the queue, and the rest when its claim has been won;
// which thread the owner is on does not matter.
unsafe impl Send for Listener<'_> {}

impl<'a> Listener<'a> {
    pub(super) fn new(notify: &'a Notify) -> Self {
        // Before the lock, which nobody holds for an allocation.
        let node = Node::new();
        let mut state = notify.0.0.lock();
        let stage = if state.take() {
            Stage::Told
        } else {
            // SAFETY: the node is new, it is pinned, and `drop` takes it out of the queue.
            unsafe { state.queue.push(node.waiter()) };
            Stage::Queued(node)
        };
        drop(state);
        Self { notify, stage }
    }

    /// Waits for a notification since the listener was made. Blocks the calling task, not its worker; on
    /// a plain OS thread, the thread.
    ///
    /// A point of cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Notify;
    /// let notify = Notify::new();
    /// let (first, second) = (notify.listen(), notify.listen());
    /// notify.notify_one();
    /// notify.notify_one();
    /// second.wait();
    /// first.wait();
    /// ```
    pub fn wait(self) {
        let waited = self.wait_within(Limit::Never);
        debug_assert!(waited.is_ok());
    }

    /// [`wait`](Self::wait)s for `timeout` at most; whether a notification came.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Notify;
    /// use std::time::Duration;
    /// let notify = Notify::new();
    /// assert!(!notify.listen().wait_timeout(Duration::from_millis(1)));
    /// ```
    pub fn wait_timeout(self, timeout: Duration) -> bool {
        self.wait_within(Limit::After(timeout)).is_ok()
    }

    /// [`wait`](Self::wait)s until `deadline` at most; whether a notification came.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Notify;
    /// let notify = Notify::new();
    /// let listener = notify.listen();
    /// notify.notify_waiters();
    /// assert!(listener.wait_deadline(hueless_runtime::now()));
    /// ```
    pub fn wait_deadline(self, deadline: Instant) -> bool {
        self.wait_within(Limit::At(deadline)).is_ok()
    }

    fn wait_within(mut self, limit: Limit) -> Result<(), Expired> {
        checkpoint();
        let Stage::Queued(node) = &self.stage else {
            self.stage = Stage::Over;
            return Ok(());
        };
        let waiter = node.waiter();
        let lock = &self.notify.0.0;
        // SAFETY: the node is pinned and lives.
        let is_told = || unsafe { !waiter.as_ref().is_linked() };
        let mut state = lock.lock();
        if !is_told() {
            drop(state);
            let deadline = limit.deadline();
            // Unwinds if the task is cancelled, and ends the listener by that.
            let wait = Wait::begin();
            state = lock.lock();
            if !is_told() {
                let Ok(deadline) = deadline else {
                    drop(state);
                    return Err(Expired);
                };
                let ended = wait_in(
                    state,
                    |state| &mut state.queue,
                    Place::Of(waiter),
                    ptr::null_mut(),
                    wait,
                    deadline,
                    || (),
                );
                // The node has left the queue unclaimed.
                self.stage = Stage::Over;
                return match ended {
                    Ended::Settled => Ok(()),
                    Ended::Withdrawn(Withdrawn { state, cause, .. }) => {
                        drop(state);
                        Err(cause.leave())
                    }
                };
            }
        }
        drop(state);
        self.stop();
        Ok(())
    }

    /// Stops listening. Whether there was a notification for one.
    fn stop(&mut self) -> bool {
        let node = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Queued(node) => node,
            Stage::Told => return true,
            Stage::Over => return false,
        };
        // SAFETY: if the waiter is linked, then in this queue.
        let removed = unsafe { self.notify.0.0.lock().queue.remove(node.waiter()) };
        if removed {
            return false;
        }
        // Whoever has popped it may be writing into the node: until it has been readied.
        node.wait.block();
        // SAFETY: it has been readied.
        unsafe { node.for_one.get() }
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        if self.stop() {
            self.notify.notify_one();
        }
    }
}

impl Node {
    fn new() -> Pin<Box<Self>> {
        let node = Box::pin(Self {
            wait: FutureWait::new(),
            for_one: ForOne::new(),
            waiter: OnceCell::new(),
            _pinned: PhantomPinned,
        });
        // SAFETY: the node is pinned, and its wait does not move in it.
        let wait = unsafe { node.as_ref().map_unchecked(|node| &node.wait) };
        let waiter = Waiter::new(wait.begin(), 0, node.for_one.slot());
        let set = node.waiter.set(waiter);
        debug_assert!(set.is_ok());
        node
    }

    fn waiter(&self) -> NonNull<Waiter> {
        NonNull::from(self.waiter.get().expect("made with the node"))
    }
}

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}
