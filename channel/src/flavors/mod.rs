//! The flavors: what a channel keeps its messages in.
//!
//! - `array`: bounded channels
//! - `list`: unbounded channels
//! - `zero`: rendezvous channels, which keep nothing
//! - `timer`: channels of the clock (`after`, `at`, `tick`), whose messages are made when received
//! - `buffer`: what a flavor that keeps messages has to provide
//!
//! `never` keeps nothing and has no state at all: it is a variant of [`Receiver`](crate::Receiver).

mod array;
mod buffer;
mod list;
mod timer;
mod zero;

pub(crate) use array::Ring;
pub(crate) use buffer::{Buffer, Memory};
pub(crate) use list::Blocks;
pub(crate) use timer::{Alarm, Moment, Timer, wait_in_vain};
pub(crate) use zero::Rendezvous;
