//! Who is at the ends of a channel, and where its receivers are.

use std::mem;

use crate::loom::{AtomicU64, Ordering};

/// How many handles there are of each side, and whether the channel was closed.
pub(crate) struct Sides {
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
    closed: bool,
}

/// What was to end has ended before, or has not ended yet: nobody's wait is over.
pub(crate) struct NothingEnded;

impl Sides {
    /// One handle of each side.
    pub(super) fn new() -> Self {
        Self {
            senders: 1,
            receivers: 1,
            closed: false,
        }
    }

    /// Whether the channel was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether nothing more will be sent.
    pub(crate) fn ended(&self) -> bool {
        self.closed || self.senders == 0
    }

    /// Counts a sender out.
    pub(crate) fn count_sender_out(&mut self) -> Result<(), NothingEnded> {
        self.senders -= 1;
        match self.senders {
            0 => Ok(()),
            _ => Err(NothingEnded),
        }
    }

    /// Ends all sending.
    pub(crate) fn close(&mut self) -> Result<(), NothingEnded> {
        match mem::replace(&mut self.closed, true) {
            false => Ok(()),
            true => Err(NothingEnded),
        }
    }
}

/// How far a receiver has come. Changed under the lock of its channel only.
pub(crate) struct Cursor(AtomicU64);

impl Cursor {
    /// A receiver that has come so far.
    pub(crate) fn at(position: u64) -> Self {
        Self(AtomicU64::new(position))
    }

    /// How far it has come.
    pub(crate) fn get(&self) -> u64 {
        // Relaxed, here and below: the lock orders these.
        self.0.load(Ordering::Relaxed)
    }

    /// It has come so far.
    pub(crate) fn set(&self, position: u64) {
        self.0.store(position, Ordering::Relaxed);
    }
}
