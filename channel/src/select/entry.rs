//! What the select engine knows of a case.
//!
//! Entries lie side by side in the frame of the one who selects, so that a select allocates
//! nothing. The engine alone uses them, for the time of one select; while their waiters are linked,
//! whoever holds a gate's lock may change the links of the waiters in its queues.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use hueless_runtime::park::{LockGuard, Ticket, WaitQueue, Waiter};

use crate::exchange::{After, Gate, GateLock, Grant, Head, Receive, Received, Status};

/// A case of a select.
#[doc(hidden)]
pub struct Entry<'a> {
    pub(super) gate: &'a GateLock,
    /// The address of the case's packet.
    slot: *mut (),
    part: Part<'a>,
    /// Set in the first entry of each gate while the engine holds the locks.
    pub(super) guard: MaybeUninit<LockGuard<'a, Gate>>,
    /// Set while the operation waits.
    waiter: MaybeUninit<Waiter>,
    /// In the `n`th entry: the entry whose turn is the `n`th, in the order of their gates.
    pub(super) turn: u16,
    /// The first entry with the same gate, in that order.
    pub(super) holder: u16,
}

/// What the case does.
enum Part<'a> {
    /// Sends a message that comes after the commit.
    Send(&'a mut Option<Grant>),
    /// Receives into the packet.
    Receive(&'a dyn Receive),
}

impl<'a> Entry<'a> {
    fn new(gate: &'a GateLock, slot: *mut (), part: Part<'a>) -> Self {
        Self {
            gate,
            slot,
            part,
            guard: MaybeUninit::uninit(),
            waiter: MaybeUninit::uninit(),
            turn: 0,
            holder: 0,
        }
    }

    /// A case that sends on the channel of `gate`. What it is granted goes into `grant`.
    pub(super) fn send(gate: &'a GateLock, head: &'a Head, grant: &'a mut Option<Grant>) -> Self {
        Self::new(gate, head.slot(), Part::Send(grant))
    }

    /// A case that receives from `channel`, whose gate is `gate`.
    ///
    /// # Safety
    /// `slot` is the address of a packet for that channel's messages, which stays for `'a` and is
    /// used by nobody else.
    pub(super) unsafe fn receive(
        gate: &'a GateLock,
        slot: *mut (),
        channel: &'a dyn Receive,
    ) -> Self {
        Self::new(gate, slot, Part::Receive(channel))
    }

    /// The address of the case's packet.
    pub(super) fn slot(&self) -> *mut () {
        self.slot
    }

    /// Whether the case can be committed, as far as can be seen without trying.
    #[inline]
    pub(super) fn may_commit(&self, gate: &Gate) -> bool {
        match self.part {
            Part::Send(_) => gate.may_send(),
            Part::Receive(_) => gate.may_receive(),
        }
    }

    /// Commits the case if that is possible.
    ///
    /// # Safety
    /// `gate` is the gate of this case's channel, and its waiter is not linked.
    pub(super) unsafe fn commit(&mut self, gate: &mut Gate, after: &mut After) -> Received {
        match &mut self.part {
            Part::Send(grant) => {
                **grant = gate.reserve();
                match grant {
                    Some(_) => Received::Settled,
                    None => Received::Empty,
                }
            }
            // SAFETY: by this function's and `receive`'s contracts.
            Part::Receive(channel) => unsafe { channel.receive(gate, self.slot, after) },
        }
    }

    /// The queue that the case waits in.
    #[inline]
    fn queue<'g>(&self, gate: &'g mut Gate) -> &'g mut WaitQueue {
        match self.part {
            Part::Send(_) => &mut gate.senders,
            Part::Receive(_) => &mut gate.receivers,
        }
    }

    /// Links the case's waiter.
    ///
    /// # Safety
    /// `gate` is the gate of this case's channel; the entry stays where it is until
    /// [`withdraw`](Self::withdraw).
    pub(super) unsafe fn enqueue(&mut self, gate: &mut Gate, ticket: Ticket, case: u16) {
        let waiter = &*self.waiter.write(Waiter::new(ticket, case, self.slot));
        let waiter = NonNull::from(waiter);
        // SAFETY: the waiter is new, and stays by this function's contract.
        unsafe { self.queue(gate).push(waiter) };
    }

    /// Unlinks the case's waiter, if it is linked.
    ///
    /// # Safety
    /// `gate` is the gate of this case's channel; the waiter was linked in this select.
    pub(super) unsafe fn withdraw(&self, gate: &mut Gate) {
        // SAFETY: the waiter was initialised when it was linked, in this queue.
        unsafe {
            let waiter = NonNull::from(self.waiter.assume_init_ref());
            self.queue(gate).remove(waiter);
        }
    }

    /// Takes notice of what a peer has made of the case, and says whether it is committed.
    ///
    /// # Safety
    /// A peer has settled and readied this case.
    pub(super) unsafe fn accept(&mut self) -> bool {
        // SAFETY: the peer has readied the wait, so the packet is the owner's again.
        let status = unsafe { Head::of(self.slot).status() };
        match &mut self.part {
            Part::Send(grant) => {
                // SAFETY: as above; called once for each time a peer has settled the case.
                **grant = Some(unsafe { Grant::from_status(status) });
                true
            }
            Part::Receive(_) => !matches!(status, Status::Retry),
        }
    }
}
