//! The claim: one word that says who settled a wait.
//!
//! States of the word, each tagged with the epoch of the wait it belongs to:
//!
//! | state | meaning | who moves it here |
//! | --- | --- | --- |
//! | `WAITING` | nobody has settled the wait | the owner, when it begins |
//! | `DEADLINE` | its time is up | whoever fires its timer, or the owner itself on an OS thread |
//! | `CANCELLED` | its task is cancelled | the owner's worker; any, if the runtime migrates |
//! | case *n* | a peer settled case *n* of the operation | that peer |
//!
//! Protocol:
//! 1. The owner begins a wait, which counts the epoch up, and hands [`Ticket`]s to peers.
//! 2. A peer settles by one compare-and-swap from `WAITING` of that epoch. Exactly one wins. (Where
//!    nobody else can be at it, a load and a store do: see `settle_here`.)
//! 3. The winner owes exactly one [`ready`](Claimed); until then the owner stays where it is, so
//!    the winner may write into the owner's frame.
//! 4. The owner continues after it has consumed that ready, and reads the state.
//!
//! Invariant: a ticket of an older epoch never wins, so a late timer or peer cannot settle a wait
//! that it does not know.
//!
//! The loom models are in `park/loom_tests.rs`.

use std::fmt;
use std::mem;
use std::ptr::NonNull;
use std::task::Waker;

use crate::loom::{AtomicU64, Ordering};
use crate::park::header::{Header, Kind};

/// Bits of the word that hold the state; the rest is the epoch.
const STATE_BITS: u32 = 16;
const STATE_MASK: u64 = (1 << STATE_BITS) - 1;
/// The word's owner is a task. Set for good; the epochs never get there.
const TASK: u64 = 1 << 63;
/// The word's owner is a future. As above.
const FUTURE: u64 = 1 << 62;

/// What a claim word can say besides its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled(u16);

impl Settled {
    /// Nobody has settled the wait.
    const WAITING: Self = Self(0);
    /// The wait's time is up.
    pub(crate) const DEADLINE: Self = Self(1);
    /// The waiting task is cancelled.
    pub(crate) const CANCELLED: Self = Self(2);
    /// The first number that stands for a case of the operation.
    const FIRST_CASE: u16 = 3;

    /// A peer settled case `case`.
    #[inline]
    pub(crate) const fn case(case: u16) -> Self {
        Self(Self::FIRST_CASE + case)
    }

    /// How a park that ended in this state reports it.
    #[inline]
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::WAITING => Outcome::Declined,
            Self::DEADLINE => Outcome::Deadline,
            Self::CANCELLED => Outcome::Cancelled,
            Self(case) => Outcome::Settled(case - Self::FIRST_CASE),
        }
    }
}

/// The greatest number of cases that one operation may have.
pub const MAX_CASES: usize = (u16::MAX - Settled::FIRST_CASE) as usize;

/// How a park ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// A peer settled this case.
    Settled(u16),
    /// The deadline passed first.
    Deadline,
    /// The task was cancelled first; nothing has happened to the operation.
    Cancelled,
    /// The commit answered `false`: the task never slept.
    Declined,
}

/// The claim word of a task, a thread or a future, reused by each of its waits.
pub(crate) struct Claim(AtomicU64);

impl Claim {
    /// The claim of a header of this kind.
    pub(crate) fn new(kind: Kind) -> Self {
        Self(AtomicU64::new(match kind {
            Kind::Thread => 0,
            Kind::Task => TASK,
            Kind::Future => FUTURE,
        }))
    }

    /// Which header the claim lies in.
    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        // Relaxed: the bits never change.
        let word = self.0.load(Ordering::Relaxed);
        if word & TASK != 0 {
            Kind::Task
        } else if word & FUTURE != 0 {
            Kind::Future
        } else {
            Kind::Thread
        }
    }

    /// Begins the next wait and returns its word in state `WAITING`. Owner only.
    #[inline]
    pub(crate) fn begin(&self) -> u64 {
        // Relaxed: the owner alone writes while no wait is on, and the last winner's write came
        // to it with its ready.
        let word = (self.0.load(Ordering::Relaxed) & !STATE_MASK) + (1 << STATE_BITS);
        // Release pairs with the Acquire in `word`, a canceller's. Peers learn the new word through
        // the lock, queue or channel that hands them the ticket.
        self.0.store(word, Ordering::Release);
        word
    }

    /// Settles the wait `word` belongs to; true for the one who wins.
    #[inline]
    pub(crate) fn settle(&self, word: u64, settled: Settled) -> bool {
        // AcqRel: Acquire, so that the winner's writes into the owner's frame come after the
        // owner's own (the ticket's hand-over gives the same; this makes it local knowledge);
        // Release pairs with the Acquire in `state`.
        self.0
            .compare_exchange(
                word,
                word | u64::from(settled.0),
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// [`settle`](Self::settle) without a locked instruction.
    ///
    /// Only where nobody else can be at it: see `settle_sole`.
    #[inline]
    pub(crate) fn settle_here(&self, word: u64, settled: Settled) -> bool {
        // Relaxed: nobody else writes the word meanwhile, and this caller has synchronised with whoever
        // did before.
        let wins = self.0.load(Ordering::Relaxed) == word;
        if wins {
            // Release pairs with the Acquires in `word` and `state`.
            self.0.store(word | u64::from(settled.0), Ordering::Release);
        }
        wins
    }

    /// The current wait's word in state `WAITING`, whatever its state is.
    #[inline]
    pub(crate) fn word(&self) -> u64 {
        // Acquire pairs with the Release in `begin`: who sees a wait has seen that the one before it
        // is over.
        self.0.load(Ordering::Acquire) & !STATE_MASK
    }

    /// A number of the current wait that comes again after 2¹⁵ waits.
    pub(crate) fn wait_number(&self) -> u16 {
        (self.word() >> STATE_BITS) as u16 & (u16::MAX >> 1)
    }

    /// Settles the current wait, if it is not settled yet. Only where the owner is known to be
    /// parked.
    pub(crate) fn settle_current(&self, settled: Settled) -> bool {
        self.settle(self.word(), settled)
    }

    /// The state of the current wait. Owner only.
    #[inline]
    pub(crate) fn state(&self) -> Settled {
        // Acquire pairs with the Release in `settle`.
        Settled((self.0.load(Ordering::Acquire) & STATE_MASK) as u16)
    }
}

/// The right to try to settle one wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub(crate) header: NonNull<Header>,
    pub(crate) word: u64,
}

