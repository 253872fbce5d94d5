//! Waiting on a plain OS thread.
//!
//! A thread has one [`ThreadHeader`], made at its first wait. `ready` is the token that a won claim
//! owes: the thread leaves its park only by its own claim or by consuming that token.
//!
//! Protocol: the waker takes a count on the header, sets the token, unparks, drops the count. So
//! the header outlives the waker's last touch even if the thread ends at once.

use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;

use crate::loom::{AtomicBool, Ordering, Parker, Unparker};
use crate::park::claim::{Outcome, Settled};
use crate::park::header::{Header, Kind};

/// What wakers know of an OS thread.
#[repr(C)]
pub(crate) struct ThreadHeader {
    header: Header,
    /// Set by the winner of the claim, consumed by the thread.
    ready: AtomicBool,
    unparker: Unparker,
}

impl ThreadHeader {
    /// Makes the thread ready.
    ///
    /// # Safety
    /// `this` came from a live [`ThreadWait`], and the caller won its claim and readies it once.
    pub(crate) unsafe fn ready(this: NonNull<Self>) {
        // SAFETY: the thread cannot leave its park before the token is set below, and until then
        // its `ThreadWait` holds a count; `this` came from `Arc::as_ptr`.
        let this = unsafe {
            Arc::increment_strong_count(this.as_ptr());
            Arc::from_raw(this.as_ptr())
        };
        // Release pairs with the Acquire in `park`: the winner's writes are seen.
        this.ready.store(true, Ordering::Release);
        this.unparker.unpark();
    }
}

/// A thread's header together with the parker that only the thread itself may use.
struct Own {
    shared: Arc<ThreadHeader>,
    parker: Parker,
}

impl Own {
    fn new() -> Self {
        let parker = Parker::new();
        let shared = Arc::new(ThreadHeader {
            header: Header::new(Kind::Thread),
            ready: AtomicBool::new(false),
            unparker: parker.unparker().clone(),
        });
        Self { shared, parker }
    }
}

#[cfg(not(loom))]
thread_local! {
    static OWN: std::rc::Rc<Own> = std::rc::Rc::new(Own::new());
}

#[cfg(loom)]
loom::thread_local! {
    static OWN: std::rc::Rc<Own> = std::rc::Rc::new(Own::new());
}

#[cfg(not(loom))]
thread_local! {
    /// Whether this thread has a header. Needs no destructor, so it can be asked anywhere.
    static MADE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The current thread's part in a wait.
pub(crate) struct ThreadWait(std::rc::Rc<Own>);

impl ThreadWait {
    /// The current thread's; in a thread-local's destructor, when the usual one is gone, a new one.
    // Never inlined: a task of a migrating runtime may wait as one thread and then as another.
    #[inline(never)]
    pub(crate) fn current() -> Self {
        let own = OWN.try_with(std::rc::Rc::clone);
        #[cfg(not(loom))]
        MADE.set(own.is_ok());
        Self(own.unwrap_or_else(|_| std::rc::Rc::new(Own::new())))
    }

    /// The current thread's, if it has waited before. Allocates nothing.
    // Never inlined: as above.
    #[inline(never)]
    pub(crate) fn current_if_made() -> Option<Self> {
        #[cfg(not(loom))]
        if !MADE.get() {
            return None;
        }
        OWN.try_with(std::rc::Rc::clone).ok().map(Self)
    }

    /// The header, for tickets.
    pub(crate) fn header(&self) -> NonNull<Header> {
        // From `Arc::as_ptr`, not from a reference to the field, so that `ready` may count on it.
        let shared = Arc::as_ptr(&self.0.shared).cast_mut();
        // SAFETY: an `Arc`'s pointer is never null.
        unsafe { NonNull::new_unchecked(shared) }.cast()
    }

    /// Begins a wait and returns its claim word.
    pub(crate) fn begin(&self) -> u64 {
        self.0.shared.header.claim.begin()
    }

    /// Runs `commit` and blocks the thread until the wait `word` is settled.
    pub(crate) fn park(
        &self,
        word: u64,
        deadline: Option<Instant>,
        commit: impl FnOnce() -> bool,
    ) -> Outcome {
        let Own { shared, parker } = &*self.0;
        if !commit() {
            return Outcome::Declined;
        }
        let mut deadline = deadline;
        // Acquire pairs with the Release in `ready`.
        while !shared.ready.load(Ordering::Acquire) {
            match deadline {
                None => parker.park(),
                Some(at) if Instant::now() < at => parker.park_deadline(at),
                Some(_) if shared.header.claim.settle(word, Settled::DEADLINE) => {
                    return Outcome::Deadline;
                }
                // A peer has won and its ready is on the way.
                Some(_) => deadline = None,
            }
        }
        // Relaxed: the token is this thread's until it lets peers in again.
        shared.ready.store(false, Ordering::Relaxed);
        shared.header.claim.state().outcome()
    }
}
