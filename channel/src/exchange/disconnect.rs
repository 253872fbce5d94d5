//! The end of a side.
//!
//! Called once for each side, by the last handle of it. The other side's waiters are popped under
//! the lock and readied after it. When the receivers have gone, nobody can receive what is in the
//! buffer: it is taken out under the lock and dropped later, so that messages, which may hold
//! handles of this very channel, go at once and not with the last sender.
//!
//! Nobody of the ending side itself can be waiting, or hold a grant: that takes a handle. Save futures
//! that borrowed one and were forgotten, which stay where they are for ever.

use std::mem;

use hueless_runtime::park::{ClaimedList, wake};

use crate::exchange::channel::Channel;
use crate::exchange::returned::Returned;
use crate::exchange::stock::Hold;
use crate::exchange::{Head, Status};
use crate::flavors::Buffer;

/// Messages that nobody can receive any more, to be dropped.
pub(crate) struct Leftover<B: Buffer> {
    returned: Returned<B::Message>,
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
        if let Some((msg, _memory)) = self.returned.pop() {
            return Some(msg);
        }
        // SAFETY: the buffer held one message more than `len` now says.
        Some(unsafe { self.buffer.pop(&mut None) })
    }
}

impl<B: Buffer> Channel<B> {
    /// The last sender has gone: nothing more will be sent.
    pub(crate) fn disconnect_senders(&self) {
        let mut receivers = ClaimedList::default();
        let mut watchers = ClaimedList::default();
        let mut gate = self.gate.lock();
        gate.senders_gone = true;
        gate.receivers.pop_all(&mut receivers);
        gate.ended(&mut watchers);
        drop(gate);
        tell(receivers, watchers);
    }

    /// The last receiver has gone: nothing more will be received. The answer is to be dropped.
    pub(crate) fn disconnect_receivers(&self) -> Leftover<B> {
        let mut waiters = ClaimedList::default();
        let mut watchers = ClaimedList::default();
        let mut gate = self.gate.lock();
        gate.receivers_gone = true;
        gate.senders.pop_all(&mut waiters);
        // Futures that were forgotten: nobody would receive what is sent to them.
        gate.receivers.pop_all(&mut waiters);
        gate.ended(&mut watchers);
        let len = gate.stock.len();
        gate.stock.clear();
        // SAFETY: the gate is this channel's.
        let leftover = unsafe {
            Leftover {
                len,
                returned: mem::take(self.returned(&mut gate)),
                buffer: mem::replace(self.buffer(&mut gate), B::vacant()),
            }
        };
        drop(gate);
        tell(waiters, watchers);
        leftover
    }

    /// Nothing is sent any more, what is in the channel can still be received.
    pub(crate) fn close(&self) {
        let mut waiters = ClaimedList::default();
        let mut watchers = ClaimedList::default();
        let mut gate = self.gate.lock();
        gate.senders_gone = true;
        gate.receivers_gone = true;
        gate.stock.hold(Hold::Closed);
        gate.senders.pop_all(&mut waiters);
        gate.receivers.pop_all(&mut waiters);
        gate.ended(&mut watchers);
        drop(gate);
        tell(waiters, watchers);
    }
}

/// Ends the waits of `peers`, after those of `watchers`.
fn tell(peers: ClaimedList, watchers: ClaimedList) {
    drop(watchers);
    // The program's code runs when no ready is owed any more. Takes memory for futures only.
    let mut wakers = Vec::new();
    for peer in peers {
        // SAFETY: the claim is won, so the packet is ours until the owner is readied.
        unsafe { Head::of(peer.slot).set_status(Status::Disconnected) };
        wakers.extend(peer.claimed.ready_unwoken());
    }
    wakers.into_iter().for_each(wake);
}
