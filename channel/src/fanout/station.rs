//! A state behind a gate, where receivers wait until it has changed.
//!
//! Protocol:
//! 1. A receiver looks at the state under the lock. If there is nothing for it, it leaves a waiter
//!    in the gate's queue and parks; the park's commit unlocks.
//! 2. Whoever changes the state takes all waiters out under the same lock, and tells each of them,
//!    after the lock, to [`Retry`](Status::Retry). They look again.
//!
//! So nothing is ever handed to one who waits: what a receiver takes, it takes under the lock, with
//! its own cursor. One that is cancelled or whose time is up has therefore lost nothing, and a
//! select that was woken and finds nothing waits again.
//!
//! Invariants:
//! - Whatever may end somebody's wait is announced: no receiver waits while there is something for
//!   it.
//! - What is called under the lock is this crate's own, and neither allocates nor frees nor runs
//!   code of the message's type.
//!
//! Rejected: to put the message into the waiters' frames. All of them get it, so each would have
//! to be counted before the lock goes, and a select that has lost its other cases meanwhile would
//! have to give it back.

use std::mem;
use std::ptr::NonNull;
use std::time::Instant;

use hueless_runtime::park::{
    ClaimedList, LockGuard, Outcome, Popped, Wait, WaitQueue, Waiter, unwind_cancelled,
};

use crate::exchange::{Gate, GateLock, Head, Limit, Packet, Status};
use crate::fanout::parcel::{Blank, Parcel, Spares};
use crate::fanout::sides::Sides;
use crate::loom::{UnsafeCell, checkpoint};

/// A state `S` that holds messages `T`.
pub(crate) struct Station<T, S> {
    gate: GateLock,
    /// Guarded by `gate`.
    synced: UnsafeCell<Synced<T, S>>,
}

/// What the gate guards.
pub(crate) struct Synced<T, S> {
    /// Memory for messages.
    pub(crate) spares: Spares<T>,
    /// The handles.
    pub(crate) sides: Sides,
    /// Everything else.
    pub(crate) state: S,
}

// SAFETY: the gate admits one thread at a time to what it guards.
unsafe impl<T, S> Sync for Station<T, S> where Synced<T, S>: Send {}

/// The time was up.
pub(crate) struct Expired;

/// A message that was not sent.
pub(crate) enum Refused<T> {
    /// Nobody can receive it.
    Disconnected(T),
    /// There is no memory for it among the spares.
    Starved(T),
}

impl<T, S> Station<T, S> {
    /// A station around `state`, with one handle of each side, which keeps memory for so many messages.
    pub(crate) fn new(state: S, spares: usize) -> Self {
        Self {
            gate: GateLock::new(0),
            synced: UnsafeCell::new(Synced {
                spares: Spares::new(spares),
                sides: Sides::new(),
                state,
            }),
        }
    }

