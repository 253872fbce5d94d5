//! Cancelling what an OS thread waits for.
//!
//! Protocol:
//! - *thread*, about to sleep in a wait that may be cancelled: says that it waits; fence; looks at its
//!   flag; afterwards says that it waits no more.
//! - *canceller*: sets the flag; fence; takes the word of the present wait; if the thread says that it
//!   waits, and is still to unwind, settles that wait.
//!
//! With both fences in the single order of SeqCst fences at least one side sees the other. A canceller
//! that takes the word of one wait and sees "waits" of an earlier one is impossible, for that is taken
//! back before the next wait begins; one that sees it of a later one has a word that settles nothing.
//!
//! A thread that unwinds does not enter this: it waits as if it were shielded. One that is in no frame (see
//! [`crate::cancel`]) cannot be cancelled and pays nothing of this.
//!
//! The loom model is in `park/loom_tests/thread_cancel.rs`. It has no frames: it sets the flag itself.

#[cfg(not(loom))]
use crate::cancel::{ChainCell, Context, UNWINDS};
use crate::loom::{AtomicBool, Ordering, fence};
use crate::park::claim::Claim;
#[cfg(not(loom))]
use crate::park::lock::Lock;

/// What cancellation knows of a thread.
pub(super) struct Cancellation {
    /// Whether the thread's code is to unwind: see [`crate::cancel`].
    pub(super) flag: AtomicBool,
    #[cfg(not(loom))]
    lock: Lock<()>,
    #[cfg(not(loom))]
    chain: ChainCell,
    /// Whether the thread is in a wait that may be cancelled.
    waits: AtomicBool,
}

#[cfg(not(loom))]
impl Cancellation {
    pub(super) fn context(&self) -> Context<'_> {
        Context {
            flag: &self.flag,
            lock: &self.lock,
            chain: &self.chain,
            // The root of a thread is never cancelled; no frame has this number.
            root: 0,
        }
    }

    /// Whether the thread's code may be cancelled, or be so already. On the thread.
    #[inline]
    pub(super) fn is_possible(&self) -> bool {
        UNWINDS && self.context().has_frames()
    }

    /// Whether the thread's code is to unwind now. On the thread.
    #[inline]
    pub(super) fn is_delivered(&self) -> bool {
        self.is_possible() && self.is_delivered_slow()
    }

    #[cold]
    fn is_delivered_slow(&self) -> bool {
        let context = self.context();
        let now = crate::time::now();
        if context.earliest_deadline().is_some_and(|at| at <= now) {
            context.expire(now);
        }
        // Relaxed: level-triggered; a later look sees it.
        self.flag.load(Ordering::Relaxed) && !std::thread::panicking()
    }
}

impl Cancellation {
    pub(super) fn new() -> Self {
        Self {
            flag: AtomicBool::new(false),
            #[cfg(not(loom))]
            lock: Lock::new(()),
            #[cfg(not(loom))]
            chain: ChainCell::new(),
            waits: AtomicBool::new(false),
        }
    }

    /// The thread's half, before it sleeps.
    pub(super) fn begin_to_wait(&self) -> Waiting<'_> {
        // Release pairs with the Acquire in `word_to_interrupt`: who sees this sees this wait's word.
        self.waits.store(true, Ordering::Release);
        // Pairs with the fence in `word_to_interrupt`.
        fence(Ordering::SeqCst);
        Waiting(self)
    }

    /// The canceller's half: the word of the wait that is to end.
    pub(super) fn word_to_interrupt(&self, claim: &Claim) -> Option<u64> {
        // Pairs with the fence in `begin_to_wait`.
        fence(Ordering::SeqCst);
        // First the word: see the module.
        let word = claim.word();
        // What was taken back before this word's wait is seen, by the Acquire in `word`. Acquire: as in
        // `begin_to_wait`. Relaxed: the flag is not taken back as long as the wait is on.
        let ends = self.waits.load(Ordering::Acquire) && self.flag.load(Ordering::Relaxed);
        ends.then_some(word)
    }
}

/// The thread waits as long as this lives.
pub(super) struct Waiting<'a>(&'a Cancellation);

impl Waiting<'_> {
    /// Whether the thread is to unwind instead.
    pub(super) fn is_cancelled(&self) -> bool {
        // Relaxed: the fence in `begin_to_wait` orders it.
        self.0.flag.load(Ordering::Relaxed)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Relaxed: the next `begin` releases it.
        self.0.waits.store(false, Ordering::Relaxed);
    }
}
