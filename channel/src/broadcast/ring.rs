//! The state of a broadcast channel: the messages that somebody has yet to see, and who stands
//! where.
//!
//! Messages have positions, counted from zero. The ring holds those from `tail` to `next`:
//!
//! ```text
//!           tail                  next
//!            |                     |
//!            v                     v
//!   gone ... [2 readers][0][1 reader] (3 caught up)
//! ```
//!
//! A receiver stands before the message that it receives next: its [`Cursor`] says at which
//! position, and the slot there counts it among its `readers`. Those who have seen everything are
//! `caught_up`; they become the readers of the next message.
//!
//! - A receiver goes on: it is counted out of its slot and into the next one. If that leaves nobody
//!   at the tail, everybody has seen the message there, and it leaves the ring.
//! - A message is sent into a full ring: the one at the tail leaves, and its readers are counted
//!   at the new tail. Their cursors still say where they stood, so they learn how many they missed.
//!
//! Invariants, but for a short time while a receiver [leaves](Synced::leave):
//! - Somebody stands at the tail if the ring is not empty, so a message goes as soon as the last
//!   receiver has seen it, and every operation takes the same time however many receivers and
//!   messages there are.
//! - A cursor is before `tail` only if its messages were overwritten, so lags are exact.
//!
//! Rejected: a count in each message of those who have yet to see it, as tokio has it. Cloning and
//! dropping a receiver would have to visit all the messages it has not seen.

use std::mem;

use crate::fanout::{Cursor, Parcel, Refused, Station, Synced};

/// A broadcast channel.
pub(super) type Channel<T> = Station<T, Ring<T>>;

/// The state of a broadcast channel.
pub(crate) struct Ring<T> {
    slots: Box<[Slot<T>]>,
    /// The index of the slot of `tail`.
    first: usize,
    /// The position of the oldest message that is held.
    tail: u64,
    /// The position of the message that is sent next.
    next: u64,
    /// How many receivers have seen everything.
    caught_up: usize,
}

struct Slot<T> {
    parcel: Option<Parcel<T>>,
    /// How many receivers stand here.
    readers: usize,
}

/// What a receiver finds.
pub(crate) enum Found<T> {
    /// A message.
    Message(Parcel<T>),
    /// So many were overwritten before it came.
    Lagged(u64),
    /// Nothing, and nothing will come.
    Disconnected,
}

/// A message was sent.
pub(super) struct Sent<T> {
    /// How many will receive it.
    pub(super) receivers: usize,
    /// The one that had to go.
    pub(super) overwritten: Option<Parcel<T>>,
}

/// Messages that are taken out under one lock when a receiver leaves.
pub(super) struct Batch<T> {
    parcels: [Option<Parcel<T>>; 32],
    /// The places from `next` to `end` are filled.
    next: usize,
    end: usize,
}

impl<T> Batch<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.next == self.end
    }

    pub(super) fn pop(&mut self) -> Option<Parcel<T>> {
        let parcel = self.parcels[self.next..self.end].first_mut()?.take();
        self.next += 1;
        parcel
    }
}

impl<T> Ring<T> {
    /// An empty ring, with one receiver.
    pub(super) fn new(cap: usize) -> (Self, Cursor) {
        let slot = || Slot {
            parcel: None,
            readers: 0,
        };
        let ring = Self {
            slots: std::iter::repeat_with(slot).take(cap).collect(),
            first: 0,
            tail: 0,
            next: 0,
            caught_up: 1,
        };
        (ring, Cursor::at(0))
    }

    /// How many messages it can hold.
    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// How many messages somebody has yet to see.
    pub(super) fn len(&self) -> usize {
        // No loss: not more than there are slots.
        (self.next - self.tail) as usize
    }

    /// How many messages the receiver at `cursor` can receive.
    pub(super) fn unseen(&self, cursor: &Cursor) -> usize {
        (self.next - self.place(cursor)) as usize
    }

    /// Where the receiver at `cursor` is counted.
    fn place(&self, cursor: &Cursor) -> u64 {
        cursor.get().max(self.tail)
    }

