//! The end of a side.
//!
//! Called once for each side, by the last handle of it. The other side's waiters are popped under
//! the lock and readied after it. When the receivers have gone, nobody can receive what is in the
//! buffer: it is taken out under the lock and dropped later, so that messages, which may hold
//! handles of this very channel, go at once and not with the last sender.
//!
//! Nobody of the ending side itself can be waiting, or hold a grant: that takes a handle.

use std::mem;

use hueless_runtime::park::ClaimedList;

use crate::exchange::channel::Channel;
use crate::exchange::{Head, Status};
use crate::flavors::Buffer;

/// Messages that nobody can receive any more, to be dropped.
pub(crate) struct Leftover<B: Buffer> {
    buffer: B,
    len: usize,
}

impl<B: Buffer> Drop for Leftover<B> {
    fn drop(&mut self) {
        // If one of them panics, the rest is leaked, as crossbeam-channel does it.
        while let Some(msg) = self.pop() {
            drop(msg);
        }
    }
}

impl<B: Buffer> Leftover<B> {
    fn pop(&mut self) -> Option<B::Message> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: the buffer held one message more than `len` now says.
        Some(unsafe { self.buffer.pop(&mut None) })
    }
}

impl<B: Buffer> Channel<B> {
    /// The last sender has gone: nothing more will be sent.
    pub(crate) fn disconnect_senders(&self) {
        let receivers = {
            let mut gate = self.gate.lock();
            gate.senders_gone = true;
            gate.receivers.pop_all()
        };
        tell(receivers);
    }

    /// The last receiver has gone: nothing more will be received. The answer is to be dropped.
    pub(crate) fn disconnect_receivers(&self) -> Leftover<B> {
        let mut gate = self.gate.lock();
        gate.receivers_gone = true;
        gate.room = 0;
        let leftover = Leftover {
            len: mem::take(&mut gate.len),
            // SAFETY: the gate is this channel's.
            buffer: mem::replace(unsafe { self.buffer(&mut gate) }, B::vacant()),
        };
        let senders = gate.senders.pop_all();
        drop(gate);
        tell(senders);
        leftover
    }
}

/// Ends the waits of `peers`.
fn tell(peers: ClaimedList) {
    for peer in peers {
        // SAFETY: the claim is won, so the packet is ours until the owner is readied.
        unsafe { Head::of(peer.slot).set_status(Status::Disconnected) };
        peer.claimed.ready();
    }
}
