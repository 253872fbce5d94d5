//! A case of a select, with the type of its message.
//!
//! A select is: make the cases; select over their entries; finish the one that was committed. A
//! receive is over with the commit, its message lies in the case. A send is not: its message is
//! made after the commit, see [`Grant`].
//!
//! Nothing here has a destructor but what is left of a committed send, so cases that were not
//! selected do not hold on to their senders and receivers while the selected one's body runs.

use crate::err::{RecvError, RecvTimeoutError, SendError, TryRecvError};
use crate::exchange::{Grant, Head, Packet, Status};
use crate::receiver::Receiver;
use crate::select::entry::Entry;
use crate::sender::Sender;

/// A case that receives.
#[doc(hidden)]
pub struct RecvCase<'a, T> {
    receiver: &'a Receiver<T>,
    packet: Packet<T>,
}

impl<'a, T> RecvCase<'a, T> {
    /// A case that receives from `receiver`.
    #[inline]
    pub fn new(receiver: &'a Receiver<T>) -> Self {
        Self {
            receiver,
            packet: Packet::empty(),
        }
    }

    /// The case for the engine.
    #[inline]
    pub fn entry(&mut self) -> Entry<'_> {
        // SAFETY: the packet is one of this receiver's messages, and borrowed by the entry.
        unsafe {
            Entry::receive(
                self.receiver.gate(),
                self.packet.slot(),
                self.receiver.erased(),
            )
        }
    }

    /// What the committed case has received.
    ///
    /// # Panics
    /// If the case was not committed.
    #[inline]
    pub fn finish(self) -> Result<T, RecvError> {
        // SAFETY: no entry borrows the packet any more, so no waiter points to it; `Done` says that
        // it holds a message, and this call takes it.
        unsafe {
            match self.packet.head().status() {
                Status::Done => Ok(self.packet.take()),
                Status::Disconnected => Err(RecvError),
                _ => panic!("the receive was not committed"),
            }
        }
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
    pub fn new(sender: &'a Sender<T>) -> Self {
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

/// What a receive without waiting means to a select with that one case.
#[doc(hidden)]
#[inline]
pub fn now<T>(received: Result<T, TryRecvError>) -> Option<Result<T, RecvError>> {
    match received {
        Ok(msg) => Some(Ok(msg)),
        Err(TryRecvError::Disconnected) => Some(Err(RecvError)),
        Err(TryRecvError::Empty) => None,
    }
}

/// What a receive with a time limit means to a select with that one case.
#[doc(hidden)]
#[inline]
pub fn in_time<T>(received: Result<T, RecvTimeoutError>) -> Option<Result<T, RecvError>> {
    match received {
        Ok(msg) => Some(Ok(msg)),
        Err(RecvTimeoutError::Disconnected) => Some(Err(RecvError)),
        Err(RecvTimeoutError::Timeout) => None,
    }
}
