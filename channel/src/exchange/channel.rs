//! A channel: a gate and the buffer it guards.
//!
//! States, told by the gate: *open*; *senders gone* (receivers drain what is left); *receivers
//! gone* (the buffer was emptied, nothing enters any more).
//!
//! Protocol. Every operation takes the lock once and then does the first of these that applies:
//!
//! 1. *Meet*: a waiting peer is popped, which settles its wait. The message is moved between the
//!    two frames, or a sender's message into the slot that a receiver has just freed.
//! 2. *Use the buffer*.
//! 3. *Answer that the channel is disconnected*.
//! 4. *Wait*: leave a [`Packet`](super::Packet) in the queue of one's own side and park. Whoever
//!    pops it does the whole exchange, so the operation is over when the park is, whatever the
//!    clock or a cancellation say meanwhile.
//!
//! Operations that may wait begin with a checkpoint, so that a task which never has to wait lets
//! others run too. Those that never wait (`try_`, sends on an unbounded channel) do not.
//!
//! Peers are readied and memory and messages are dropped after the lock has been released: no user
//! code, no allocator and no system call runs under it. Messages are only moved there, as bytes.
//!
//! Invariants, with "waiting" meaning linked and not settled:
//! - A receiver waits only while the buffer is empty, a sender only while no slot is free. So
//!   messages arrive in the order they were sent, and waiters are served in the order they came.
//! - A sender and a receiver wait together only if they are cases of the same select: whichever
//!   came second would have met the first.
//! - `len + room` is the capacity less the slots that are reserved (see `reserve`), and more the
//!   messages that were given back (see `returned`).
//!
//! Rejected: a lock-free ring as crossbeam has it. Its slots are claimed before they are written,
//! so the other side has to spin for whoever was interrupted in between; in a scheduler of tasks
//! that one may be queued behind the spinner. A lock is also needed for the wait queues, and one
//! locked instruction for both is the least there can be.

use crate::exchange::returned::Returned;
use crate::exchange::{Gate, GateLock};
use crate::flavors::Buffer;
use crate::loom::UnsafeCell;

/// A channel with buffer `B`.
// In this order: see `layout`.
#[repr(C)]
pub(crate) struct Channel<B: Buffer> {
    pub(super) gate: GateLock,
    /// Guarded by `gate`.
    pub(super) buffer: UnsafeCell<B>,
    /// Guarded by `gate`.
    returned: UnsafeCell<Returned<B::Message>>,
    pub(super) capacity: usize,
}

// SAFETY: the gate admits one thread at a time to the buffer, and messages that pass through it
// may go from any thread to any other, which `Send` allows.
unsafe impl<B: Buffer> Sync for Channel<B> where B::Message: Send {}
// SAFETY: as above; a channel owns its buffer.
unsafe impl<B: Buffer> Send for Channel<B> where B::Message: Send {}

impl<B: Buffer> Channel<B> {
    /// A channel with room for `capacity` messages in `buffer`.
    pub(crate) fn new(buffer: B, capacity: usize) -> Self {
        Self {
            capacity,
            gate: GateLock::new(capacity),
            buffer: UnsafeCell::new(buffer),
            returned: UnsafeCell::new(Returned::default()),
        }
    }

    /// The gate, for select.
    pub(crate) fn gate(&self) -> &GateLock {
        &self.gate
    }

    /// The buffer.
    ///
    /// # Safety
    /// `gate` is the gate of this channel, locked by the caller.
    #[inline(always)]
    pub(super) unsafe fn buffer<'g>(&self, gate: &'g mut Gate) -> &'g mut B {
        let _ = gate;
        // SAFETY: the lock makes the buffer ours, and the borrow of the gate makes this the only
        // reference while it lives.
        self.buffer.with_mut(|buffer| unsafe { &mut *buffer })
    }

    /// The messages that were given back.
    ///
    /// # Safety
    /// `gate` is the gate of this channel, locked by the caller.
    pub(super) unsafe fn returned<'g>(&self, gate: &'g mut Gate) -> &'g mut Returned<B::Message> {
        let _ = gate;
        // SAFETY: as in `buffer`.
        self.returned.with_mut(|returned| unsafe { &mut *returned })
    }

    /// How many messages can be received at once.
    pub(crate) fn len(&self) -> usize {
        self.gate.lock().stock.len()
    }

    /// Whether nothing can be received from the buffer.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nothing more goes into the buffer.
    pub(crate) fn is_full(&self) -> bool {
        let gate = self.gate.lock();
        if gate.receivers_gone {
            gate.stock.len() >= self.capacity
        } else {
            gate.stock.room() == 0
        }
    }

    /// Whether the receivers have gone, or the channel was closed.
    pub(crate) fn is_disconnected(&self) -> bool {
        self.gate.lock().receivers_gone
    }

    /// How many messages the buffer can hold; `None` if there is no bound.
    pub(crate) fn capacity(&self) -> Option<usize> {
        B::BOUNDED.then_some(self.capacity)
    }
}

/// Shows a model that the channel is freed after all use of it.
#[cfg(loom)]
impl<B: Buffer> Drop for Channel<B> {
    fn drop(&mut self) {
        self.buffer.with_mut(|_| ());
    }
}
