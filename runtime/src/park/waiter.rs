//! Waiters and the queue they wait in.
//!
//! A [`Waiter`] lives on the stack of whoever waits and is linked into one [`WaitQueue`]: blocking
//! allocates nothing, and leaving is O(1). A queue has no lock of its own; it lies inside the
//! [`Lock`](super::Lock) of the thing that is waited for.
//!
//! Ownership of a node:
//! - *linked*: the holder of the queue's lock.
//! - *popped and claimed*: the winner of the claim, until it readies the owner.
//! - otherwise the owner, who unlinks whatever is still linked before its frame goes.

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::ptr::{self, NonNull};

use crate::park::claim::{Claimed, Ticket};

/// One entry of a [`WaitQueue`].
#[derive(Debug)]
pub struct Waiter {
    /// The one before; the last one, if this is the first.
    prev: Cell<*const Waiter>,
    next: Cell<*const Waiter>,
    linked: Cell<bool>,
    ticket: Ticket,
    case: u16,
    /// Nobody but who finds this waiter has the ticket.
    sole: bool,
    slot: *mut (),
    _pinned: PhantomPinned,
}

impl Waiter {
    /// A waiter for case `case` of the operation that `ticket` belongs to. `slot` is handed to
    /// whoever settles it: usually where the message lies or shall go.
    #[inline]
    pub fn new(ticket: Ticket, case: u16, slot: *mut ()) -> Self {
        Self {
            prev: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            linked: Cell::new(false),
            ticket,
            case,
            sole: false,
            slot,
            _pinned: PhantomPinned,
        }
    }

    /// The waiter of an operation that has one case, number 0, and waits in one queue. To settle it
    /// can be cheaper.
    ///
    /// # Safety
    /// The ticket is handed out in this waiter alone, the waiter is linked at most once, and the wait
    /// has no deadline.
    #[inline]
    pub unsafe fn sole(ticket: Ticket, slot: *mut ()) -> Self {
        Self {
            sole: true,
            ..Self::new(ticket, 0, slot)
        }
    }

    /// Whether the waiter is in a queue. Needs that queue's lock.
    #[inline]
    pub fn is_linked(&self) -> bool {
        self.linked.get()
    }
}

/// A waiter that was popped and whose wait this caller has settled.
#[derive(Debug)]
#[must_use]
pub struct Popped {
    /// The owner, to be readied.
    pub claimed: Claimed,
    /// The waiter's slot; valid until the owner is readied.
    pub slot: *mut (),
}

/// A first-in, first-out queue of [`Waiter`]s.
///
/// One word: the first node knows the last one. What is waited for often has several queues, and they all
/// lie in the cache line of its lock then.
#[derive(Debug)]
pub struct WaitQueue {
    head: *const Waiter,
}