// SAFETY: a ticket is an address and a number; what may be done with them is the caller's promise
// at each `unsafe fn` below.
unsafe impl Send for Ticket {}
// SAFETY: as above.
unsafe impl Sync for Ticket {}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({:p}, {:#x})", self.header, self.word)
    }
}

impl Ticket {
    /// Tries to settle the wait with `case`; the winner must ready the owner.
    ///
    /// # Safety
    /// The owner's header is alive: the ticket was found in a wait queue whose lock is held (an
    /// owner withdraws its waiters under that lock before it leaves), or the owner does not leave
    /// before the caller has said that it may.
    #[inline]
    pub unsafe fn claim(self, case: u16) -> Option<Claimed> {
        // SAFETY: the same contract.
        unsafe { self.settle(Settled::case(case)) }
    }

    /// Tries to settle the wait's only case; the winner must ready the owner.
    ///
    /// # Safety
    /// As for `claim`; also, the wait has no deadline, and whoever else has this ticket settles the
    /// wait only under the lock that the caller holds.
    #[inline]
    pub(crate) unsafe fn claim_sole(self) -> Option<Claimed> {
        #[cfg(not(loom))]
        // SAFETY: the header is alive by this function's contract, and the word says what it opens.
        unsafe {
            if self.word & TASK != 0
                && let Some(wins) = crate::scheduler::settle_sole(self)
            {
                return wins.then(|| Claimed {
                    header: self.header,
                });
            }
        }
        // SAFETY: the same contract.
        unsafe { self.claim(0) }
    }

    /// [`claim`](Self::claim) for any state.
    ///
    /// # Safety
    /// As for `claim`.
    #[inline]
    pub(crate) unsafe fn settle(self, settled: Settled) -> Option<Claimed> {
        // SAFETY: the header is alive by this function's contract.
        let header = unsafe { self.header.as_ref() };
        // Made only if the claim is won: a `Claimed` that is dropped readies the owner.
        header.claim.settle(self.word, settled).then(|| Claimed {
            header: self.header,
        })
    }
}

/// A settled wait whose owner has not been told yet. Dropping it makes the owner ready.
///
/// As long as it is held, the owner stays in its park, so its frame may be written.
#[must_use]
pub struct Claimed {
    pub(crate) header: NonNull<Header>,
}

// SAFETY: the owner waits for the ready that this value stands for and so keeps the header alive;
// `ready` may be called on any thread.
unsafe impl Send for Claimed {}

impl fmt::Debug for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claimed({:p})", self.header)
    }
}

impl Claimed {
    /// Whether the owner is a task that goes on on this thread, and nowhere else.
    #[must_use]
    pub fn goes_on_here(&self) -> bool {
        // SAFETY: the owner waits for the ready that this value stands for, and the kind says what it is.
        #[cfg(not(loom))]
        return unsafe {
            self.header.as_ref().claim.kind() == Kind::Task
                && crate::scheduler::goes_on_here(crate::task::TaskPtr::from_header(self.header))
        };
        #[cfg(loom)]
        false
    }

    /// Makes the owner ready: it may leave its park, and its frame must not be touched any more.
    #[inline]
    pub fn ready(self) {
        drop(self);
    }

    /// Makes the owner ready, but leaves it to the caller to [wake](crate::park::wake) it, if it is a
    /// future. For whoever owes more than one ready.
    #[inline]
    #[must_use]
    pub fn ready_unwoken(self) -> Option<Waker> {
        let header = self.header;
        mem::forget(self);
        // SAFETY: this value was the one ready that the won claim owes.
        unsafe { Header::ready_unwoken(header) }
    }
}

impl Drop for Claimed {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this value is the one ready that the won claim owes.
        unsafe { Header::ready(self.header) }
    }
}
