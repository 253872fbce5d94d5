//! A case of a select, with the type of its message.
//!
//! A select is: make the cases; select over their entries; finish the one that was committed. A
//! receive is over with the commit, its message lies in the case. A send is not: its message is
//! made after the commit, see [`Grant`].
//!
//! Nothing here has a destructor but what is left of a committed send, so cases that were not
//! selected do not hold on to their senders and receivers while the selected one's body runs.

use std::time::Duration;

use crate::err::SendError;
use crate::exchange::{Grant, Head, Packet, Status};
use crate::select::entry::Entry;
use crate::select::source::Source;
use crate::sender::Sender;

/// A case that receives.
#[doc(hidden)]
#[allow(
    private_bounds,
    reason = "what can be received from is the crate's own business"
)]
pub struct RecvCase<'a, S: Source> {
    source: &'a S,
    packet: Packet<S::Message>,
}

impl<'a, S: Source> RecvCase<'a, S> {
    /// A case that receives from `source`.
    #[inline]
    pub(crate) fn new(source: &'a S) -> Self {
        Self {
            source,
            packet: Packet::empty(),
        }
    }

    /// The case for the engine.
    #[inline]
    pub fn entry(&mut self) -> Entry<'_> {
        // SAFETY: the packet is one of this source's messages, and borrowed by the entry.
        unsafe { Entry::receive(self.source.supplier(), self.packet.slot()) }
    }

    /// What the committed case has received.
    ///
    /// # Panics
    /// If the case was not committed.
    #[inline]
    pub fn finish(self) -> S::Output {
        // SAFETY: no entry borrows the packet any more, so no waiter points to it; `Done` says that
        // it holds a message, and this call takes it.
        let received = unsafe {
            match self.packet.head().status() {
                Status::Done => Some(self.packet.take()),
                Status::Disconnected => None,
                _ => panic!("the receive was not committed"),
            }
        };
        self.source.output(received)
    }

    /// Receives without a select: it is the only case.
    #[inline]
    pub fn alone(self) -> S::Output {
        self.source.receive()
    }

    /// As [`alone`](Self::alone), if that is possible at once.
    #[inline]
    pub fn alone_now(self) -> Option<S::Output> {
        self.source.receive_now()
    }

    /// As [`alone`](Self::alone), waiting for at most `timeout`.
    #[inline]
    pub fn alone_within(self, timeout: Duration) -> Option<S::Output> {
        self.source.receive_within(timeout)
    }
}

/// A case that sends.
#[doc(hidden)]
pub struct SendCase<'a, T> {
    sender: &'a Sender<T>,
    head: Head,
    grant: Option<Grant>,
}

impl<'a, T> SendCase<'a, T> {
    /// A case that sends with `sender`.
    #[inline]
    pub(crate) fn new(sender: &'a Sender<T>) -> Self {
        Self {
            sender,
            head: Head::late(),
            grant: None,
        }
    }

    /// The case for the engine.
    #[inline]
    pub fn entry(&mut self) -> Entry<'_> {
        Entry::send(self.sender.gate(), &self.head, &mut self.grant)
    }

    /// The committed case, which now needs its message.
    ///
    /// # Panics
    /// If the case was not committed.
    #[inline]
    pub fn finish(self) -> Committed<'a, T> {
        assert!(self.grant.is_some(), "the send was not committed");
        Committed {
            sender: self.sender,
            grant: self.grant,
        }
    }
}

/// A committed send. Dropping it gives the send up.
#[doc(hidden)]
pub struct Committed<'a, T> {
    sender: &'a Sender<T>,
    grant: Option<Grant>,
}

impl<T> Committed<'_, T> {
    /// Completes the send.
    #[inline]
    pub fn send(mut self, msg: T) -> Result<(), SendError<T>> {
        match self.grant.take() {
            // SAFETY: the grant came from a case of this sender.
            Some(grant) => unsafe { self.sender.complete(grant, msg) },
            None => unreachable!("the grant is there until this call or the drop"),
        }
    }
}

impl<T> Drop for Committed<'_, T> {
    fn drop(&mut self) {
        if let Some(grant) = self.grant.take() {
            // SAFETY: the grant came from a case of this sender.
            unsafe { self.sender.give_up(grant) };
        }
    }
}