// SAFETY: the queue holds addresses of nodes that belong to the holder of its lock, whichever
// thread that is.
unsafe impl Send for WaitQueue {}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl WaitQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        Self { head: ptr::null() }
    }

    /// Whether no waiter is linked. A linked waiter may have been settled elsewhere.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Appends `waiter`.
    ///
    /// # Safety
    /// The waiter is in no queue, stays where it is until it has been popped and readied or
    /// [removed](Self::remove), and this queue's lock is held.
    #[inline]
    pub unsafe fn push(&mut self, waiter: NonNull<Waiter>) {
        // SAFETY: the caller vouches for the waiter; linked nodes are alive (see `push`'s contract).
        unsafe {
            let node = waiter.as_ref();
            debug_assert!(!node.linked.get());
            node.linked.set(true);
            node.next.set(ptr::null());
            let Some(head) = self.head.as_ref() else {
                node.prev.set(waiter.as_ptr());
                self.head = waiter.as_ptr();
                return;
            };
            node.prev.set(head.prev.get());
            (*head.prev.get()).next.set(waiter.as_ptr());
            head.prev.set(waiter.as_ptr());
        }
    }

    /// Puts `waiter` before all others.
    ///
    /// # Safety
    /// As for [`push`](Self::push).
    pub unsafe fn push_front(&mut self, waiter: NonNull<Waiter>) {
        // SAFETY: as in `push`.
        unsafe {
            let node = waiter.as_ref();
            debug_assert!(!node.linked.get());
            node.linked.set(true);
            node.next.set(self.head);
            match self.head.as_ref() {
                // The first node remembers the last one.
                Some(head) => {
                    node.prev.set(head.prev.get());
                    head.prev.set(waiter.as_ptr());
                }
                None => node.prev.set(waiter.as_ptr()),
            }
        }
        self.head = waiter.as_ptr();
    }

    /// Puts `new` where `old` is, if that is linked, and says whether it was.
    ///
    /// # Safety
    /// As for [`push`](Self::push) and [`remove`](Self::remove).
    pub unsafe fn replace(&mut self, old: NonNull<Waiter>, new: NonNull<Waiter>) -> bool {
        // SAFETY: linked nodes are alive by `push`'s contract, and the lock makes them ours.
        unsafe {
            let (old, node) = (old.as_ref(), new.as_ref());
            if !old.linked.replace(false) {
                return false;
            }
            debug_assert!(!node.linked.get());
            node.linked.set(true);
            node.next.set(old.next.get());
            let is_last = old.next.get().is_null();
            if ptr::eq(self.head, old) {
                self.head = new.as_ptr();
                let last = old.prev.get();
                node.prev.set(if is_last { new.as_ptr() } else { last });
            } else {
                node.prev.set(old.prev.get());
                (*old.prev.get()).next.set(new.as_ptr());
                if is_last {
                    (*self.head).prev.set(new.as_ptr());
                }
            }
            if let Some(next) = old.next.get().as_ref() {
                next.prev.set(new.as_ptr());
            }
        }
        true
    }

    /// Unlinks `waiter` if it is linked, and says whether it was.
    ///
    /// # Safety
    /// If the waiter is linked, it is in this queue; this queue's lock is held.
    #[inline]
    pub unsafe fn remove(&mut self, waiter: NonNull<Waiter>) -> bool {
        // SAFETY: linked nodes are alive by `push`'s contract, and the lock makes them ours.
        unsafe {
            let node = waiter.as_ref();
            if !node.linked.replace(false) {
                return false;
            }
            if ptr::eq(self.head, node) {
                self.pop_head(node);
                return true;
            }
            let (prev, next) = (node.prev.get(), node.next.get());
            (*prev).next.set(next);
            // The first node remembers the last one.
            match next.as_ref() {
                Some(next) => next.prev.set(prev),
                None => (*self.head).prev.set(prev),
            }
        }
        true
    }

    /// Pops the first waiter that can be claimed. Waiters that were settled elsewhere are unlinked
    /// on the way; they belong to their owners again.
    #[inline]
    pub fn pop(&mut self) -> Option<Popped> {
        loop {
            // SAFETY: linked nodes are alive by `push`'s contract, and an owner cannot leave before it
            // has taken the lock that the caller holds.
            unsafe {
                let node = self.head.as_ref()?;
                // Read before the flag beside them is written: a load that covers a fresh store of
                // another size has to wait for it.
                let (ticket, case, sole, slot) = (node.ticket, node.case, node.sole, node.slot);
                self.pop_head(node);
                node.linked.set(false);
                let claimed = match sole {
                    true => ticket.claim_sole(),
                    false => ticket.claim(case),
                };
                if let Some(claimed) = claimed {
                    return Some(Popped { claimed, slot });
                }
            }
        }
    }

    /// Pops the first waiter that can be claimed, if `admits` says so of its slot; none of those behind
    /// one that is not admitted.
    pub fn pop_if(&mut self, mut admits: impl FnMut(*mut ()) -> bool) -> Option<Popped> {
        loop {
            // SAFETY: as in `pop`.
            let popped = unsafe {
                let node = self.head.as_ref()?;
                if !admits(node.slot) {
                    return None;
                }
                self.pop_head(node);
                node.linked.set(false);
                (node.ticket.claim(node.case)).map(|claimed| Popped {
                    claimed,
                    slot: node.slot,
                })
            };
            if popped.is_some() {
                return popped;
            }
        }
    }

    /// Goes on with the node after `head`.
    ///
    /// # Safety
    /// `head` is the first node, and this queue's lock is held.
    #[inline(always)]
    unsafe fn pop_head(&mut self, head: &Waiter) {
        self.head = head.next.get();
        // SAFETY: linked nodes are alive by `push`'s contract, and the lock makes them ours.
        if let Some(next) = unsafe { self.head.as_ref() } {
            next.prev.set(head.prev.get());
        }
    }

    /// Pops every waiter that can be claimed and appends it to `list`, to be readied once the lock has
    /// been released. Says how many they are.
    pub fn pop_all(&mut self, list: &mut ClaimedList) -> usize {
        let mut count = 0;
        let mut next = self.head;
        self.head = ptr::null();
        // SAFETY: linked nodes are alive by `push`'s contract. Nodes whose claim is won stay alive
        // until they are readied, so they can be chained.
        unsafe {
            while let Some(node) = next.as_ref() {
                let this = next;
                next = node.next.get();
                node.linked.set(false);
                if let Some(claimed) = node.ticket.claim(node.case) {
                    std::mem::forget(claimed);
                    node.next.set(ptr::null());
                    match list.tail.as_ref() {
                        Some(tail) => tail.next.set(this),
                        None => list.head = this,
                    }
                    list.tail = this;
                    count += 1;
                }
            }
        }
        count
    }
}

/// Waiters whose claims were won, each waiting for its ready. Dropping it readies the rest.
#[derive(Debug)]
#[must_use]
pub struct ClaimedList {
    head: *const Waiter,
    /// The last one; null if there is none.
    tail: *const Waiter,
}

impl Default for ClaimedList {
    #[inline]
    fn default() -> Self {
        Self {
            head: ptr::null(),
            tail: ptr::null(),
        }
    }
}

// SAFETY: the nodes belong to this list until they are readied, on whichever thread.
unsafe impl Send for ClaimedList {}

impl ClaimedList {
    /// Whether it holds nobody.
    pub fn is_empty(&self) -> bool {
        self.head.is_null()
    }
}

impl Iterator for ClaimedList {
    type Item = Popped;

    fn next(&mut self) -> Option<Popped> {
        // SAFETY: the node's claim was won in `pop_all` and its owner has not been readied yet.
        let node = unsafe { self.head.as_ref()? };
        self.head = node.next.get();
        if self.head.is_null() {
            self.tail = ptr::null();
        }
        Some(Popped {
            claimed: Claimed {
                header: node.ticket.header,
            },
            slot: node.slot,
        })
    }
}

impl ClaimedList {
    #[cold]
    fn ready_all(&mut self) {
        for popped in self.by_ref() {
            popped.claimed.ready();
        }
    }
}

impl Drop for ClaimedList {
    #[inline]
    fn drop(&mut self) {
        if !self.head.is_null() {
            self.ready_all();
        }
    }
}
