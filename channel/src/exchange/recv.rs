//! Receiving.
//!
//! Order of attempts: a message in the buffer (the slot then goes to a waiting sender), a waiting
//! sender, the answer that the channel is disconnected, a wait. See [`channel`](super::channel)
//! for the protocol.
//!
//! A receiver that meets a waiting *late* sender, whose message does not exist yet, lets that
//! sender go on and waits for it ([`pair`]). Nothing but the sender ends that wait: the sender may
//! write into the receiver's frame at any time.

use std::ptr::NonNull;
use std::time::Instant;

use hueless_runtime::park::{
    Claimed, ClaimedList, LockGuard, Outcome, Pace, Popped, Ticket, Wait, Waiter, look_out,
    unwind_cancelled,
};

use crate::err::{RecvError, RecvTimeoutError, TryRecvError};
use crate::exchange::channel::Channel;
use crate::exchange::packet::Partner;
use crate::exchange::send::taken;
use crate::exchange::stock::Hold;
use crate::exchange::{After, Chance, Gate, Head, Limit, Packet, Status};
use crate::flavors::Buffer;
use crate::loom::{checkpoint, now};

/// So many messages are received at once under the lock, at most.
const BATCH: usize = 32;

/// What an attempt to receive came to.
enum Taken {
    /// A message, which is where the caller wanted it.
    Message,
    /// A late sender, to be paired with once the lock has been released.
    Late(Popped),
    /// No message, and no sender that could send one.
    Disconnected,
    /// No message.
    Empty,
}

/// What an attempt to receive into a packet came to.
pub(crate) enum Received {
    /// The packet's status says.
    Settled,
    /// A late sender, to be paired with once the locks have been released.
    Late(Popped),
    /// Nothing.
    Empty,
}

/// Receiving without knowledge of the type of the message.
pub(crate) trait Receive {
    /// Whether a receive may be possible.
    ///
    /// # Safety
    /// `gate` is the gate of this channel, locked by the caller.
    unsafe fn may_receive(&self, gate: &Gate) -> bool {
        gate.may_receive()
    }

    /// Receives into the packet at `slot` if that is possible.
    ///
    /// # Safety
    /// `gate` is the gate of this channel; `slot` is the address of a packet of its messages that
    /// is empty and the caller's.
    unsafe fn receive(&self, gate: &mut Gate, slot: *mut (), after: &mut After) -> Received;
}

impl<B: Buffer> Receive for Channel<B> {
    unsafe fn receive(&self, gate: &mut Gate, slot: *mut (), after: &mut After) -> Received {
        // SAFETY: by this function's contract.
        unsafe {
            let packet = Packet::of(slot);
            let mut msg = None;
            match self.take(gate, &mut msg, after) {
                Taken::Message => packet.deliver(taken(&mut msg)),
                Taken::Disconnected => packet.head().set_status(Status::Disconnected),
                Taken::Late(popped) => return Received::Late(popped),
                Taken::Empty => return Received::Empty,
            }
        }
        Received::Settled
    }
}

impl<B: Buffer> Channel<B> {
    /// Receives if that is possible at once.
    #[inline]
    pub(crate) fn try_recv(&self) -> Result<B::Message, TryRecvError> {
        match self.receive_now() {
            Ok(msg) => Ok(msg),
            Err(gate) => {
                let mut msg = None;
                self.try_recv_rest(gate, &mut msg)?;
                Ok(taken(&mut msg))
            }
        }
    }

    /// Receives, waiting for as long as it takes.
    #[inline]
    pub(crate) fn recv(&self) -> Result<B::Message, RecvError> {
        checkpoint();
        match self.receive_now() {
            Ok(msg) => Ok(msg),
            Err(gate) => self.recv_rest(gate),
        }
    }

    /// Receives, waiting within `limit`.
    #[inline]
    pub(crate) fn recv_within(&self, limit: Limit) -> Result<B::Message, RecvTimeoutError> {
        checkpoint();
        match self.receive_now() {
            Ok(msg) => Ok(msg),
            Err(gate) => self.recv_slow(gate, limit),
        }
    }

