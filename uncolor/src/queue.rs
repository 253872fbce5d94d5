//! Those who wait at the addresses of one bucket, first in, first out.
//!
//! Ownership of a node:
//! - *linked*: the holder of the bucket's lock.
//! - *claimed*: the winner of the claim, who chains it until it readies the owner.
//! - otherwise the owner, who unlinks it before its frame goes.
//!
//! Not the runtime's `WaitQueue`, which gives out its waiters in their order alone: here waiters of several
//! addresses stand in one queue.

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::ptr::{self, NonNull};

use hueless_runtime::park::{Claimed, Ticket};

/// One who waits; it lies in that one's frame.
pub(crate) struct Node {
    address: usize,
    ticket: Ticket,
    /// Whether it waits for a lock that is not free before it runs, so that its waker had better let it.
    takes_turns: bool,
    prev: Cell<*const Node>,
    next: Cell<*const Node>,
    linked: Cell<bool>,
    /// The ready that is owed, while it is in a chain.
    claimed: Cell<Option<Claimed>>,
    _pinned: PhantomPinned,
}

impl Node {
    pub(crate) fn new(address: usize, ticket: Ticket, takes_turns: bool) -> Self {
        Self {
            address,
            ticket,
            takes_turns,
            prev: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            linked: Cell::new(false),
            claimed: Cell::new(None),
            _pinned: PhantomPinned,
        }
    }

    pub(crate) fn address(&self) -> usize {
        self.address
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        debug_assert!(
            !self.linked.get(),
            "a node is unlinked before its frame goes"
        );
    }
}

/// See the module. It lies in a bucket's lock.
pub(crate) struct Queue {
    first: *const Node,
    last: *const Node,
}

// SAFETY: the queue holds addresses of nodes that belong to the holder of its lock, whichever thread that is.
unsafe impl Send for Queue {}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            first: ptr::null(),
            last: ptr::null(),
        }
    }

    /// Appends `node`.
    ///
    /// # Safety
    /// The node is in no queue, and stays where it is until it has been claimed and readied, or
    /// [removed](Self::remove).
    pub(crate) unsafe fn push(&mut self, node: NonNull<Node>) {
        // SAFETY: by this contract for the node; linked nodes are alive by the same.
        unsafe {
            let this = node.as_ref();
            this.linked.set(true);
            this.prev.set(self.last);
            this.next.set(ptr::null());
            match self.last.as_ref() {
                Some(last) => last.next.set(node.as_ptr()),
                None => self.first = node.as_ptr(),
            }
            self.last = node.as_ptr();
        }
    }

    /// Unlinks `node`, if it is linked.
    ///
    /// # Safety
    /// If the node is linked, then in this queue.
    pub(crate) unsafe fn remove(&mut self, node: NonNull<Node>) {
        // SAFETY: the caller's node is alive, and so are linked ones by `push`'s contract.
        unsafe {
            let this = node.as_ref();
            if !this.linked.replace(false) {
                return;
            }
            let (prev, next) = (this.prev.get(), this.next.get());
            match prev.as_ref() {
                Some(prev) => prev.next.set(next),
                None => self.first = next,
            }
            match next.as_ref() {
                Some(next) => next.prev.set(prev),
                None => self.last = prev,
            }
        }
    }

    /// Settles the waits of up to `most` who wait at `address`. Those whose time has come first are unlinked
    /// on the way, and not counted.
    pub(crate) fn claim(&mut self, address: usize, most: u32) -> Chain {
        let mut chain = Chain {
            first: ptr::null(),
            len: 0,
        };
        let mut last: *const Node = ptr::null();
        let mut next = self.first;
        // SAFETY: linked nodes are alive by `push`'s contract, and an owner cannot leave before it has taken
        // the lock that the caller holds; one that has been claimed stays until it is readied.
        unsafe {
            while chain.len < most
                && let Some(node) = next.as_ref()
            {
                let this = next;
                next = node.next.get();
                if node.address != address {
                    continue;
                }
                self.remove(NonNull::new_unchecked(this.cast_mut()));
                if let Some(claimed) = node.ticket.claim(0) {
                    node.claimed.set(Some(claimed));
                    node.next.set(ptr::null());
                    match last.as_ref() {
                        Some(last) => last.next.set(this),
                        None => chain.first = this,
                    }
                    last = this;
                    chain.len += 1;
                }
            }
        }
        chain
    }
}

/// Those whose waits have been settled and who are owed their ready. Hold no lock when giving it.
#[must_use]
pub(crate) struct Chain {
    first: *const Node,
    len: u32,
}

impl Chain {
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// See the node's field; of the first of them.
    pub(crate) fn takes_turns(&self) -> bool {
        // SAFETY: as in `ready`.
        unsafe { self.first.as_ref() }.is_some_and(|node| node.takes_turns)
    }

    /// Whether the first of them goes on on this thread, and nowhere else.
    pub(crate) fn goes_on_here(&self) -> bool {
        // SAFETY: as in `ready`.
        let Some(node) = (unsafe { self.first.as_ref() }) else {
            return false;
        };
        let claimed = node.claimed.take();
        let here = claimed.as_ref().is_some_and(Claimed::goes_on_here);
        node.claimed.set(claimed);
        here
    }

    /// Makes all of them ready.
    pub(crate) fn ready(self) {
        let mut next = self.first;
        // SAFETY: the node is claimed, so its owner stays until the ready, after which it is not touched.
        while let Some(node) = unsafe { next.as_ref() } {
            next = node.next.get();
            if let Some(claimed) = node.claimed.take() {
                claimed.ready();
            }
        }
    }
}
