//! How an operation begins, waits in a queue and leaves it.

use std::ptr::NonNull;
use std::time::Instant;

use crate::park::{LockGuard, Outcome, Wait, WaitQueue, Waiter, unwind_cancelled};
use crate::sync::limit::Expired;

/// What every operation that may block begins with: lets others run if the task has had its time.
#[inline(always)]
pub(super) fn checkpoint() {
    #[cfg(not(loom))]
    crate::scheduler::checkpoint();
}

/// Whether a wait may be cut short by cancellation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupt {
    Allowed,
    /// The wait comes after a commit.
    Shielded,
}

impl Interrupt {
    /// Begins a wait. Unwinds if that is allowed and the task is cancelled: hold no lock.
    pub(super) fn begin(self) -> Wait {
        match self {
            Self::Allowed => Wait::begin(),
            Self::Shielded => Wait::begin_shielded(),
        }
    }
}

/// Where in a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Front,
    Back,
    /// Where this one is, which is linked and leaves.
    Of(NonNull<Waiter>),
}

/// How a wait in a queue ended.
pub(super) enum Ended<'a, S> {
    /// A peer has popped the waiter and settled it.
    Settled,
    /// Something else came first, and the waiter has left the queue.
    Withdrawn(Withdrawn<'a, S>),
}

/// A wait that was not settled by a peer. The state is locked again, so that what hangs on the waiter can
/// be put right before others see it.
pub(super) struct Withdrawn<'a, S> {
    pub(super) state: LockGuard<'a, S>,
    /// Whether the waiter was in the queue until now. If not, a peer has popped it in vain.
    pub(super) was_queued: bool,
    pub(super) cause: Cause,
}

/// What came first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Deadline,
    Cancelled,
}

impl Cause {
    /// Unwinds if the task was cancelled. Hold no lock.
    pub(super) fn leave(self) -> Expired {
        if self == Self::Cancelled {
            unwind_cancelled();
        }
        Expired
    }
}

/// Waits in a queue of a state that the caller has locked. `commit` runs under the lock once the stack
/// has been left, as a park's commit does.
///
/// `slot` is what peers find in the waiter. One that is replaced is in this queue.
pub(super) fn wait_in<'a, S>(
    mut state: LockGuard<'a, S>,
    queue: fn(&mut S) -> &mut WaitQueue,
    place: Place,
    slot: *mut (),
    wait: Wait,
    deadline: Option<Instant>,
    commit: impl FnOnce(),
) -> Ended<'a, S> {
    let ticket = wait.ticket();
    let waiter = match deadline {
        // SAFETY: the ticket is handed out here alone, and peers settle it under this lock.
        None => unsafe { Waiter::sole(ticket, slot) },
        Some(_) => Waiter::new(ticket, 0, slot),
    };
    let waiter = NonNull::from(&waiter);
    // SAFETY: the waiter is new, and this frame stays until it has been popped and its owner readied,
    // or until it is removed below.
    unsafe {
        match place {
            Place::Front => queue(&mut state).push_front(waiter),
            Place::Back => queue(&mut state).push(waiter),
            Place::Of(old) => {
                let replaced = queue(&mut state).replace(old, waiter);
                debug_assert!(replaced);
            }
        }
    }
    let lock = state.leak();
    let outcome = wait.park(deadline, move || {
        commit();
        // SAFETY: the guard was leaked for this.
        unsafe { lock.unlock() };
        true
    });
    if let Outcome::Settled(_) = outcome {
        return Ended::Settled;
    }
    let mut state = lock.lock();
    // SAFETY: if the waiter is linked, then in this queue.
    let was_queued = unsafe { queue(&mut state).remove(waiter) };
    Ended::Withdrawn(Withdrawn {
        state,
        was_queued,
        cause: match outcome {
            Outcome::Cancelled => Cause::Cancelled,
            _ => Cause::Deadline,
        },
    })
}

/// [`wait_in`] for waits that may be interrupted, have no front and no further commit, and leave nothing
/// to be put right but the queue.
pub(super) fn wait_behind<S>(
    state: LockGuard<'_, S>,
    queue: fn(&mut S) -> &mut WaitQueue,
    slot: *mut (),
    wait: Wait,
    deadline: Option<Instant>,
) -> Result<(), Expired> {
    match wait_in(state, queue, Place::Back, slot, wait, deadline, || ()) {
        Ended::Settled => Ok(()),
        Ended::Withdrawn(Withdrawn { state, cause, .. }) => {
            drop(state);
            Err(cause.leave())
        }
    }
}
