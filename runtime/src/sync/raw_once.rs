//! The first one does it, and the others wait until it is done.
//!
//! | state | meaning | who moves it here |
//! | --- | --- | --- |
//! | `INCOMPLETE` | nobody has begun, or who has begun has given up | that one |
//! | `UNWOUND` | as before, by a panic or a cancellation | that one |
//! | `RUNNING` | somebody is at it | that one, by an exchange |
//! | `COMPLETE` | it is done; for good | that one |
//!
//! Protocol: who finds it `RUNNING` queues under the queue's lock, having looked again. Who ends it changes
//! the state under that lock and wakes all; those that find it not done begin anew.
//!
//! The loom models are in `sync/loom_tests/once.rs`.

use std::mem;
use std::ptr;

use crate::loom::{AtomicU32, Ordering};
use crate::park::{ClaimedList, Lock, Pace, Wait, WaitQueue, look_out};
use crate::sync::entry::wait_behind;
use crate::sync::limit::{Expired, Limit};

const INCOMPLETE: u32 = 0;
const RUNNING: u32 = 1;
const COMPLETE: u32 = 2;
const UNWOUND: u32 = 3;

/// See the module.
pub(super) struct RawOnce {
    state: AtomicU32,
    queue: Lock<WaitQueue>,
}

/// Somebody is at it. Dropped, it says how that ended.
struct Running<'a> {
    once: &'a RawOnce,
    ends_in: u32,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut waiting = ClaimedList::default();
        let mut queue = self.once.queue.lock();
        // Release pairs with the Acquires in `is_complete` and `call`: what was done is seen.
        self.once.state.store(self.ends_in, Ordering::Release);
        queue.pop_all(&mut waiting);
        drop(queue);
        drop(waiting);
    }
}

/// Runs an initialiser so that a cancellation of the task does not cut it short.
fn run_shielded<R>(f: impl FnOnce() -> R) -> R {
    f()
}

impl RawOnce {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self {
            state: AtomicU32::new(INCOMPLETE),
            queue: Lock::new(WaitQueue::new()),
        }
    }

    #[cfg(not(loom))]
    pub(super) const fn completed() -> Self {
        Self {
            state: AtomicU32::new(COMPLETE),
            queue: Lock::new(WaitQueue::new()),
        }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU32::new(INCOMPLETE),
            queue: Lock::new(WaitQueue::new()),
        }
    }

    /// Whether it is done; what it did is seen then.
    #[inline]
    pub(super) fn is_complete(&self) -> bool {
        // Acquire pairs with the Release of `Running`.
        self.state.load(Ordering::Acquire) == COMPLETE
    }

    /// Does it by `f`, which is told whether an earlier attempt has unwound, unless it is done; waits
    /// meanwhile if somebody else is at it. Not done if `f` fails.
    #[inline]
    pub(super) fn call<E>(&self, f: impl FnOnce(bool) -> Result<(), E>) -> Result<(), E> {
        match self.is_complete() {
            true => Ok(()),
            false => self.call_slow(f),
        }
    }

    #[cold]
    fn call_slow<E>(&self, f: impl FnOnce(bool) -> Result<(), E>) -> Result<(), E> {
        loop {
            // Acquire pairs with the Release of `Running`.
            let state = self.state.load(Ordering::Acquire);
            match state {
                COMPLETE => return Ok(()),
                RUNNING => self.wait_while_running(),
                _ if self.begin(state) => {
                    let mut running = Running {
                        once: self,
                        ends_in: UNWOUND,
                    };
                    let done = run_shielded(|| f(state == UNWOUND));
                    running.ends_in = match done {
                        Ok(()) => COMPLETE,
                        Err(_) => INCOMPLETE,
                    };
                    return done;
                }
                _ => {}
            }
        }
    }

    /// Whether this caller is the one that begins.
    fn begin(&self, state: u32) -> bool {
        // Acquire pairs with the Release of `Running`: what an earlier attempt has left is seen.
        (self.state)
            .compare_exchange(state, RUNNING, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    fn wait_while_running(&self) {
        // Relaxed: looked at again, there by whoever uses what was done.
        let is_running = || self.state.load(Ordering::Relaxed) == RUNNING;
        if look_out(Pace::Close, || !is_running()) {
            return;
        }
        let wait = Wait::begin();
        let queue = self.queue.lock();
        if is_running() {
            let woken = wait_behind(queue, |queue| queue, ptr::null_mut(), wait, None);
            debug_assert!(woken.is_ok(), "there is no limit");
        }
    }

    /// Waits until it is done, by whomever.
    pub(super) fn wait(&self, limit: Limit) -> Result<(), Expired> {
        if self.is_complete() {
            return Ok(());
        }
        let deadline = limit.deadline()?;
        loop {
            let wait = Wait::begin();
            let queue = self.queue.lock();
            if self.is_complete() {
                return Ok(());
            }
            wait_behind(queue, |queue| queue, ptr::null_mut(), wait, deadline)?;
        }
    }

    /// Begins anew; whether it was done.
    #[cfg(not(loom))]
    pub(super) fn reset(&mut self) -> bool {
        mem::replace(self, Self::new()).is_complete()
    }
}
