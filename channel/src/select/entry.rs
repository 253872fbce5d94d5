//! What the select engine knows of a case.
//!
//! Entries lie side by side in the frame of the one who selects, so that a select allocates
//! nothing. The engine alone uses them, for the time of one select; while their waiters are linked,
//! whoever holds a gate's lock may change the links of the waiters in its queues.

use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::time::Instant;

use hueless_runtime::park::{LockGuard, Ticket, WaitQueue, Waiter};

use crate::exchange::{After, Chance, Gate, GateLock, Grant, Head, Receive, Received, Status};
use crate::flavors::{Alarm, Moment};

/// A case of a select.
#[doc(hidden)]
pub struct Entry<'a> {
    /// Cases of the clock have none.
    pub(super) gate: Option<&'a GateLock>,
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
    /// Receives into the packet, from what is to be had.
    Receive(Supply<'a>),
}

/// What a case receives from.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Supplier<'a>(Supply<'a>);

#[derive(Clone, Copy)]
enum Supply<'a> {
    /// A channel: its gate says whether there is a message.
    Channel(&'a GateLock, &'a dyn Receive),
    /// What has a gate, and knows itself whether there is a message.
    Source(&'a GateLock, &'a dyn Receive),
    /// A channel of the clock.
    Timer(&'a dyn Alarm),
    /// Nothing will ever be received.
    Never,
}

impl<'a> Supplier<'a> {
    /// A channel, whose gate says whether there is a message.
    #[inline]
    pub(crate) fn channel(gate: &'a GateLock, channel: &'a dyn Receive) -> Self {
        Self(Supply::Channel(gate, channel))
    }

    /// What receives under a gate, and knows itself whether there is a message.
    #[inline]
    pub(crate) fn source(gate: &'a GateLock, source: &'a dyn Receive) -> Self {
        Self(Supply::Source(gate, source))
    }

    /// A channel of the clock.
    pub(crate) fn timer(timer: &'a dyn Alarm) -> Self {
        Self(Supply::Timer(timer))
    }

    /// What nothing will ever be received from.
    pub(crate) fn never() -> Self {
        Self(Supply::Never)
    }

    fn gate(self) -> Option<&'a GateLock> {
        match self.0 {
            Supply::Channel(gate, _) | Supply::Source(gate, _) => Some(gate),
            Supply::Timer(_) | Supply::Never => None,
        }
    }
}

impl<'a> Entry<'a> {
    fn new(gate: Option<&'a GateLock>, slot: *mut (), part: Part<'a>) -> Self {
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
        Self::new(Some(gate), head.slot(), Part::Send(grant))
    }

    /// A case that receives from `supplier`.
    ///
    /// # Safety
    /// `slot` is the address of a packet for its messages, which stays for `'a` and is used by
    /// nobody else.
    pub(super) unsafe fn receive(supplier: Supplier<'a>, slot: *mut ()) -> Self {
        Self::new(supplier.gate(), slot, Part::Receive(supplier.0))
    }

    /// The address of the case's packet.
    pub(super) fn slot(&self) -> *mut () {
        self.slot
    }

    /// When the case is due, if it is one of the clock.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.part {
            Part::Receive(Supply::Timer(timer)) => timer.due(),
            _ => None,
        }
    }

    /// Whether the case can be committed, as far as can be seen without trying. `gate` is its gate,
    /// `time` is known if there are cases of the clock.
    ///
    /// # Safety
    /// `gate` is the gate of this case's channel.
    #[inline]
    pub(super) unsafe fn may_commit(&self, gate: Option<&Gate>, time: Option<Moment>) -> bool {
        match (&self.part, gate) {
            (Part::Receive(Supply::Channel(..)), Some(gate)) => gate.may_receive(),
            (Part::Send(_), Some(gate)) => gate.may_send(),
            // SAFETY: by this function's contract.
            (Part::Receive(Supply::Source(_, source)), Some(gate)) => unsafe {
                source.may_receive(gate)
            },
            (Part::Receive(Supply::Timer(timer)), _) => {
                time.is_some_and(|time| timer.due().is_some_and(|due| due <= time.now))
            }
            _ => false,
        }
    }

    /// Commits the case if that is possible.
    ///
    /// # Safety
    /// `gate` is the gate of this case's channel, and its waiter is not linked.
    pub(super) unsafe fn commit(
        &mut self,
        gate: Option<&mut Gate>,
        time: Option<Moment>,
        after: &mut After,
    ) -> Received {
        match (&mut self.part, gate) {
            (Part::Send(grant), Some(gate)) => {
                **grant = gate.reserve();
                match grant {
                    Some(_) => Received::Settled,
                    None => Received::Empty,
                }
            }
            (Part::Receive(Supply::Channel(_, source) | Supply::Source(_, source)), Some(gate)) => {
                // SAFETY: by this function's contract, and that of `receive` above.
                unsafe { source.receive(gate, self.slot, after) }
            }
            (Part::Receive(Supply::Timer(timer)), _) => {
                let slot = self.slot;
                // SAFETY: as above.
                match time.is_some_and(|time| unsafe { timer.receive(time, slot) }) {
                    true => Received::Settled,
                    false => Received::Empty,
                }
            }
            _ => Received::Empty,
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

    /// What the case needs.
    #[inline]
    pub(super) fn chance(&self) -> Chance {
        match self.part {
            Part::Send(_) => Chance::Send,
            Part::Receive(_) => Chance::Receive,
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

    /// Links a watcher for the case.
    ///
    /// # Safety
    /// `gate` is the gate of this case's channel; the entry stays where it is until
    /// [`unwatch`](Self::unwatch).
    pub(super) unsafe fn watch(&mut self, gate: &mut Gate, ticket: Ticket) {
        let waiter = &*self.waiter.write(Waiter::new(ticket, 0, ptr::null_mut()));
        let waiter = NonNull::from(waiter);
        // SAFETY: the waiter is new, and stays by this function's contract.
        unsafe { gate.watch(self.chance(), waiter) };
    }

    /// Unlinks the case's watcher, if it is linked.
    ///
    /// # Safety
    /// `gate` is the gate of this case's channel; the watcher was linked in this select.
    pub(super) unsafe fn unwatch(&self, gate: &mut Gate) {
        // SAFETY: the waiter was initialised when it was linked, by `watch`.
        unsafe {
            let waiter = NonNull::from(self.waiter.assume_init_ref());
            gate.unwatch(self.chance(), waiter);
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
