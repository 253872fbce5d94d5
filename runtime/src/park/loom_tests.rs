//! Loom models of the park protocol: lock, claim, wait queue and ready, on loom's threads;
//! [`thread_cancel`] of cancelling what a thread waits for.

mod thread_cancel;

use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Wake, Waker};
use std::time::Instant;

use loom::sync::Arc;
use loom::thread;

use super::claim::{Claim, Settled};
use super::header::Kind;
use super::lock::SpinState;
use super::{FutureWait, Lock, Outcome, ThreadSlot, Wait, WaitQueue, Waiter};
use crate::loom::{Parker, Unparker, UnsafeCell};

/// A one-message mailbox with a wait queue: the smallest thing that uses the whole protocol.
struct Mailbox {
    state: Lock<State>,
}

struct State {
    message: Option<u32>,
    receivers: WaitQueue,
}

/// The receiver's packet, written by the winner of its claim.
struct Packet(UnsafeCell<Option<u32>>);

impl Mailbox {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Lock::new(State {
                message: None,
                receivers: WaitQueue::new(),
            }),
        })
    }

    fn send(&self, message: u32) {
        let mut state = self.state.lock();
        if let Some(popped) = state.receivers.pop() {
            drop(state);
            // SAFETY: the receiver stays until it is readied; the slot is its packet.
            let packet = unsafe { &*popped.slot.cast::<Packet>() };
            // SAFETY: the claim makes the packet ours.
            packet.0.with_mut(|to| unsafe { *to = Some(message) });
            popped.claimed.ready();
        } else {
            state.message = Some(message);
        }
    }

    /// `None` when `deadline` passed first.
    fn receive(&self, deadline: Option<Instant>) -> Option<u32> {
        let packet = Packet(UnsafeCell::new(None));
        let wait = Wait::begin();
        let waiter = Waiter::new(wait.ticket(), 0, (&raw const packet).cast_mut().cast());
        let mut state = self.state.lock();
        if let Some(message) = state.message.take() {
            return Some(message);
        }
        // SAFETY: the waiter stays in this frame until it is popped and readied, or removed below.
        unsafe { state.receivers.push(NonNull::from(&waiter)) };
        let lock = state.leak();
        let outcome = wait.park(deadline, || {
            // SAFETY: the guard was leaked, and nobody touches the state after this.
            unsafe { lock.unlock() };
            true
        });
        match outcome {
            // SAFETY: the sender has written the packet and readied us.
            Outcome::Settled(0) => packet.0.with_mut(|from| unsafe { (*from).take() }),
            Outcome::Deadline => {
                // SAFETY: the waiter is in this queue or in none.
                unsafe { self.state.lock().receivers.remove(NonNull::from(&waiter)) };
                None
            }
            other => panic!("{other:?}"),
        }
    }

    fn left(&self) -> Option<u32> {
        self.state.lock().message.take()
    }
}

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// The byte itself: one holder at a time, who sees what the last one wrote.
#[test]
fn the_spinning_byte_excludes() {
    model(|| {
        let state = Arc::new((SpinState::new(), UnsafeCell::new(0)));
        let count = |state: &(SpinState, UnsafeCell<u32>)| {
            state.0.acquire();
            // SAFETY: the byte is held.
            state.1.with_mut(|count| unsafe { *count += 1 });
            state.0.release();
        };
        let there = state.clone();
        let other = thread::spawn(move || count(&there));
        count(&state);
        other.join().unwrap();
        assert!(state.0.try_acquire() && !state.0.try_acquire());
        // SAFETY: the byte is held.
        state.1.with_mut(|count| assert_eq!(unsafe { *count }, 2));
    });
}

#[test]
fn a_message_reaches_a_waiting_or_late_receiver() {
    model(|| {
        let mailbox = Mailbox::new();
        let there = mailbox.clone();
        let sender = thread::spawn(move || there.send(7));
        assert_eq!(mailbox.receive(None), Some(7));
        sender.join().unwrap();
    });
}

/// The deadline and the sender race for the claim: the message is received or still there, never
/// both and never neither.
#[test]
fn a_deadline_loses_no_message() {
    model(|| {
        let mailbox = Mailbox::new();
        let there = mailbox.clone();
        let sender = thread::spawn(move || there.send(7));
        let received = mailbox.receive(Some(Instant::now()));
        sender.join().unwrap();
        match received {
            Some(message) => {
                assert_eq!(message, 7);
                assert_eq!(mailbox.left(), None);
            }
            None => assert_eq!(mailbox.left(), Some(7)),
        }
    });
}

