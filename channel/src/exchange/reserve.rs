//! Sends whose message comes after the commit: the two phases of a select's send case.
//!
//! Phase one, under the lock, commits the send: it gets a [`Grant`]. Then the message is made,
//! which may take any time, park, panic or be cancelled. Phase two completes the send with the
//! message, or releases the grant.
//!
//! What a grant holds meanwhile:
//! - [`Reserved`](Grant::Reserved): a slot of the buffer. It counts as full; nobody waits for it
//!   who would not wait for a filled one, and receivers pass it by. A message goes to the end of
//!   the buffer when it comes.
//! - [`Claimed`](Grant::Claimed): a receiver. Its wait is settled, so neither its deadline nor a
//!   cancellation moves it, until it is readied with the message or to begin anew.
//! - [`Disconnected`](Grant::Disconnected): nothing. The message comes back as an error.
//!
//! A buffer's slot is preferred to a receiver: it binds nobody else.
//!
//! Rejected: to let a receiver of a buffered channel wait for a reserved slot, as crossbeam does:
//! messages that were sent later would be held up.

use hueless_runtime::park::Popped;

use crate::err::SendError;
use crate::exchange::channel::Channel;
use crate::exchange::{After, Chance, Gate, Head, Packet, Status};
use crate::flavors::Buffer;

/// What a committed send holds until its message is there.
pub(crate) enum Grant {
    /// A slot of the buffer.
    Reserved,
    /// A receiver.
    Claimed(Popped),
    /// Nothing: the receivers are gone.
    Disconnected,
}

impl Gate {
    /// Phase one at once, if that is possible.
    pub(crate) fn reserve(&mut self) -> Option<Grant> {
        if self.receivers_gone {
            Some(Grant::Disconnected)
        } else if self.stock.room() != 0 {
            self.stock.remove_room();
            Some(Grant::Reserved)
        } else {
            self.receivers.pop().map(Grant::Claimed)
        }
    }
}

impl Grant {
    /// What a late sender was granted that has waited.
    ///
    /// # Safety
    /// The sender has been readied with `status` in its packet, and calls this once for it.
    pub(crate) unsafe fn from_status(status: Status) -> Self {
        match status {
            Status::Reserved => Self::Reserved,
            Status::Paired(partner) => {
                // SAFETY: the receiver stays until this claim is won and readied: it parks, shielded and
                // without a deadline, or is a future, whose drop blocks until then.
                let claimed = unsafe { partner.ticket.claim(0) };
                Self::Claimed(Popped {
                    claimed: claimed.expect("nobody else has this receiver's ticket"),
                    slot: partner.slot,
                })
            }
            _ => Self::Disconnected,
        }
    }
}

impl<B: Buffer> Channel<B> {
    /// Phase two, with the message.
    ///
    /// # Safety
    /// `grant` was granted by this channel.
    pub(crate) unsafe fn complete(
        &self,
        grant: Grant,
        msg: B::Message,
    ) -> Result<(), SendError<B::Message>> {
        match grant {
            Grant::Disconnected => Err(SendError(msg)),
            Grant::Claimed(receiver) => {
                // SAFETY: the receiver's claim is won; it receives messages of this channel, and
                // its packet is empty until this delivery.
                unsafe { Packet::of(receiver.slot).deliver(msg) };
                receiver.claimed.ready();
                Ok(())
            }
            // SAFETY: this channel has reserved a slot for the caller.
            Grant::Reserved => unsafe { self.fill_reserved(msg) },
        }
    }

    /// Puts `msg` in a reserved slot, or gives it to a receiver and frees the slot.
    ///
    /// # Safety
    /// The caller has reserved a slot, which this call uses up.
    unsafe fn fill_reserved(&self, mut msg: B::Message) -> Result<(), SendError<B::Message>> {
        // Dropped after `gate`.
        let mut after = After::default();
        let mut gate = self.gate.lock();
        loop {
            if gate.receivers_gone {
                return Err(SendError(msg));
            }
            if let Some(popped) = gate.receivers.pop() {
                // SAFETY: as in `complete`; the slot is the caller's to free.
                unsafe {
                    Packet::of(popped.slot).deliver(msg);
                    self.free_slot(&mut gate, &mut after);
                }
                after.receiver = Some(popped.claimed);
                return Ok(());
            }
            // SAFETY: the gate is this channel's, and the slot is reserved for this message.
            match unsafe { self.buffer(&mut gate).push(msg) } {
                Ok(()) => {
                    gate.stock.add_message();
                    gate.changed(Chance::Receive, &mut after.watchers);
                    return Ok(());
                }
                Err(back) => msg = back,
            }
            drop(gate);
            gate = self.supply(&mut after);
        }
    }

    /// Phase two, without a message.
    ///
    /// # Safety
    /// `grant` was granted by this channel.
    pub(crate) unsafe fn give_up(&self, grant: Grant) {
        match grant {
            Grant::Disconnected => {}
            Grant::Claimed(receiver) => {
                // SAFETY: the receiver's claim is won.
                unsafe { Head::of(receiver.slot).set_status(Status::Retry) };
                receiver.claimed.ready();
            }
            Grant::Reserved => {
                // Dropped after `gate`.
                let mut after = After::default();
                let mut gate = self.gate.lock();
                if !gate.receivers_gone {
                    // SAFETY: the gate is this channel's, which has reserved the slot for the
                    // caller.
                    unsafe { self.free_slot(&mut gate, &mut after) };
                }
            }
        }
    }
}
