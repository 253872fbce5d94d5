//! Sending a message that exists already.
//!
//! Order of attempts: a waiting receiver, a free slot, the answer that the channel is
//! disconnected, a wait. See [`channel`](super::channel) for the protocol.

use std::ptr::NonNull;
use std::time::Instant;

use hueless_runtime::park::{
    ClaimedList, LockGuard, Outcome, Pace, Wait, Waiter, look_out, unwind_cancelled,
};

use crate::err::{SendError, SendTimeoutError, TrySendError};
use crate::exchange::channel::Channel;
use crate::exchange::{After, Chance, Gate, Limit, Packet, Status};
use crate::flavors::Buffer;
use crate::loom::checkpoint;

/// What an attempt to send came to. If it is not done, the message is where it was.
#[derive(Clone, Copy)]
pub(crate) enum Given {
    /// The message is with a receiver or in the buffer.
    Done,
    /// There is neither a receiver nor a slot.
    Full,
    /// The receivers are gone.
    Disconnected,
    /// There is a slot, but the buffer needs memory for it.
    Starved,
}

/// The message, which is there: slow paths hand on its place, so that big ones are not copied from
/// frame to frame where nothing is optimised.
pub(crate) fn taken<T>(msg: &mut Option<T>) -> T {
    match msg.take() {
        Some(msg) => msg,
        None => unreachable!("a message is there until it is sent"),
    }
}

impl<B: Buffer> Channel<B> {
    /// Sends if that is possible at once.
    #[inline]
    pub(crate) fn try_send(&self, msg: B::Message) -> Result<(), TrySendError<B::Message>> {
        let mut msg = Some(msg);
        let Some(gate) = self.send_now(&mut msg) else {
            return Ok(());
        };
        match self.try_send_rest(gate, &mut msg) {
            Given::Done => Ok(()),
            Given::Disconnected => Err(TrySendError::Disconnected(taken(&mut msg))),
            _ => Err(TrySendError::Full(taken(&mut msg))),
        }
    }

    /// Sends, waiting for as long as it takes.
    #[inline]
    pub(crate) fn send(&self, msg: B::Message) -> Result<(), SendError<B::Message>> {
        if B::BOUNDED {
            checkpoint();
        }
        let mut msg = Some(msg);
        match self.send_now(&mut msg) {
            None => Ok(()),
            Some(gate) if B::BOUNDED => self.send_rest(gate, taken(&mut msg)),
            Some(gate) => match self.try_send_rest(gate, &mut msg) {
                Given::Done => Ok(()),
                _ => Err(SendError(taken(&mut msg))),
            },
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
        let mut msg = Some(msg);
        match self.send_now(&mut msg) {
            None => Ok(()),
            Some(gate) => self.send_slow(gate, taken(&mut msg), limit),
        }
    }

    /// The fast path: into the buffer, when no receiver waits. Otherwise nothing has happened yet,
    /// and the gate is locked.
    #[inline]
    fn send_now(&self, msg: &mut Option<B::Message>) -> Option<LockGuard<'_, Gate>> {
        let mut gate = self.gate.lock();
        if !gate.stock.has_room() || !gate.receivers.is_empty() {
            return Some(gate);
        }
        // SAFETY: the gate is this channel's, and has room.
        if unsafe { self.push(&mut gate, msg) } {
            return None;
        }
        Some(gate)
    }

    fn try_send_rest<'c>(
        &'c self,
        mut gate: LockGuard<'c, Gate>,
        msg: &mut Option<B::Message>,
    ) -> Given {
        let mut after = After::default();
        loop {
            // SAFETY: the gate is this channel's.
            let given = unsafe { self.give(&mut gate, msg, &mut after) };
            drop(gate);
            match given {
                Given::Starved => gate = self.supply(&mut after),
                given => return given,
            }
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
        let mut msg = Some(msg);
        match self.try_send_rest(gate, &mut msg) {
            Given::Done => return Ok(()),
            Given::Disconnected => return Err(SendTimeoutError::Disconnected(taken(&mut msg))),
            _ => {}
        }
        let Ok(deadline) = limit.deadline() else {
            return Err(SendTimeoutError::Timeout(taken(&mut msg)));
        };
        match self.look_out_for_room(&mut msg) {
            Given::Done => return Ok(()),
            Given::Disconnected => return Err(SendTimeoutError::Disconnected(taken(&mut msg))),
            _ => {}
        }
        // Dropped after `gate`.
        let mut after = After::default();
        // Unwinds if the task is cancelled: before the lock, and the message goes with it.
        let wait = Wait::begin();
        let mut gate = self.gate.lock();
        // SAFETY: the gate is this channel's.
        match unsafe { self.give(&mut gate, &mut msg, &mut after) } {
            Given::Full => self.park_sender(gate, taken(&mut msg), wait, deadline),
            Given::Done => Ok(()),
            Given::Disconnected => Err(SendTimeoutError::Disconnected(taken(&mut msg))),
            Given::Starved => unreachable!("a buffer that asks for memory is never full"),
        }
    }

    /// Tries for a moment, on an OS thread.
    fn look_out_for_room(&self, msg: &mut Option<B::Message>) -> Given {
        let mut given = Given::Full;
        if self.capacity != 0 {
            look_out(Pace::Wide, || {
                if !self.gate.glance().shows_room() {
                    return false;
                }
                given = self.try_send_rest(self.gate.lock(), msg);
                !matches!(given, Given::Full)
            });
        }
        given
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

    /// Sends `msg`, which is there, if that is possible.
    ///
    /// # Safety
    /// `gate` is the gate of this channel.
    pub(crate) unsafe fn give(
        &self,
        gate: &mut Gate,
        msg: &mut Option<B::Message>,
        after: &mut After,
    ) -> Given {
        if let Some(popped) = gate.receivers.pop() {
            // SAFETY: the waiter is a receiver of this channel, its claim is won, and its packet
            // is empty until somebody delivers.
            unsafe { Packet::of(popped.slot).deliver(taken(msg)) };
            after.receiver = Some(popped.claimed);
            Given::Done
        } else if gate.receivers_gone {
            Given::Disconnected
        } else if gate.stock.room() == 0 {
            Given::Full
        } else {
            // SAFETY: the gate is this channel's, and has room.
            if unsafe { self.push(gate, msg) } {
                gate.changed(Chance::Receive, &mut after.watchers);
                Given::Done
            } else {
                Given::Starved
            }
        }
    }

    /// Puts the message in a free slot; false if the buffer needs memory first.
    ///
    /// # Safety
    /// `gate` is the gate of this channel and has room; the message is there.
    #[inline(always)]
    unsafe fn push(&self, gate: &mut Gate, msg: &mut Option<B::Message>) -> bool {
        // SAFETY: there is room, so the buffer holds fewer messages than it can.
        if let Err(back) = unsafe { self.buffer(gate).push(taken(msg)) } {
            *msg = Some(back);
            return false;
        }
        gate.stock.fill();
        true
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