    /// The fast path: from the buffer, when no sender waits for the slot. Otherwise nothing has
    /// happened yet, and the gate is locked.
    #[inline]
    fn receive_now(&self) -> Result<B::Message, LockGuard<'_, Gate>> {
        // Dropped after `gate`.
        let mut memory = None;
        let mut gate = self.gate.lock();
        if !gate.stock.has_message() || !gate.senders.is_empty() {
            return Err(gate);
        }
        // SAFETY: the gate is this channel's, and the buffer is not empty.
        let msg = unsafe { self.buffer(&mut gate).pop(&mut memory) };
        gate.stock.drain();
        drop(gate);
        Ok(msg)
    }

    /// Receives up to `limit` messages that are there, and appends them to `target`.
    pub(crate) fn receive_more(&self, target: &mut Vec<B::Message>, limit: usize) -> usize {
        let mut received = 0;
        loop {
            // Dropped after `gate`.
            let mut after = After::default();
            let mut gate = self.gate.lock();
            let ready = gate.stock.len().min(limit - received).min(BATCH);
            if target.capacity() - target.len() < ready {
                drop(gate);
                target.reserve(ready);
                continue;
            }
            // The buffer's messages; what is owed for one of them is paid before the next.
            for _ in 0..ready {
                let mut msg = None;
                // SAFETY: the gate is this channel's.
                if let Taken::Message = unsafe { self.take(&mut gate, &mut msg, &mut after) } {
                    target.push(taken(&mut msg));
                    received += 1;
                }
                if !after.is_empty() {
                    break;
                }
            }
            drop(gate);
            if ready == 0 {
                return received;
            }
        }
    }

    /// As if a late sender that gives up had not been there. One that comes back each time must not
    /// hold up an operation that does not wait, so after the second the channel is empty.
    fn try_recv_rest<'c>(
        &'c self,
        mut gate: LockGuard<'c, Gate>,
        msg: &mut Option<B::Message>,
    ) -> Result<(), TryRecvError> {
        let mut in_vain = false;
        loop {
            let mut after = After::default();
            // SAFETY: the gate is this channel's.
            let came = unsafe { self.take(&mut gate, msg, &mut after) };
            drop(gate);
            match came {
                Taken::Message => return Ok(()),
                Taken::Disconnected => return Err(TryRecvError::Disconnected),
                Taken::Empty => return Err(TryRecvError::Empty),
                Taken::Late(popped) => {
                    *msg = self.recv_late(popped);
                    if msg.is_some() {
                        return Ok(());
                    }
                    if in_vain {
                        return Err(TryRecvError::Empty);
                    }
                    in_vain = true;
                }
            }
            gate = self.gate.lock();
        }
    }

    /// Goes on where `receive_now` has left off: meets a sender or waits, usually under the lock
    /// that is held already.
    // One function down to the switch, and called last: each return after a switch is mispredicted.
    #[inline(never)]
    fn recv_rest<'c>(&'c self, mut gate: LockGuard<'c, Gate>) -> Result<B::Message, RecvError> {
        if gate.stock.len() == 0 {
            match gate.senders.pop() {
                // SAFETY: the claim is won, so the packet is ours until the owner is readied.
                Some(popped) if !unsafe { Head::of(popped.slot) }.is_late() => {
                    // SAFETY: as above; a sender that is not late waits with its message, and
                    // sends messages of this channel's type.
                    let msg = unsafe { Packet::of(popped.slot).collect() };
                    drop(gate);
                    popped.claimed.ready();
                    return Ok(msg);
                }
                Some(late) => {
                    drop(gate);
                    if let Some(msg) = self.recv_late(late) {
                        return Ok(msg);
                    }
                    gate = self.gate.lock();
                }
                None if gate.senders_gone => {}
                None => {
                    if let Some(wait) = Wait::begin_in_task() {
                        match self.park_receiver(gate, wait, None) {
                            Some(received) => return received.map_err(|_| RecvError),
                            None => gate = self.gate.lock(),
                        }
                    }
                }
            }
        }
        self.recv_slow(gate, Limit::Never).map_err(|_| RecvError)
    }

    #[cold]
    fn recv_slow<'c>(
        &'c self,
        gate: LockGuard<'c, Gate>,
        limit: Limit,
    ) -> Result<B::Message, RecvTimeoutError> {
        let mut msg = None;
        match self.try_recv_rest(gate, &mut msg) {
            Ok(()) => return Ok(taken(&mut msg)),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {}
        }
        let Ok(deadline) = limit.deadline() else {
            return Err(RecvTimeoutError::Timeout);
        };
        match self.look_out_for_message(&mut msg) {
            Ok(()) => return Ok(taken(&mut msg)),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {}
        }
        loop {
            // Dropped after `gate`.
            let mut after = After::default();
            // Unwinds if the task is cancelled: before the lock.
            let wait = Wait::begin();
            let mut gate = self.gate.lock();
            // SAFETY: the gate is this channel's.
            match unsafe { self.take(&mut gate, &mut msg, &mut after) } {
                Taken::Empty => {
                    if let Some(received) = self.park_receiver(gate, wait, deadline) {
                        return received;
                    }
                }
                Taken::Message => return Ok(taken(&mut msg)),
                Taken::Disconnected => return Err(RecvTimeoutError::Disconnected),
                Taken::Late(popped) => {
                    drop(gate);
                    if let Some(msg) = self.recv_late(popped) {
                        return Ok(msg);
                    }
                }
            }
            // Late senders that give up again and again must not keep it from its end.
            if deadline.is_some_and(|deadline| deadline <= now()) {
                return Err(RecvTimeoutError::Timeout);
            }
        }
    }

    /// Tries for a moment, on an OS thread.
    fn look_out_for_message(&self, msg: &mut Option<B::Message>) -> Result<(), TryRecvError> {
        let mut received = Err(TryRecvError::Empty);
        if self.capacity != 0 {
            look_out(Pace::Close, || {
                if !self.gate.glance().shows_message() {
                    return false;
                }
                received = self.try_recv_rest(self.gate.lock(), msg);
                !matches!(received, Err(TryRecvError::Empty))
            });
        }
        received
    }

    /// Waits for a sender. `None` if a late sender has given up.
    #[inline(always)]
    fn park_receiver(
        &self,
        mut gate: LockGuard<'_, Gate>,
        wait: Wait,
        deadline: Option<Instant>,
    ) -> Option<Result<B::Message, RecvTimeoutError>> {
        let packet = Packet::empty();
        let (ticket, slot) = (wait.ticket(), packet.slot());
        let waiter = match deadline {
            // SAFETY: the ticket is handed out here only, and the waiter linked below only.
            None => unsafe { Waiter::sole(ticket, slot) },
            Some(_) => Waiter::new(ticket, 0, slot),
        };
        let waiter = NonNull::from(&waiter);
        // SAFETY: the waiter is new, and this frame stays until it has been popped and its owner
        // readied, or until it is removed below.
        unsafe { gate.receivers.push(waiter) };
        // Takes the guard only, one word: the worker reads it back sooner than several.
        let outcome = wait.park(deadline, move || {
            let mut watchers = ClaimedList::default();
            gate.changed(Chance::Send, &mut watchers);
            drop(gate);
            drop(watchers);
            true
        });
        if let Outcome::Settled(_) = outcome {
            // SAFETY: the one who settled the wait has readied it, so the packet is ours again.
            return match unsafe { packet.head().status() } {
                // SAFETY: as above, and whoever says `Done` has put a message in.
                Status::Done => Some(Ok(unsafe { packet.take() })),
                Status::Disconnected => Some(Err(RecvTimeoutError::Disconnected)),
                _ => None,
            };
        }
        // SAFETY: if the waiter is linked, then in this queue.
        unsafe { self.gate.lock().receivers.remove(waiter) };
        if let Outcome::Deadline = outcome {
            return Some(Err(RecvTimeoutError::Timeout));
        }
        unwind_cancelled()
    }

    /// Receives from a late sender; `None` if that one gives up.
    #[cold]
    fn recv_late(&self, popped: Popped) -> Option<B::Message> {
        let packet = Packet::empty();
        // SAFETY: `popped` is a late sender of this channel, and the packet one of its messages.
        match unsafe { pair(popped, packet.slot()) } {
            // SAFETY: the sender has delivered the message.
            Status::Done => Some(unsafe { packet.take() }),
            _ => None,
        }
    }

    /// Receives if that is possible, into `msg`, which is empty.
    ///
    /// # Safety
    /// `gate` is the gate of this channel.
    unsafe fn take(
        &self,
        gate: &mut Gate,
        msg: &mut Option<B::Message>,
        after: &mut After,
    ) -> Taken {
        if gate.stock.len() != 0 {
            // SAFETY: the gate is this channel's. If no messages were given back, the buffer is not
            // empty, and a slot is free then.
            unsafe {
                if gate.stock.is_held(Hold::Returned) {
                    *msg = Some(self.take_returned(gate, after));
                } else {
                    *msg = Some(self.buffer(gate).pop(&mut after.memory));
                    gate.stock.remove_message();
                    self.free_slot(gate, after);
                }
            }
            return Taken::Message;
        }
        match gate.senders.pop() {
            // SAFETY: the claim is won, so the packet is ours until the owner is readied.
            Some(popped) if unsafe { Head::of(popped.slot) }.is_late() => Taken::Late(popped),
            Some(popped) => {
                // SAFETY: as above; a sender that is not late waits with its message, and sends
                // messages of this channel's type.
                *msg = Some(unsafe { Packet::of(popped.slot).collect() });
                after.sender = Some(popped.claimed);
                Taken::Message
            }
            None if gate.senders_gone => Taken::Disconnected,
            None => Taken::Empty,
        }
    }

    /// Gives a slot that has become free to the first waiting sender, or back to all.
    ///
    /// # Safety
    /// `gate` is the gate of this channel, and a slot is neither filled nor reserved nor counted
    /// in `room`.
    pub(super) unsafe fn free_slot(&self, gate: &mut Gate, after: &mut After) {
        let Some(popped) = gate.senders.pop() else {
            gate.stock.add_room();
            gate.changed(Chance::Send, &mut after.watchers);
            return;
        };
        // SAFETY: the claim is won, so the packet is ours until the owner is readied.
        let head = unsafe { Head::of(popped.slot) };
        if head.is_late() {
            // SAFETY: as above.
            unsafe { head.set_status(Status::Reserved) };
        } else {
            // SAFETY: as above; a sender that is not late waits with its message, and there is a
            // slot for it.
            let pushed = unsafe {
                let msg = Packet::of(popped.slot).collect();
                self.buffer(gate).push(msg)
            };
            assert!(
                pushed.is_ok(),
                "a buffer that asks for memory is never full"
            );
            gate.stock.add_message();
            gate.changed(Chance::Receive, &mut after.watchers);
        }
        after.sender = Some(popped.claimed);
    }
}

