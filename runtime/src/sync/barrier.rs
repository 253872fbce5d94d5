//! Until all have come.

use std::fmt;
use std::ptr;
use std::time::{Duration, Instant};

use crate::park::{ClaimedList, Lock, Wait, WaitQueue};
use crate::sync::entry::{Ended, Place, Withdrawn, checkpoint, wait_in};
use crate::sync::limit::{Expired, Limit};

/// A place where tasks and threads wait for each other: [`std::sync::Barrier`], which parks the task that
/// has to wait and not its worker.
///
/// When `n` have come all of them go on, and the barrier can be used again.
///
/// # Examples
///
/// ```
/// use hueless_runtime::sync::Barrier;
/// use hueless_runtime::{run, spawn};
///
/// static BARRIER: Barrier = Barrier::new(3);
/// run(|| {
///     let tasks: Vec<_> = (0..3).map(|_| spawn(|| BARRIER.wait().is_leader())).collect();
///     let leaders = tasks.into_iter().map(|task| task.join().unwrap());
///     assert_eq!(leaders.filter(|leads| *leads).count(), 1);
/// });
/// ```
pub struct Barrier {
    size: usize,
    state: Lock<State>,
}

struct State {
    arrived: usize,
    queue: WaitQueue,
}

/// Says who was the last to come.
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether the caller was the last to come; one of each `n` is.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Barrier;
    /// assert!(Barrier::new(1).wait().is_leader());
    /// ```
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult")
            .field("is_leader", &self.is_leader())
            .finish()
    }
}

impl Barrier {
    /// A barrier for `n` at a time; one for none is one for a single task.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Barrier;
    /// static START: Barrier = Barrier::new(8);
    /// ```
    pub const fn new(n: usize) -> Self {
        Self {
            size: n,
            state: Lock::new(State {
                arrived: 0,
                queue: WaitQueue::new(),
            }),
        }
    }

    /// Waits until `n` have come, this one included. Blocks the calling task, not its worker; on a plain
    /// OS thread, the thread.
    ///
    /// A point of cancellation; who is cancelled has not come.
    ///
    /// # Examples
    ///
    /// See [`Barrier`].
    pub fn wait(&self) -> BarrierWaitResult {
        let result = self.wait_within(Limit::Never);
        result.expect("there is no limit")
    }

    /// [`wait`](Self::wait)s, or gives up after `timeout` and has not come then.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Barrier;
    /// use std::time::{Duration, Instant};
    /// assert!(Barrier::new(2).wait_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Option<BarrierWaitResult> {
        self.wait_within(Limit::After(timeout)).ok()
    }

    /// [`wait`](Self::wait)s, or gives up at `deadline` and has not come then.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::sync::Barrier;
    /// assert!(Barrier::new(2).wait_deadline(hueless_runtime::now()).is_none());
    /// ```
    pub fn wait_deadline(&self, deadline: Instant) -> Option<BarrierWaitResult> {
        self.wait_within(Limit::At(deadline)).ok()
    }

    fn wait_within(&self, limit: Limit) -> Result<BarrierWaitResult, Expired> {
        checkpoint();
        let wait = Wait::begin();
        let mut others = ClaimedList::default();
        let mut state = self.state.lock();
        if state.arrived + 1 >= self.size {
            state.arrived = 0;
            state.queue.pop_all(&mut others);
            drop(state);
            return Ok(BarrierWaitResult(true));
        }
        state.arrived += 1;
        let deadline = match limit.deadline() {
            Ok(deadline) => deadline,
            Err(expired) => {
                state.arrived -= 1;
                return Err(expired);
            }
        };
        let ended = wait_in(
            state,
            |state| &mut state.queue,
            Place::Back,
            ptr::null_mut(),
            wait,
            deadline,
            || (),
        );
        match ended {
            // Its time was up, or it was cancelled, just when the last one came, which has counted it: it
            // has come.
            Ended::Withdrawn(Withdrawn {
                was_queued: false, ..
            })
            | Ended::Settled => Ok(BarrierWaitResult(false)),
            Ended::Withdrawn(Withdrawn {
                mut state, cause, ..
            }) => {
                state.arrived -= 1;
                drop(state);
                Err(cause.leave())
            }
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}
