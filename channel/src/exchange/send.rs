//! Sending a message that exists already.
//!
//! Order of attempts: a waiting receiver, a free slot, the answer that the channel is
//! disconnected, a wait. See [`channel`](super::channel) for the protocol.

use std::mem;
use std::ptr::NonNull;
use std::time::Instant;

use hueless_runtime::park::{
    ClaimedList, LockGuard, Outcome, Wait, Waiter, look_out, unwind_cancelled,
};

use crate::err::{SendError, SendTimeoutError, TrySendError};
use crate::exchange::channel::Channel;
use crate::exchange::{After, Chance, Gate, Limit, Packet, Status};
use crate::flavors::Buffer;
use crate::loom::checkpoint;

/// What an attempt to send came to.
pub(crate) enum Given<T> {
    /// The message is with a receiver or in the buffer.
    Done,
    /// There is neither a receiver nor a slot.
    Full(T),
    /// The receivers are gone.
    Disconnected(T),
    /// There is a slot, but the buffer needs memory for it.
    Starved(T),
}

impl<B: Buffer> Channel<B> {
    /// Sends if that is possible at once.
    #[inline]
    pub(crate) fn try_send(&self, msg: B::Message) -> Result<(), TrySendError<B::Message>> {
        match self.send_now(msg) {
            Ok(()) => Ok(()),
            Err((gate, msg)) => self.try_send_rest(gate, msg),
        }
    }

    /// Sends, waiting for as long as it takes.
    #[inline]
    pub(crate) fn send(&self, msg: B::Message) -> Result<(), SendError<B::Message>> {
        if B::BOUNDED {
            checkpoint();
        }
        match self.send_now(msg) {
            Ok(()) => Ok(()),
            Err((gate, msg)) => self.send_rest(gate, msg),
        }
    }

    /// Sends, waiting within `limit`.
    #[inline]
    pub(crate) fn send_within(
        &self,
        msg: B::Message,
        limit: Limit,
    ) -> Result<(), SendTimeoutError<B::Message>> {
        if B::BOUNDED {
            checkpoint();
        }
        match self.send_now(msg) {
            Ok(()) => Ok(()),
            Err((gate, msg)) => self.send_slow(gate, msg, limit),
        }
    }

    /// The fast path: into the buffer, when no receiver waits. Otherwise nothing has happened yet,
    /// and the gate is locked.
    #[inline]
    fn send_now(&self, msg: B::Message) -> Result<(), (LockGuard<'_, Gate>, B::Message)> {
        let mut gate = self.gate.lock();
        if !gate.stock.has_room() || !gate.receivers.is_empty() {
            return Err((gate, msg));
        }
        // SAFETY: the gate is this channel's, and has room.
        match unsafe { self.push(&mut gate, msg) } {
            Ok(()) => Ok(()),
            Err(msg) => Err((gate, msg)),
        }
    }