/// Lets a late sender go on that this caller has claimed, waits until it has its message, and says
/// what has become of it: `Done`, with the message in the packet at `slot`, or `Retry`.
///
/// # Safety
/// `popped` is a waiting late sender; `slot` is the address of an empty packet for its channel's
/// messages. No lock is held.
#[cold]
pub(crate) unsafe fn pair(popped: Popped, slot: *mut ()) -> Status {
    let wait = Wait::begin_shielded();
    // SAFETY: by this function's contract; the ticket is handed out here only, and this frame stays
    // until the wait is over.
    let sender = unsafe { promise(popped, wait.ticket(), slot) };
    let outcome = wait.park(None, move || {
        sender.ready();
        true
    });
    debug_assert!(matches!(outcome, Outcome::Settled(_)));
    // SAFETY: the sender has readied this wait, so the packet is ours again.
    unsafe { Head::of(slot).status() }
}

/// Leaves a late sender that was popped a receiver's ticket, so that it puts its message in the packet
/// at `slot`, or says `Retry` there, and readies the receiver. It is to be readied for that.
///
/// # Safety
/// `popped` is a waiting late sender; `slot` is the address of an empty packet for its channel's
/// messages. Nobody else has the ticket, and the wait's owner and the packet stay until it is readied.
pub(crate) unsafe fn promise(popped: Popped, ticket: Ticket, slot: *mut ()) -> Claimed {
    let partner = Partner { ticket, slot };
    // SAFETY: the claim is won, so the sender's packet is ours until it is readied.
    unsafe { Head::of(popped.slot).set_status(Status::Paired(partner)) };
    popped.claimed
}
