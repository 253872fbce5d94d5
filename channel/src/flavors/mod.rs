//! The flavors: what a channel keeps its messages in.
//!
//! - `array`: bounded channels
//! - `list`: unbounded channels
//! - `zero`: rendezvous channels, which keep nothing
//! - `buffer`: what a flavor has to provide

mod array;
mod buffer;
mod list;
mod zero;

pub(crate) use array::Ring;
pub(crate) use buffer::{Buffer, Memory};
pub(crate) use list::Blocks;
pub(crate) use zero::Rendezvous;