    fn try_send_rest<'c>(
        &'c self,
        mut gate: LockGuard<'c, Gate>,
        mut msg: B::Message,
    ) -> Result<(), TrySendError<B::Message>> {
        let mut after = After::default();
        loop {
            // SAFETY: the gate is this channel's.
            let given = unsafe { self.give(&mut gate, msg, &mut after) };
            drop(gate);
            msg = match given {
                Given::Done => return Ok(()),
                Given::Full(msg) => return Err(TrySendError::Full(msg)),
                Given::Disconnected(msg) => return Err(TrySendError::Disconnected(msg)),
                Given::Starved(msg) => msg,
            };
            gate = self.supply(&mut after);
        }
    }

    /// Goes on where `send_now` has left off: meets a receiver or waits, usually under the lock that
    /// is held already.
    // One function down to the switch, and called last: each return after a switch is mispredicted.
    #[inline(never)]
    fn send_rest<'c>(
        &'c self,
        mut gate: LockGuard<'c, Gate>,
        msg: B::Message,
    ) -> Result<(), SendError<B::Message>> {
        if let Some(popped) = gate.receivers.pop() {
            // SAFETY: the waiter is a receiver of this channel, its claim is won, and its packet
            // is empty until somebody delivers.
            unsafe { Packet::of(popped.slot).deliver(msg) };
            drop(gate);
            popped.claimed.ready();
            return Ok(());
        }
        let sent = if gate.stock.room() == 0
            && !gate.receivers_gone
            && let Some(wait) = Wait::begin_in_task()
        {
            self.park_sender(gate, msg, wait, None)
        } else {
            self.send_slow(gate, msg, Limit::Never)
        };
        sent.map_err(|err| SendError(err.into_inner()))
    }

    #[cold]
    fn send_slow<'c>(
        &'c self,
        gate: LockGuard<'c, Gate>,
        msg: B::Message,
        limit: Limit,
    ) -> Result<(), SendTimeoutError<B::Message>> {
        let msg = match self.try_send_rest(gate, msg) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Disconnected(msg)) => {
                return Err(SendTimeoutError::Disconnected(msg));
            }
            Err(TrySendError::Full(msg)) => msg,
        };
        let Ok(deadline) = limit.deadline() else {
            return Err(SendTimeoutError::Timeout(msg));
        };
        let msg = match self.look_out_for_room(msg) {
            Err(TrySendError::Full(msg)) => msg,
            Err(TrySendError::Disconnected(msg)) => {
                return Err(SendTimeoutError::Disconnected(msg));
            }
            Ok(()) => return Ok(()),
        };
        // Dropped after `gate`.
        let mut after = After::default();
        // Unwinds if the task is cancelled: before the lock, and the message goes with it.
        let wait = Wait::begin();
        let mut gate = self.gate.lock();
        // SAFETY: the gate is this channel's.
        match unsafe { self.give(&mut gate, msg, &mut after) } {
            Given::Full(msg) => self.park_sender(gate, msg, wait, deadline),
            Given::Done => Ok(()),
            Given::Disconnected(msg) => Err(SendTimeoutError::Disconnected(msg)),
            Given::Starved(_) => unreachable!("a buffer that asks for memory is never full"),
        }
    }

    /// Tries for a moment, on an OS thread.
    fn look_out_for_room(&self, msg: B::Message) -> Result<(), TrySendError<B::Message>> {
        let mut sent = Err(TrySendError::Full(msg));
        if self.capacity != 0 {
            look_out(|| {
                if let Err(TrySendError::Full(msg)) = mem::replace(&mut sent, Ok(())) {
                    sent = self.try_send(msg);
                }
                !matches!(sent, Err(TrySendError::Full(_)))
            });
        }
        sent
    }

    /// Waits for a receiver.
    #[inline(always)]
    fn park_sender(
        &self,
        mut gate: LockGuard<'_, Gate>,
        msg: B::Message,
        wait: Wait,
        deadline: Option<Instant>,
    ) -> Result<(), SendTimeoutError<B::Message>> {
        let packet = Packet::holding(msg);
        let (ticket, slot) = (wait.ticket(), packet.slot());
        let waiter = match deadline {
            // SAFETY: the ticket is handed out here only, and the waiter linked below only.
            None => unsafe { Waiter::sole(ticket, slot) },
            Some(_) => Waiter::new(ticket, 0, slot),
        };
        let waiter = NonNull::from(&waiter);
        // SAFETY: the waiter is new, and this frame stays until it has been popped and its owner
        // readied, or until it is removed below.
        unsafe { gate.senders.push(waiter) };
        // Takes the guard only, one word: the worker reads it back sooner than several.
        let outcome = wait.park(deadline, move || {
            let mut watchers = ClaimedList::default();
            gate.changed(Chance::Receive, &mut watchers);
            drop(gate);
            drop(watchers);
            true
        });
        if let Outcome::Settled(_) = outcome {
            // SAFETY: the one who settled the wait has readied it, so the packet is ours again.
            return match unsafe { packet.head().status() } {
                Status::Done => Ok(()),
                // SAFETY: nobody but a receiver takes the message, and says `Done`.
                _ => Err(SendTimeoutError::Disconnected(unsafe { packet.take() })),
            };
        }
        // SAFETY: if the waiter is linked, then in this queue.
        unsafe { self.gate.lock().senders.remove(waiter) };
        // SAFETY: no peer has settled the wait, and none can find it any more.
        let msg = unsafe { packet.take() };
        if let Outcome::Deadline = outcome {
            return Err(SendTimeoutError::Timeout(msg));
        }
        unwind_cancelled()
    }

    /// Sends if that is possible.
    ///
    /// # Safety
    /// `gate` is the gate of this channel.
    pub(crate) unsafe fn give(
        &self,
        gate: &mut Gate,
        msg: B::Message,
        after: &mut After,
    ) -> Given<B::Message> {
        if let Some(popped) = gate.receivers.pop() {
            // SAFETY: the waiter is a receiver of this channel, its claim is won, and its packet
            // is empty until somebody delivers.
            unsafe { Packet::of(popped.slot).deliver(msg) };
            after.receiver = Some(popped.claimed);
            Given::Done
        } else if gate.receivers_gone {
            Given::Disconnected(msg)
        } else if gate.stock.room() == 0 {
            Given::Full(msg)
        } else {
            // SAFETY: the gate is this channel's, and has room.
            match unsafe { self.push(gate, msg) } {
                Ok(()) => {
                    gate.changed(Chance::Receive, &mut after.watchers);
                    Given::Done
                }
                Err(msg) => Given::Starved(msg),
            }
        }
    }

    /// Puts a message in a free slot; gives it back if the buffer needs memory first.
    ///
    /// # Safety
    /// `gate` is the gate of this channel and has room.
    #[inline(always)]
    unsafe fn push(&self, gate: &mut Gate, msg: B::Message) -> Result<(), B::Message> {
        // SAFETY: there is room, so the buffer holds fewer messages than it can.
        unsafe { self.buffer(gate).push(msg)? };
        gate.stock.fill();
        Ok(())
    }

    /// Gets memory for the buffer and takes the lock.
    #[cold]
    pub(crate) fn supply(&self, after: &mut After) -> LockGuard<'_, Gate> {
        drop(after.memory.take());
        let memory = B::allocate();
        let mut gate = self.gate.lock();
        // SAFETY: the gate is this channel's.
        after.memory = unsafe { self.buffer(&mut gate) }.supply(memory);
        gate
    }
}
