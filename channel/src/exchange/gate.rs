//! The part of a channel that does not depend on the type of its messages.
//!
//! Owner: whoever holds the lock around it. The select engine works on gates alone, so it is
//! compiled once and not for every message type.

use hueless_runtime::park::{Claimed, WaitQueue};

use crate::flavors::Memory;

/// What a channel's lock guards, besides the buffer.
pub(crate) struct Gate {
    /// Senders that wait for a slot or a receiver.
    pub(crate) senders: WaitQueue,
    /// Receivers that wait for a message.
    pub(crate) receivers: WaitQueue,
    /// Messages in the buffer.
    pub(crate) len: usize,
    /// Slots of the buffer that are neither filled nor reserved; none once the receivers are gone.
    pub(crate) room: usize,
    /// The last sender is gone.
    pub(crate) senders_gone: bool,
    /// The last receiver is gone.
    pub(crate) receivers_gone: bool,
}

impl Gate {
    pub(super) fn new(room: usize) -> Self {
        Self {
            senders: WaitQueue::new(),
            receivers: WaitQueue::new(),
            len: 0,
            room,
            senders_gone: false,
            receivers_gone: false,
        }
    }

    /// Whether a send may be possible: a waiter may turn out to be settled elsewhere.
    #[inline]
    pub(crate) fn may_send(&self) -> bool {
        self.room != 0 || !self.receivers.is_empty() || self.receivers_gone
    }

    /// Whether a receive may be possible: a waiter may turn out to be settled elsewhere.
    #[inline]
    pub(crate) fn may_receive(&self) -> bool {
        self.len != 0 || !self.senders.is_empty() || self.senders_gone
    }
}

/// What an operation owes once it has released the lock; dropping it pays.
#[derive(Default)]
pub(crate) struct After {
    /// A sender whose wait is over.
    pub(crate) sender: Option<Claimed>,
    /// A receiver whose wait is over.
    pub(crate) receiver: Option<Claimed>,
    /// Memory that the buffer has no use for.
    pub(crate) memory: Option<Memory>,
}
