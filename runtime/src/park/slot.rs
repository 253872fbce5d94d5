//! The park slot: std's `park` and `unpark` on the park seam.
//!
//! States of a slot, all under its lock:
//!
//! | state | meaning | who moves it here |
//! | --- | --- | --- |
//! | `Empty` | nobody waits, nothing is remembered | the owner; the unpark that wakes it |
//! | `Token` | an unpark came while nobody waited | an unpark |
//! | `Waiting` | the owner waits, its ticket is to be had | the owner |
//!
//! Protocol:
//! 1. The owner begins a wait and takes the lock. A token it takes away and goes on; else it leaves
//!    its ticket and parks, and the park's commit releases the lock.
//! 2. An unpark takes the lock. If the owner waits, it tries to claim the ticket, and readies the
//!    owner if it has won. If it has lost, or nobody waits, it leaves a token.
//! 3. An owner whose wait ended otherwise takes the lock again and withdraws its ticket.
//!
//! Invariants: a ticket is claimed under the lock only, and its owner leaves only after it has been
//! claimed by an unpark or has withdrawn it under the lock. So a token is never lost, whoever wins.
//!
//! The loom models are in `park/loom_tests.rs`.

use std::ptr;
use std::time::Instant;

use crate::loom::UnsafeCell;
use crate::park::claim::{Outcome, Ticket};
use crate::park::lock::Lock;
use crate::park::wait::Wait;

/// The case by which an unpark settles a wait.
const UNPARKED: u16 = 0;

/// Which way an unpark gets the waiting owner's ticket; a word of whoever owns the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is made of the owner's header and its present claim.
    Header,
    /// It lies on the stack that waits; the owner keeps its address.
    Address,
}

#[derive(Clone, Copy)]
enum Held {
    Empty,
    Token,
    Waiting(Way),
}

/// See the module. Small, because each task has one.
pub(crate) struct Slot(Lock<Held>);

#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() == 2);

impl Slot {
    pub(crate) fn new() -> Self {
        Self(Lock::new(Held::Empty))
    }

    /// Waits until there is a token or `deadline` has passed, and takes the token. `keep` sees to
    /// it that unparks find the ticket, which stays where it is until the wait has ended.
    ///
    /// A point of cancellation; the one answer that needs a look is `Cancelled`.
    ///
    /// To be called by the slot's owner only.
    pub(crate) fn park(
        &self,
        deadline: Option<Instant>,
        keep: impl FnOnce(&Ticket) -> Way,
    ) -> Outcome {
        let wait = Wait::begin();
        let ticket = wait.ticket();
        let mut held = self.0.lock();
        if let Held::Token = *held {
            *held = Held::Empty;
            return Outcome::Settled(UNPARKED);
        }
        *held = Held::Waiting(keep(&ticket));
        let lock = held.leak();
        let outcome = wait.park(deadline, || {
            // SAFETY: the guard was leaked above, and this frame touches the state no more before
            // it takes the lock again.
            unsafe { lock.unlock() };
            true
        });
        match outcome {
            Outcome::Settled(_) | Outcome::Declined => {}
            // A token that came after the deadline belongs to this park, as with std.
            Outcome::Deadline => *self.0.lock() = Held::Empty,
            Outcome::Cancelled => {
                let mut held = self.0.lock();
                if let Held::Waiting(_) = *held {
                    *held = Held::Empty;
                }
            }
        }
        outcome
    }

    /// Takes the token, if there is one. To be called by the slot's owner only, who does not wait.
    pub(crate) fn take_token(&self) -> bool {
        let mut held = self.0.lock();
        let there = matches!(*held, Held::Token);
        if there {
            *held = Held::Empty;
        }
        there
    }

    /// Wakes the owner if it waits, else leaves it a token. `kept` finds the ticket that the owner
    /// has left in that way.
    pub(crate) fn unpark(&self, kept: impl FnOnce(Way) -> Ticket) {
        let mut held = self.0.lock();
        let mut claimed = None;
        if let Held::Waiting(way) = *held {
            // SAFETY: the owner takes the lock, which is held, before it leaves.
            claimed = unsafe { kept(way).claim(UNPARKED) };
        }
        *held = match claimed {
            Some(_) => Held::Empty,
            None => Held::Token,
        };
        drop(held);
        // Outside the lock: it may have to wake an OS thread.
        drop(claimed);
    }
}

/// A slot with room for the ticket's address: that of an OS thread, or of a
/// [`block_on`](crate::block_on()).
pub(crate) struct ThreadSlot {
    slot: Slot,
    /// Used under the slot's lock.
    ticket: UnsafeCell<*const Ticket>,
}

// SAFETY: the cell is used under the slot's lock.
unsafe impl Send for ThreadSlot {}
// SAFETY: as above.
unsafe impl Sync for ThreadSlot {}

impl ThreadSlot {
    pub(crate) fn new() -> Self {
        Self {
            slot: Slot::new(),
            ticket: UnsafeCell::new(ptr::null()),
        }
    }

    /// [`Slot::park`].
    pub(crate) fn park(&self, deadline: Option<Instant>) -> Outcome {
        self.slot.park(deadline, |ticket| {
            // SAFETY: `keep` runs under the slot's lock.
            self.ticket.with_mut(|to| unsafe { *to = ticket });
            Way::Address
        })
    }

    /// [`Slot::take_token`].
    pub(crate) fn take_token(&self) -> bool {
        self.slot.take_token()
    }

    /// [`Slot::unpark`].
    pub(crate) fn unpark(&self) {
        // SAFETY: `kept` runs under the slot's lock, while the owner waits and so keeps the ticket.
        self.slot
            .unpark(|_| self.ticket.with_mut(|at| unsafe { **at }));
    }
}
