//! What [`broadcast`](mod@crate::broadcast) and [`watch`](mod@crate::watch) share: messages that
//! many receivers see, and receivers that all wait for the same thing.
//!
//! - `parcel`: a message that several may hold at a time, in memory that is used again
//! - `sides`: handles and cursors
//! - `station`: a state behind a gate, where receivers wait until it has changed

mod parcel;
mod sides;
mod station;

pub(crate) use parcel::{Blank, Parcel};
pub(crate) use sides::Cursor;
pub(crate) use station::{Expired, Refused, Station, Synced};
