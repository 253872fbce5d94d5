//! How messages change hands: the part that all flavors share.
//!
//! A channel is a [`Gate`] (its one lock, with the two wait queues and the counts) and a buffer
//! that the gate guards; the flavors differ in their buffer only. See [`channel`] for the protocol.
//!
//! - `channel`: what a channel is, and its invariants
//! - `gate`: the part that does not depend on the message type
//! - `packet`: what a waiting operation shows to its peers
//! - `send`, `recv`: the operations of both sides
//! - `reserve`: sends whose message comes after the commit
//! - `returned`: messages that were received and then given back
//! - `disconnect`: the end of a side, and of a whole channel
//! - `stock`: the counts of messages and slots
//! - `limit`: how long an operation may wait

mod channel;
mod disconnect;
mod gate;
#[cfg(all(not(loom), target_pointer_width = "64"))]
mod layout;
mod limit;
mod packet;
mod recv;
mod reserve;
mod returned;
mod send;
mod stock;

pub(crate) use channel::Channel;
#[cfg(not(loom))]
pub(crate) use gate::some_number;
pub(crate) use gate::{After, Chance, Gate, GateLock};
pub(crate) use limit::Limit;
pub(crate) use packet::{Head, Packet, Status};
pub(crate) use recv::{Receive, Received, pair, promise};
pub(crate) use reserve::Grant;
pub(crate) use send::{Given, taken};