/// Two senders and two receivers: each message arrives once.
#[test]
fn two_receivers_get_one_message_each() {
    model(|| {
        let mailbox = Mailbox::new();
        let first = mailbox.clone();
        let second = mailbox.clone();
        let a = thread::spawn(move || first.receive(None));
        let sender = thread::spawn(move || {
            second.send(1);
        });
        sender.join().unwrap();
        // The first message has been taken or is still there; either way there is room for more
        // only once it has been.
        if let Some(message) = mailbox.left() {
            mailbox.send(message);
        }
        assert_eq!(a.join().unwrap(), Some(1));
    });
}

/// A ticket of a wait that is over never settles a later wait of the same thread.
#[test]
fn a_stale_ticket_never_wins() {
    model(|| {
        let mailbox = Mailbox::new();
        let over = Wait::begin();
        let stale = over.ticket();
        assert_eq!(over.park(Some(Instant::now()), || true), Outcome::Deadline);
        let there = mailbox.clone();
        let sender = thread::spawn(move || {
            // SAFETY: the main thread, whose header this is, outlives the model's threads.
            assert!(unsafe { stale.claim(0) }.is_none());
            there.send(9);
        });
        assert_eq!(mailbox.receive(None), Some(9));
        sender.join().unwrap();
    });
}

/// The unpark comes before, during or after the look at the slot: the park ends, and what was done
/// before the unpark is seen.
#[test]
fn an_unpark_is_never_lost() {
    model(|| {
        let slot = Arc::new(ThreadSlot::new());
        let data = Arc::new(UnsafeCell::new(0));
        let (there, written) = (slot.clone(), data.clone());
        let other = thread::spawn(move || {
            // SAFETY: read only after the unpark.
            written.with_mut(|data| unsafe { *data = 5 });
            there.unpark();
        });
        assert_eq!(slot.park(None), Outcome::Settled(0));
        // SAFETY: written before the unpark.
        data.with_mut(|data| assert_eq!(unsafe { *data }, 5));
        other.join().unwrap();
    });
}

/// Two unparks, two parks: the second park ends by a token, a wake-up or its deadline, and leaves
/// nothing that could touch a later wait.
#[test]
fn unparks_that_race_a_deadline_leave_a_token_at_most() {
    model(|| {
        let slot = Arc::new(ThreadSlot::new());
        let others =
            [slot.clone(), slot.clone()].map(|there| thread::spawn(move || there.unpark()));
        assert_eq!(slot.park(None), Outcome::Settled(0));
        let _ = slot.park(Some(Instant::now()));
        for other in others {
            other.join().unwrap();
        }
        // Whatever is left, one token brings the slot to a known state.
        slot.unpark();
        assert_eq!(slot.park(None), Outcome::Settled(0));
        assert_eq!(slot.park(Some(Instant::now())), Outcome::Deadline);
    });
}

/// The loop of `block_on`: whatever the waker does between a poll and the wait, there is another poll.
#[test]
fn a_wake_up_between_a_poll_and_the_wait_is_seen() {
    model(|| {
        let slot = Arc::new(ThreadSlot::new());
        let ready = Arc::new(Lock::new(0));
        let (there, sets) = (slot.clone(), ready.clone());
        let other = thread::spawn(move || {
            for n in 1..=2 {
                *sets.lock() = n;
                there.unpark();
            }
        });
        while *ready.lock() < 2 {
            if !slot.take_token() {
                assert_eq!(slot.park(None), Outcome::Settled(0));
            }
        }
        other.join().unwrap();
    });
}

/// A waker that unparks.
struct Unparks(Unparker);

// SAFETY: loom's threads take turns on one.
unsafe impl Send for Unparks {}
// SAFETY: as above.
unsafe impl Sync for Unparks {}

impl Wake for Unparks {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

fn parker_and_waker() -> (Parker, Waker) {
    let parker = Parker::new();
    let waker = std::sync::Arc::new(Unparks(parker.unparker().clone())).into();
    (parker, waker)
}

/// A future that receives from the mailbox. Dropping it withdraws it, or waits for whoever has
/// settled it; a message that was not taken goes back.
struct Receiving<'m> {
    mailbox: &'m Mailbox,
    wait: FutureWait,
    waiter: Option<Waiter>,
    packet: Packet,
}

impl<'m> Receiving<'m> {
    fn new(mailbox: &'m Mailbox) -> Pin<Box<Self>> {
        Box::pin(Self {
            mailbox,
            wait: FutureWait::new(),
            waiter: None,
            packet: Packet(UnsafeCell::new(None)),
        })
    }

