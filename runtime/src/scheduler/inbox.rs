//! The inbox: how other threads hand a worker its own tasks, and how they wake it.
//!
//! One word, the head of an intrusive list, carries both the tasks and the worker's sleep:
//!
//! | head | meaning | left by |
//! | --- | --- | --- |
//! | `EMPTY` | the worker is awake, nothing is waiting | anyone's push, the worker going to sleep |
//! | `SLEEPING` | the worker sleeps or is about to; nothing is waiting | whoever wakes it; itself |
//! | `SEARCH` | the worker was woken to look for work to steal | the worker |
//! | a task | tasks wait, the last one pushed first; the list ends in `EMPTY` or `SEARCH` | the worker |
//!
//! Protocol:
//! - *Pusher*: link the task to the head and swap it in. If the head was `SLEEPING`, this pusher,
//!   and nobody else, unparks the worker.
//! - *Worker*: before it sleeps it swaps `EMPTY` for `SLEEPING`; if that fails something has come.
//!   To empty the inbox it swaps in `EMPTY` and reverses what it got, so tasks run in the order of
//!   their pushes.
//!
//! Because sleep and tasks share a word, no push can slip between the worker's last look and its
//! sleep, and no fence is needed. Nodes are taken all at once, so there is no ABA problem.
//!
//! Rejected: a queue beside a `sleeping` flag; it needs a fence on both sides and every pusher has
//! to look at two cache lines.

use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use crate::loom::{AtomicPtr, Ordering};

/// A node that can be linked into one [`Inbox`] at a time.
///
/// # Safety
/// `set_next` and `next` store and load one pointer field, and nothing else uses that field while
/// the node is in an inbox.
pub(crate) unsafe trait Linked: Sized {
    /// Stores the link.
    ///
    /// # Safety
    /// The node is alive and the caller owns it.
    unsafe fn set_next(this: NonNull<Self>, next: *mut Self);

    /// Loads the link.
    ///
    /// # Safety
    /// The node is alive and the caller owns it.
    unsafe fn next(this: NonNull<Self>) -> *mut Self;
}

/// Many producers, one consumer.
pub(crate) struct Inbox<T> {
    head: AtomicPtr<T>,
}

/// Whether the caller has to unpark the inbox's worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Wake {
    /// The worker was asleep and this caller woke it: unpark it.
    Needed,
    /// The worker is awake or somebody else unparks it.
    Not,
}

impl<T: Linked> Inbox<T> {
    const EMPTY: *mut T = ptr::null_mut();
    const SLEEPING: *mut T = ptr::without_provenance_mut(1);
    const SEARCH: *mut T = ptr::without_provenance_mut(2);

    pub(crate) fn new() -> Self {
        Self {
            head: AtomicPtr::new(Self::EMPTY),
        }
    }

    /// Hands `node` to the worker.
    ///
    /// # Safety
    /// The node is alive, in no other list, and stays alive until the worker has taken it.
    pub(crate) unsafe fn push(&self, node: NonNull<T>) -> Wake {
        // Relaxed: the compare-and-swap decides.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let next = if head == Self::SLEEPING {
                Self::EMPTY
            } else {
                head
            };
            // SAFETY: the caller owns the node until the swap succeeds.
            unsafe { T::set_next(node, next) };
            // Release pairs with the Acquire in `take`: the link and all that was done to the task
            // are seen by the worker. Acquire pairs with `begin_sleep`: who finds `SLEEPING` sees
            // what the worker sleeps in.
            match self.head.compare_exchange_weak(
                head,
                node.as_ptr(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) if head == Self::SLEEPING => return Wake::Needed,
                Ok(_) => return Wake::Not,
                Err(seen) => head = seen,
            }
        }
    }

    /// Wakes the worker to look for work, if it sleeps.
    pub(crate) fn wake_to_search(&self) -> Wake {
        self.swap_if(Self::SLEEPING, Self::SEARCH)
    }

    /// Whether the worker sleeps, at a glance.
    pub(crate) fn is_sleeping(&self) -> bool {
        // Relaxed: a hint; `wake_to_search` decides.
        self.head.load(Ordering::Relaxed) == Self::SLEEPING
    }

    /// Whether tasks wait, at a glance.
    pub(crate) fn has_tasks(&self) -> bool {
        // Relaxed: a hint; `take` decides.
        let head = self.head.load(Ordering::Relaxed);
        head != Self::EMPTY && head != Self::SLEEPING && head != Self::SEARCH
    }

    /// Worker only: declares sleep; false if something has come.
    #[must_use]
    pub(crate) fn begin_sleep(&self) -> bool {
        self.swap_if(Self::EMPTY, Self::SLEEPING) == Wake::Needed
    }

    /// Worker only: takes the declaration back; false if somebody has woken the worker meanwhile.
    #[must_use]
    pub(crate) fn end_sleep(&self) -> bool {
        self.swap_if(Self::SLEEPING, Self::EMPTY) == Wake::Needed
    }

    fn swap_if(&self, from: *mut T, to: *mut T) -> Wake {
        // AcqRel: `begin_sleep`'s Release half pairs with the Acquire of the waker that finds
        // `SLEEPING`, which then uses what the worker set up for its sleep; Relaxed on failure,
        // which decides nothing.
        match self
            .head
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed)
        {
            Ok(_) => Wake::Needed,
            Err(_) => Wake::Not,
        }
    }

    /// Worker only: takes all tasks, oldest first, and whether the worker was woken to search.
    #[inline]
    pub(crate) fn take(&self) -> Taken<T> {
        // Relaxed: a look at the worker's own cache line that spares the swap.
        if self.head.load(Ordering::Relaxed) == Self::EMPTY {
            return Taken::new(Self::EMPTY, false);
        }
        self.take_slow()
    }

    fn take_slow(&self) -> Taken<T> {
        // Acquire pairs with the Release in `push`. The worker is awake, so the head is not
        // `SLEEPING`.
        let mut node = self.head.swap(Self::EMPTY, Ordering::Acquire);
        debug_assert!(node != Self::SLEEPING, "the worker took while asleep");
        let mut oldest_first = Self::EMPTY;
        while node != Self::EMPTY && node != Self::SEARCH {
            // SAFETY: nodes in the list are alive and became the worker's by the swap.
            unsafe {
                let this = NonNull::new_unchecked(node);
                node = T::next(this);
                T::set_next(this, oldest_first);
                oldest_first = this.as_ptr();
            }
        }
        Taken::new(oldest_first, node == Self::SEARCH)
    }
}

/// What was in an inbox, oldest first.
pub(crate) struct Taken<T> {
    head: *mut T,
    /// Whether the worker was woken to look for work to steal.
    pub(crate) to_search: bool,
    _owned: PhantomData<T>,
}

impl<T> Taken<T> {
    fn new(head: *mut T, to_search: bool) -> Self {
        Self {
            head,
            to_search,
            _owned: PhantomData,
        }
    }
}

impl<T: Linked> Iterator for Taken<T> {
    type Item = NonNull<T>;

    #[inline]
    fn next(&mut self) -> Option<NonNull<T>> {
        let node = NonNull::new(self.head)?;
        // SAFETY: the list's nodes are alive and the worker's.
        self.head = unsafe { T::next(node) };
        Some(node)
    }
}
