//! "Something has changed", told to one or to all who wait.
//!
//! All of it lies under one lock: whether a notification is kept, and who waits.
//!
//! Protocol:
//! 1. Who waits takes the kept notification if there is one, else queues.
//! 2. `notify_one` wakes the first waiter, or keeps one notification if there is none. It says in the
//!    waiter's slot that it was the one: such a notification must not be lost.
//! 3. `notify_waiters` wakes those who are in the queue.
//!
//! The loom models are in `sync/loom_tests/notify.rs`.

use std::ptr;

use crate::loom::UnsafeCell;
use crate::park::{ClaimedList, Lock, Wait, WaitQueue};
use crate::sync::entry::wait_behind;
use crate::sync::limit::{Expired, Limit};

/// See the module.
pub(super) struct RawNotify(pub(super) Lock<State>);

/// What the lock guards.
pub(super) struct State {
    /// A notification that nobody has waited for yet.
    pub(super) is_kept: bool,
    pub(super) queue: WaitQueue,
}

/// Where a waiter learns that its notification was meant for one. Its address is the waiter's slot; a
/// waiter that need not know has none.
pub(super) struct ForOne(UnsafeCell<bool>);

impl ForOne {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(false))
    }

    pub(super) fn slot(&self) -> *mut () {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// Whether it was meant for one.
    ///
    /// # Safety
    /// Whoever has settled the wait has readied it.
    pub(super) unsafe fn get(&self) -> bool {
        // SAFETY: by this function's contract nobody writes it any more.
        self.0.with_mut(|for_one| unsafe { *for_one })
    }
}

impl RawNotify {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self(Lock::new(State {
            is_kept: false,
            queue: WaitQueue::new(),
        }))
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self(Lock::new(State {
            is_kept: false,
            queue: WaitQueue::new(),
        }))
    }

    /// Takes the notification that is kept, if there is one.
    pub(super) fn take(&self) -> bool {
        self.0.lock().take()
    }

    pub(super) fn wait(&self, limit: Limit) -> Result<(), Expired> {
        if self.take() {
            return Ok(());
        }
        let deadline = limit.deadline()?;
        let wait = Wait::begin();
        let mut state = self.0.lock();
        if state.take() {
            return Ok(());
        }
        wait_behind(
            state,
            |state| &mut state.queue,
            ptr::null_mut(),
            wait,
            deadline,
        )
    }

    pub(super) fn notify_one(&self) {
        let mut state = self.0.lock();
        let popped = state.queue.pop();
        state.is_kept |= popped.is_none();
        drop(state);
        if let Some(popped) = popped {
            if !popped.slot.is_null() {
                // SAFETY: the claim is won, so the waiter's owner stays until it is readied below, and its
                // slot is the address of this.
                let for_one = unsafe { &*popped.slot.cast::<ForOne>() };
                // SAFETY: as above: it is ours until then.
                for_one.0.with_mut(|for_one| unsafe { *for_one = true });
            }
            popped.claimed.ready();
        }
    }

    pub(super) fn notify_waiters(&self) {
        let mut waiting = ClaimedList::default();
        self.0.lock().queue.pop_all(&mut waiting);
    }
}

impl State {
    pub(super) fn take(&mut self) -> bool {
        std::mem::take(&mut self.is_kept)
    }
}