    /// What the gate guards.
    ///
    /// # Safety
    /// `gate` is the gate of this station, locked by the caller.
    #[inline(always)]
    pub(crate) unsafe fn synced<'g>(&self, gate: &'g mut Gate) -> &'g mut Synced<T, S> {
        let _ = gate;
        // SAFETY: the lock makes it ours, and the borrow of the gate makes this the only reference
        // while it lives.
        self.synced.with_mut(|synced| unsafe { &mut *synced })
    }

    /// What the gate guards, to look at.
    ///
    /// # Safety
    /// As for [`synced`](Self::synced).
    pub(crate) unsafe fn look<'g>(&self, gate: &'g Gate) -> &'g Synced<T, S> {
        let _ = gate;
        // SAFETY: the lock makes it ours, and what changes it needs the gate mutably.
        self.synced.with(|synced| unsafe { &*synced })
    }

    /// The gate, for select.
    pub(crate) fn gate(&self) -> &GateLock {
        &self.gate
    }

    /// Does something under the lock that ends nobody's wait.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Synced<T, S>) -> R) -> R {
        let mut gate = self.gate.lock();
        // SAFETY: the gate is this station's.
        f(unsafe { self.synced(&mut gate) })
    }

    /// Does something under the lock, and wakes all receivers that wait if that has succeeded.
    #[inline]
    pub(crate) fn announce<R, E>(
        &self,
        f: impl FnOnce(&mut Synced<T, S>) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut waiting = ClaimedList::default();
        let mut gate = self.gate.lock();
        // SAFETY: the gate is this station's.
        let done = f(unsafe { self.synced(&mut gate) })?;
        gate.receivers.pop_all(&mut waiting);
        drop(gate);
        for receiver in waiting {
            begin_anew(receiver);
        }
        Ok(done)
    }

    /// Receives: waits within `limit` until `look`, which is called under the lock, has found
    /// something.
    #[inline]
    pub(crate) fn wait<R>(
        &self,
        limit: Limit,
        mut look: impl FnMut(&mut Synced<T, S>) -> Option<R>,
    ) -> Result<R, Expired> {
        checkpoint();
        let mut gate = self.gate.lock();
        // SAFETY: the gate is this station's.
        match look(unsafe { self.synced(&mut gate) }) {
            Some(found) => Ok(found),
            None => self.wait_in(|gate| &mut gate.receivers, gate, limit, look),
        }
    }

    /// Waits for a turn among senders, which [`pass_on`](Self::pass_on) gives.
    pub(crate) fn wait_for_turn<R>(
        &self,
        mut look: impl FnMut(&mut Synced<T, S>) -> Option<R>,
    ) -> R {
        checkpoint();
        let mut gate = self.gate.lock();
        // SAFETY: the gate is this station's.
        if let Some(found) = look(unsafe { self.synced(&mut gate) }) {
            return found;
        }
        match self.wait_in(|gate| &mut gate.senders, gate, Limit::Never, look) {
            Ok(found) => found,
            Err(Expired) => unreachable!("there is no limit"),
        }
    }

    /// Does something under the lock and wakes the first sender that waits for its turn.
    pub(crate) fn pass_on(&self, f: impl FnOnce(&mut Synced<T, S>)) {
        let mut gate = self.gate.lock();
        // SAFETY: the gate is this station's.
        f(unsafe { self.synced(&mut gate) });
        let next = gate.senders.pop();
        drop(gate);
        if let Some(next) = next {
            begin_anew(next);
        }
    }

    /// Waits in one of the gate's queues, where the caller has looked in vain under the lock.
    fn wait_in<R>(
        &self,
        queue: fn(&mut Gate) -> &mut WaitQueue,
        gate: LockGuard<'_, Gate>,
        limit: Limit,
        mut look: impl FnMut(&mut Synced<T, S>) -> Option<R>,
    ) -> Result<R, Expired> {
        // Under the lock that is held already, if nothing has to be done first that needs it free.
        let mut begun = match limit {
            Limit::Never => Wait::begin_locked().map(|wait| (gate, wait)),
            _ => {
                drop(gate);
                None
            }
        };
        let Ok(deadline) = limit.deadline() else {
            return Err(Expired);
        };
        loop {
            let (gate, wait) = match begun.take() {
                Some(begun) => begun,
                None => {
                    // Unwinds if the task is cancelled: before the lock.
                    let wait = Wait::begin();
                    let mut gate = self.gate.lock();
                    // SAFETY: the gate is this station's.
                    if let Some(found) = look(unsafe { self.synced(&mut gate) }) {
                        return Ok(found);
                    }
                    (gate, wait)
                }
            };
            self.park(gate, queue, wait, deadline)?;
            // At once, even if the task has been cancelled by now: a turn that was passed on to it
            // must not be lost.
            if let Some(found) = self.with(&mut look) {
                return Ok(found);
            }
        }
    }

    /// Waits until the state has changed.
    fn park(
        &self,
        mut gate: LockGuard<'_, Gate>,
        queue: fn(&mut Gate) -> &mut WaitQueue,
        wait: Wait,
        deadline: Option<Instant>,
    ) -> Result<(), Expired> {
        let packet = Packet::<()>::empty();
        let waiter = Waiter::new(wait.ticket(), 0, packet.slot());
        let waiter = NonNull::from(&waiter);
        // SAFETY: the waiter is new, and this frame stays until it has been popped and its owner
        // readied, or until it is removed below.
        unsafe { queue(&mut gate).push(waiter) };
        let lock = gate.leak();
        let outcome = wait.park(deadline, move || {
            // SAFETY: the guard was leaked for this.
            unsafe { lock.unlock() };
            true
        });
        if let Outcome::Settled(_) = outcome {
            return Ok(());
        }
        // SAFETY: if the waiter is linked, then in this queue.
        unsafe { queue(&mut self.gate.lock()).remove(waiter) };
        if let Outcome::Deadline = outcome {
            return Err(Expired);
        }
        unwind_cancelled()
    }

    /// The message of a parcel: itself if nobody else holds it, or else a clone.
    #[inline]
    pub(crate) fn open(&self, parcel: Parcel<T>) -> T
    where
        T: Clone,
    {
        match parcel.into_only() {
            Ok((msg, blank)) => {
                self.keep(blank);
                msg
            }
            Err(parcel) => {
                let msg = T::clone(&parcel);
                self.discard(parcel);
                msg
            }
        }
    }

    /// Lets go of a parcel; its message is dropped if nobody else holds it.
    pub(crate) fn discard(&self, parcel: Parcel<T>) {
        if let Some((msg, blank)) = parcel.release() {
            // First, in case that the message's drop panics.
            self.keep(blank);
            drop(msg);
        }
    }

    /// Lets go of a parcel; its message is leaked if nobody else holds it.
    pub(crate) fn leak(&self, parcel: Parcel<T>) {
        if let Some((msg, blank)) = parcel.release() {
            mem::forget(msg);
            self.keep(blank);
        }
    }

    /// Counts a further sender.
    pub(crate) fn count_sender_in(&self) {
        self.with(|synced| synced.sides.senders += 1);
    }

    /// Counts a sender out; if it was the last, receivers that wait are told.
    pub(crate) fn count_sender_out(&self) {
        let _ = self.announce(|synced| synced.sides.count_sender_out());
    }

    /// Closes the channel; receivers that wait are told.
    pub(crate) fn close(&self) {
        let _ = self.announce(|synced| synced.sides.close());
    }

    /// Keeps memory for the next message, or frees it if there is enough.
    pub(crate) fn keep(&self, blank: Blank<T>) {
        let enough = self.with(|synced| synced.spares.put(blank));
        drop(enough);
    }
}

/// Ends a wait.
fn begin_anew(waiter: Popped) {
    // SAFETY: the claim is won, so the packet is ours until the owner is readied.
    unsafe { Head::of(waiter.slot).set_status(Status::Retry) };
    waiter.claimed.ready();
}