    fn poll(self: &mut Pin<Box<Self>>, waker: &Waker) -> Option<u32> {
        // SAFETY: nothing is moved.
        let this = unsafe { self.as_mut().get_unchecked_mut() };
        if this.waiter.is_none() {
            let slot = (&raw const this.packet).cast_mut().cast();
            let mut state = this.mailbox.state.lock();
            if let Some(message) = state.message.take() {
                return Some(message);
            }
            // SAFETY: `self` is pinned.
            let ticket = unsafe { Pin::new_unchecked(&this.wait) }.begin();
            let waiter = this.waiter.insert(Waiter::new(ticket, 0, slot));
            // SAFETY: the waiter stays until the wait is over or it is removed in `drop`.
            unsafe { state.receivers.push(NonNull::from(waiter)) };
        }
        if !this.wait.poll(waker) {
            return None;
        }
        this.taken()
    }

    fn taken(&self) -> Option<u32> {
        // SAFETY: the sender has written the packet and readied us.
        self.packet.0.with_mut(|from| unsafe { (*from).take() })
    }
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        let Some(waiter) = &self.waiter else { return };
        // SAFETY: the waiter is in this queue or in none.
        let linked = unsafe {
            let mut state = self.mailbox.state.lock();
            state.receivers.remove(NonNull::from(waiter))
        };
        if !linked {
            self.wait.block();
            if let Some(message) = self.taken() {
                self.mailbox.state.lock().message = Some(message);
            }
        }
    }
}

/// The sender comes before, between or after polls with different wakers: the last one is woken.
#[test]
fn a_future_whose_waker_changes_is_woken() {
    model(|| {
        let mailbox = Mailbox::new();
        let there = mailbox.clone();
        let sender = thread::spawn(move || there.send(7));
        let (_, first) = parker_and_waker();
        let (parker, second) = parker_and_waker();
        let mut receiving = Receiving::new(&mailbox);
        let mut received = receiving.poll(&first);
        while received.is_none() {
            received = receiving.poll(&second);
            if received.is_none() {
                parker.park();
            }
        }
        assert_eq!(received, Some(7));
        drop(receiving);
        sender.join().unwrap();
    });
}

/// The sender races the drop: the message goes back or was not taken, and the sender touches
/// nothing of a future that is gone.
#[test]
fn a_dropped_future_loses_no_message() {
    model(|| {
        let mailbox = Mailbox::new();
        let there = mailbox.clone();
        let sender = thread::spawn(move || there.send(7));
        let mut receiving = Receiving::new(&mailbox);
        let (_, waker) = parker_and_waker();
        let received = receiving.poll(&waker);
        drop(receiving);
        sender.join().unwrap();
        assert_eq!(received.or_else(|| mailbox.left()), Some(7));
    });
}

/// A future whose waits follow one another: a ticket of an earlier one settles nothing.
#[test]
fn a_future_outlives_its_tickets() {
    model(|| {
        let wait = Box::pin(FutureWait::new());
        let stale = wait.as_ref().begin();
        // SAFETY: the wait outlives this and the model's threads.
        unsafe { stale.claim(0) }.expect("settled first").ready();
        let fresh = wait.as_ref().begin();
        let other = thread::spawn(move || {
            // SAFETY: as above.
            assert!(unsafe { stale.claim(0) }.is_none());
            // SAFETY: as above.
            unsafe { fresh.claim(0) }.expect("nobody else").ready();
        });
        wait.block();
        assert!(wait.poll(Waker::noop()));
        other.join().unwrap();
    });
}

/// A task's worker that settles a wait by a load and a store, under the lock that a peer on another
/// thread needs; a cancellation is the same worker's act, before or after.
#[test]
fn a_wait_that_its_worker_settles_by_a_store_is_settled_once() {
    for cancelled_first in [false, true] {
        loom::model(move || {
            let claim = Arc::new(Claim::new(Kind::Task));
            let lock = Arc::new(Lock::new(()));
            for _ in 0..2 {
                let word = claim.begin();
                let peer = thread::spawn({
                    let (claim, lock) = (claim.clone(), lock.clone());
                    move || {
                        let _guard = lock.lock();
                        claim.settle(word, Settled::case(0))
                    }
                });
                let mut won = 0;
                if cancelled_first {
                    won += u32::from(claim.settle(word, Settled::CANCELLED));
                }
                let guard = lock.lock();
                won += u32::from(claim.settle_here(word, Settled::case(0)));
                drop(guard);
                won += u32::from(claim.settle(word, Settled::CANCELLED));
                won += u32::from(peer.join().unwrap());
                assert_eq!(won, 1);
            }
        });
    }
}
