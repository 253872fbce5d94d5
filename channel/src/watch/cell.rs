//! The state of a watch channel: the latest value, and how many there have been.
//!
//! Values are numbered from zero, the first one. A receiver's [`Cursor`] is the number of the latest
//! one that it has seen.

use std::mem;

use crate::fanout::{Cursor, Parcel, Refused, Station, Synced};

/// A watch channel.
pub(super) type Channel<T> = Station<T, Cell<T>>;

/// The state of a watch channel.
pub(crate) struct Cell<T> {
    value: Parcel<T>,
    /// The number of `value`.
    number: u64,
    /// Somebody has the turn to modify the value.
    pub(super) modifying: bool,
}

/// What a receiver finds.
pub(crate) enum Found<T> {
    /// A value that it has not seen.
    Value(Parcel<T>),
    /// Nothing, and nothing will come.
    Disconnected,
}

impl<T> Cell<T> {
    /// A cell with a value, and a receiver that has seen it.
    pub(super) fn new(value: Parcel<T>) -> (Self, Cursor) {
        let cell = Self {
            value,
            number: 0,
            modifying: false,
        };
        (cell, Cursor::at(0))
    }

    /// The latest value.
    pub(super) fn latest(&self) -> Parcel<T> {
        self.value.clone()
    }

    /// Whether there is a value that the receiver at `cursor` has not seen.
    pub(super) fn has_changed(&self, cursor: &Cursor) -> bool {
        self.number != cursor.get()
    }

    /// The latest value, which the receiver at `cursor` has seen by that.
    pub(super) fn see(&self, cursor: &Cursor) -> Parcel<T> {
        cursor.set(self.number);
        self.latest()
    }
}

impl<T> Synced<T, Cell<T>> {
    /// What the receiver at `cursor` finds, which has seen it by that; `None` if there is nothing
    /// yet.
    pub(super) fn take(&self, cursor: &Cursor) -> Option<Found<T>> {
        if self.state.has_changed(cursor) {
            Some(Found::Value(self.state.see(cursor)))
        } else {
            self.sides.ended().then_some(Found::Disconnected)
        }
    }

    /// Whether the receiver at `cursor` would find something.
    pub(super) fn has_something(&self, cursor: &Cursor) -> bool {
        self.state.has_changed(cursor) || self.sides.ended()
    }

    /// A further receiver, which has seen what the one at `cursor` has.
    pub(super) fn join_at(&mut self, cursor: &Cursor) -> Cursor {
        self.sides.receivers += 1;
        Cursor::at(cursor.get())
    }

    /// A further receiver, which has seen the latest value.
    pub(super) fn join(&mut self) -> Cursor {
        self.sides.receivers += 1;
        Cursor::at(self.state.number)
    }

    /// The latest value and its number; `None` if it can be changed no more.
    pub(super) fn to_modify(&self) -> Option<(Parcel<T>, u64)> {
        (!self.sides.is_closed()).then(|| (self.state.latest(), self.state.number))
    }

    /// Replaces the value if somebody can see that. Answers the value it replaces.
    pub(super) fn send(&mut self, value: T) -> Result<Parcel<T>, Refused<T>> {
        if self.sides.receivers == 0 {
            return Err(Refused::Disconnected(value));
        }
        self.replace(value)
    }

    /// Replaces the value. Answers the value it replaces.
    pub(super) fn replace(&mut self, value: T) -> Result<Parcel<T>, Refused<T>> {
        if self.sides.is_closed() {
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
