//! The state of a watch channel: the latest value, and how many there have been.
//!
//! Values are numbered from zero, the first one. A receiver's [`Cursor`] is the number of the latest
//! one that it has seen.

use std::mem;

use crate::fanout::{Parcel, Refused, Station, Synced};
use crate::loom::{AtomicU64, Ordering};

/// A watch channel.
pub(super) type Channel<T> = Station<T, Cell<T>>;

/// The state of a watch channel.
pub(crate) struct Cell<T> {
    value: Parcel<T>,
    /// The number of `value`.
    number: u64,
    pub(super) senders: usize,
    pub(super) receivers: usize,
    /// Somebody has closed the channel.
    closed: bool,
    /// Somebody has the turn to modify the value.
    pub(super) modifying: bool,
}

/// What a receiver has seen. Changed under the lock of its channel only.
pub(super) struct Cursor(AtomicU64);

impl Cursor {
    fn at(number: u64) -> Self {
        Self(AtomicU64::new(number))
    }

    // Relaxed, here and below: the lock orders these.
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }
}

/// What a receiver finds.
pub(crate) enum Found<T> {
    /// A value that it has not seen.
    Value(Parcel<T>),
    /// Nothing, and nothing will come.
    Disconnected,
}

/// The channel was closed before.
pub(super) struct Closed;

/// There are further senders.
pub(super) struct OthersLeft;

impl<T> Cell<T> {
    /// A cell with a value, with one sender, and one receiver that has seen the value.
    pub(super) fn new(value: Parcel<T>) -> (Self, Cursor) {
        let cell = Self {
            value,
            number: 0,
            senders: 1,
            receivers: 1,
            closed: false,
            modifying: false,
        };
        (cell, Cursor::at(0))
    }

    /// The latest value.
    pub(super) fn latest(&self) -> Parcel<T> {
        self.value.clone()
    }

    /// The latest value and its number; `None` if it can be changed no more.
    pub(super) fn to_modify(&self) -> Option<(Parcel<T>, u64)> {
        (!self.closed).then(|| (self.latest(), self.number))
    }

    /// Whether there is a value that the receiver at `cursor` has not seen.
    pub(super) fn has_changed(&self, cursor: &Cursor) -> bool {
        self.number != cursor.get()
    }

    /// Whether the receiver at `cursor` would find something.
    pub(super) fn has_something(&self, cursor: &Cursor) -> bool {
        self.has_changed(cursor) || self.ended()
    }

    /// What the receiver at `cursor` finds, which has seen it by that; `None` if there is nothing
    /// yet.
    pub(super) fn take(&self, cursor: &Cursor) -> Option<Found<T>> {
        if self.has_changed(cursor) {
            Some(Found::Value(self.see(cursor)))
        } else {
            self.ended().then_some(Found::Disconnected)
        }
    }

    /// The latest value, which the receiver at `cursor` has seen by that.
    pub(super) fn see(&self, cursor: &Cursor) -> Parcel<T> {
        cursor.set(self.number);
        self.latest()
    }

    /// Whether no more values will come.
    fn ended(&self) -> bool {
        self.closed || self.senders == 0
    }

    /// A further receiver, which has seen what the one at `cursor` has.
    pub(super) fn join_at(&mut self, cursor: &Cursor) -> Cursor {
        self.receivers += 1;
        Cursor::at(cursor.get())
    }

    /// A further receiver, which has seen the latest value.
    pub(super) fn join(&mut self) -> Cursor {
        self.receivers += 1;
        Cursor::at(self.number)
    }

    /// Counts a sender out. An error if others are left, since then nothing has ended.
    pub(super) fn count_sender_out(&mut self) -> Result<(), OthersLeft> {
        self.senders -= 1;
        match self.senders {
            0 => Ok(()),
            _ => Err(OthersLeft),
        }
    }

    /// Ends all sending. An error if that was done before.
    pub(super) fn close(&mut self) -> Result<(), Closed> {
        match mem::replace(&mut self.closed, true) {
            false => Ok(()),
            true => Err(Closed),
        }
    }
}

impl<T> Synced<T, Cell<T>> {
    /// Replaces the value if somebody can see that. Answers the value it replaces.
    pub(super) fn send(&mut self, value: T) -> Result<Parcel<T>, Refused<T>> {
        if self.state.receivers == 0 {
            return Err(Refused::Disconnected(value));
        }
        self.replace(value)
    }

    /// Replaces the value. Answers the value it replaces.
    pub(super) fn replace(&mut self, value: T) -> Result<Parcel<T>, Refused<T>> {
        if self.state.closed {
            return Err(Refused::Disconnected(value));
        }
        let Some(blank) = self.spares.take() else {
            return Err(Refused::Starved(value));
        };
        self.state.number += 1;
        Ok(mem::replace(&mut self.state.value, blank.fill(value)))
    }

    /// Whether the value with this number is still the latest.
    pub(super) fn is_latest(&self, number: u64) -> bool {
        self.state.number == number
    }
}
