//! The waiting part of a future.
//!
//! Who may touch it: the owner; and while the waiter is linked, whoever holds the gate's lock, as with
//! any waiter. The stage is the owner's alone.

use std::cell::{Cell, UnsafeCell};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Waker;

use hueless_runtime::park::{Claimed, FutureWait, Popped, WaitQueue, Waiter};

use crate::exchange::{Gate, GateLock, promise};

/// How far a future has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has not tried yet, or has to try again.
    Idle,
    /// It has tried, and waits. The wait may be over meanwhile.
    Waiting,
    /// It has given its answer.
    Over,
}

/// See the module.
pub(crate) struct Link {
    stage: Cell<Stage>,
    wait: FutureWait,
    /// The waiter of the last wait; none if a late sender has the ticket instead.
    waiter: UnsafeCell<Option<Waiter>>,
}

impl Link {
    /// Of a future that has not been polled.
    pub(super) fn new() -> Self {
        Self {
            stage: Cell::new(Stage::Idle),
            wait: FutureWait::new(),
            waiter: UnsafeCell::new(None),
        }
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage.get()
    }

    /// Has the next poll try again.
    pub(super) fn rewind(&self) {
        self.stage.set(Stage::Idle);
    }

    /// Ends the future.
    pub(super) fn end(&self) {
        self.stage.set(Stage::Over);
    }

    /// Waits in `queue`, with a packet at `slot`.
    ///
    /// # Safety
    /// The lock of the queue's gate is held, no wait is on, and [`withdraw`](Self::withdraw) comes
    /// before the end of a link whose wait is not over. The packet stays as long as the link does.
    pub(crate) unsafe fn enqueue(self: Pin<&Self>, queue: &mut WaitQueue, slot: *mut ()) {
        let ticket = self.wait().begin();
        // SAFETY: no wait is on, so the last waiter is in no queue and this one is the owner's. It is
        // pinned with the link, and leaves the queue by this function's contract.
        unsafe {
            let waiter = &*(*self.waiter.get()).insert(Waiter::new(ticket, 0, slot));
            queue.push(NonNull::from(waiter));
        }
        self.stage.set(Stage::Waiting);
    }

    /// Waits for the message of a late sender that was popped, which the caller is to ready.
    ///
    /// # Safety
    /// As for [`enqueue`](Self::enqueue), but for the lock; `slot` is the address of an empty packet
    /// for the messages of that sender's channel.
    pub(crate) unsafe fn pair(self: Pin<&Self>, sender: Popped, slot: *mut ()) -> Claimed {
        // SAFETY: no wait is on, so the last waiter is in no queue.
        unsafe { *self.waiter.get() = None };
        self.stage.set(Stage::Waiting);
        // SAFETY: by this function's contract; the ticket is handed out here only, and the future
        // stays until the wait is over.
        unsafe { promise(sender, self.wait().begin(), slot) }
    }

    /// Whether the wait is over. If not, `waker` will be run when it is.
    pub(super) fn poll(&self, waker: &Waker) -> bool {
        self.wait.poll(waker)
    }

    /// Ends a wait that nobody polls any more: true if nothing has happened, and nothing will. If a
    /// peer has settled the wait, blocks until it has readied it.
    ///
    /// # Safety
    /// If the link was enqueued, then in the `queue` of `gate`.
    pub(super) unsafe fn withdraw(
        &self,
        gate: &GateLock,
        queue: fn(&mut Gate) -> &mut WaitQueue,
    ) -> bool {
        // SAFETY: the owner alone changes the option. If the waiter is linked, then in this queue,
        // whose lock is held.
        let was_linked = unsafe {
            let waiter = &*self.waiter.get();
            let unlink = |waiter| queue(&mut gate.lock()).remove(NonNull::from(waiter));
            waiter.as_ref().is_some_and(unlink)
        };
        if !was_linked {
            self.wait.block();
        }
        was_linked
    }

    fn wait(self: Pin<&Self>) -> Pin<&FutureWait> {
        // SAFETY: the wait is pinned with the link: it is moved by nobody, and dropped in place.
        unsafe { self.map_unchecked(|link| &link.wait) }
    }
}
