//! The async ends of channels: futures and a stream, for any executor.
//!
//! A future is one more kind of waiter. It tries as the blocking operation does; where that would
//! park, it links a waiter that lies in the future itself, and peers settle it as they settle any
//! other: futures, tasks and threads wait in one queue, and are served in the order they came.
//! Waiting takes no thread and allocates nothing.
//!
//! What a future has and a parked frame has not: it can be dropped at any time. Then its waiter is
//! withdrawn under the gate's lock, and nothing has happened. If it was not there any more, a peer
//! has settled the wait and may be writing into the future; the drop blocks until that peer's ready,
//! which follows the claim at once, with one exception: a *late* sender (a `select!`) makes its
//! message first. A message that was received, but not handed to the program, goes back to the front
//! of the channel.
//!
//! A receive that meets a waiting late sender cannot park for its message as [`pair`] does: it leaves
//! that sender a ticket of its own wait, and is pending until the message is there.
//!
//! - `link`: the waiting part of a future
//! - `recv`, `send`: the futures
//! - `ends`: the methods that make them
//! - `stream`: receiving again and again
//! - `alarm`: what wakes a future on a channel of the clock
//!
//! [`pair`]: crate::exchange::pair

mod alarm;
mod ends;
mod link;
mod recv;
mod send;
mod stream;

pub use recv::RecvFuture;
pub use send::SendFuture;
pub use stream::RecvStream;

pub(crate) use alarm::Ringer;
pub(crate) use link::Link;
pub(crate) use recv::{Attempt, Receiving};

use std::ops::Deref;

/// A channel's handle that a future borrows or has.
enum Handle<'a, H> {
    Borrowed(&'a H),
    Owned(H),
}

impl<H> Deref for Handle<'_, H> {
    type Target = H;

    fn deref(&self) -> &H {
        match self {
            Self::Borrowed(handle) => handle,
            Self::Owned(handle) => handle,
        }
    }
}
