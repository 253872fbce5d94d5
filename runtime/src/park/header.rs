//! What a waker sees of a task, a thread or a future.

use std::ptr::NonNull;
use std::task::Waker;

use crate::park::claim::Claim;
use crate::park::future::FutureWait;
use crate::park::thread::ThreadHeader;

/// Which struct a [`Header`] opens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A `ThreadHeader`, behind an `Arc`.
    Thread,
    /// A task's header, counted by its own state word.
    Task,
    /// A `FutureWait`, in a pinned future.
    Future,
}

/// The first field of a task's and a thread's header, and of a future's wait.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) claim: Claim,
}

impl Header {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            claim: Claim::new(kind),
        }
    }

    /// Makes the owner ready to leave its park.
    ///
    /// # Safety
    /// The caller has won the owner's claim and calls this once for it.
    #[inline]
    pub(crate) unsafe fn ready(this: NonNull<Header>) {
        // SAFETY: the owner waits for this call, so its header is alive; `kind` says what it opens.
        unsafe {
            match this.as_ref().claim.kind() {
                #[cfg(not(loom))]
                Kind::Task => crate::scheduler::ready(crate::task::TaskPtr::from_header(this)),
                #[cfg(loom)]
                Kind::Task => unreachable!("loom models threads only"),
                Kind::Thread => ThreadHeader::ready(this.cast()),
                Kind::Future => FutureWait::ready_and_wake(this.cast()),
            }
        }
    }

    /// [`ready`](Self::ready), but for a future's waker, which is left to the caller.
    ///
    /// # Safety
    /// As for `ready`.
    pub(crate) unsafe fn ready_unwoken(this: NonNull<Header>) -> Option<Waker> {
        // SAFETY: by this function's contract; `kind` says what the header opens.
        unsafe {
            if let Kind::Future = this.as_ref().claim.kind() {
                return FutureWait::ready(this.cast());
            }
            Self::ready(this);
        }
        None
    }
}