    /// The slot of a message that is held, or is next and has room.
    fn slot(&mut self, position: u64) -> &mut Slot<T> {
        let index = self.first + (position - self.tail) as usize;
        let wrapped = index.checked_sub(self.slots.len());
        &mut self.slots[wrapped.unwrap_or(index)]
    }

    /// The count of those who stand at `position`.
    fn readers(&mut self, position: u64) -> &mut usize {
        if position == self.next {
            &mut self.caught_up
        } else {
            &mut self.slot(position).readers
        }
    }

    /// Takes the message at the tail out. The ring is not empty.
    fn pop(&mut self) -> Slot<T> {
        let slot = Slot {
            parcel: None,
            readers: 0,
        };
        let slot = mem::replace(&mut self.slots[self.first], slot);
        self.tail += 1;
        self.first += 1;
        if self.first == self.slots.len() {
            self.first = 0;
        }
        slot
    }

    /// Takes out messages at the tail that nobody has yet to see: as many as go into one batch.
    pub(super) fn trim(&mut self) -> Batch<T> {
        let mut batch = Batch {
            parcels: [const { None }; _],
            next: 0,
            end: 0,
        };
        for place in &mut batch.parcels {
            if self.tail == self.next || self.slots[self.first].readers != 0 {
                break;
            }
            *place = self.pop().parcel;
            batch.end += 1;
        }
        batch
    }
}

impl<T> Synced<T, Ring<T>> {
    /// What the receiver at `cursor` finds, which goes on by that; `None` if there is nothing yet.
    pub(super) fn take(&mut self, cursor: &Cursor) -> Option<Found<T>> {
        let ring = &mut self.state;
        let place = ring.place(cursor);
        let missed = place - cursor.get();
        if missed != 0 {
            cursor.set(place);
            return Some(Found::Lagged(missed));
        }
        if place == ring.next {
            return self.sides.ended().then_some(Found::Disconnected);
        }
        cursor.set(place + 1);
        *ring.readers(place + 1) += 1;
        let at_tail = place == ring.tail;
        let slot = ring.slot(place);
        slot.readers -= 1;
        let parcel = if at_tail && slot.readers == 0 {
            ring.pop().parcel
        } else {
            slot.parcel.clone()
        };
        parcel.map(Found::Message)
    }

    /// Whether the receiver at `cursor` would find something.
    pub(super) fn has_something(&self, cursor: &Cursor) -> bool {
        cursor.get() != self.state.next || self.sides.ended()
    }

    /// A further receiver, which stands where the one at `cursor` does.
    pub(super) fn join_at(&mut self, cursor: &Cursor) -> Cursor {
        let place = self.state.place(cursor);
        *self.state.readers(place) += 1;
        self.sides.receivers += 1;
        Cursor::at(cursor.get())
    }

    /// A further receiver, which sees what is sent from now on.
    pub(super) fn join(&mut self) -> Cursor {
        self.state.caught_up += 1;
        self.sides.receivers += 1;
        Cursor::at(self.state.next)
    }

    /// The receiver at `cursor` goes. What nobody waits for any more is left to
    /// [`trim`](Ring::trim).
    pub(super) fn leave(&mut self, cursor: &Cursor) {
        let place = self.state.place(cursor);
        *self.state.readers(place) -= 1;
        self.sides.receivers -= 1;
    }

    /// Sends a message.
    pub(super) fn send(&mut self, msg: T) -> Result<Sent<T>, Refused<T>> {
        let ring = &mut self.state;
        if self.sides.is_closed() || self.sides.receivers == 0 {
            return Err(Refused::Disconnected(msg));
        }
        let Some(blank) = self.spares.take() else {
            return Err(Refused::Starved(msg));
        };
        let parcel = Some(blank.fill(msg));
        let mut overwritten = None;
        if ring.len() == ring.capacity() {
            let slot = ring.pop();
            *ring.readers(ring.tail) += slot.readers;
            overwritten = slot.parcel;
        }
        let readers = mem::take(&mut ring.caught_up);
        *ring.slot(ring.next) = Slot { parcel, readers };
        ring.next += 1;
        Ok(Sent {
            receivers: self.sides.receivers,
            overwritten,
        })
    }
}
