//! Channels on which every receiver sees every message.
//!
//! [`broadcast`](fn@crate::broadcast) makes one. It holds a fixed number of messages, and a sender
//! never waits: when there is no room, the oldest message is overwritten. A receiver that was
//! overtaken in this way is told how many messages it missed, and goes on with the oldest one that is
//! still there.
//!
//! ```
//! use std::thread;
//! use hueless_channel::broadcast;
//!
//! let (tx, first) = broadcast(16);
//! let second = tx.subscribe();
//! let sums = [first, second].map(|rx| {
//!     thread::spawn(move || rx.iter().map(|msg| msg.unwrap()).sum::<i32>())
//! });
//! for n in 1..=4 {
//!     tx.send(n).unwrap();
//! }
//! drop(tx); // The receivers' loops end when the last sender is gone.
//! assert_eq!(sums.map(|sum| sum.join().unwrap()), [10, 10]);
//! ```
//!
//! In a [`select!`](crate::select!):
//!
//! ```
//! use std::time::Duration;
//! use hueless_channel::{bounded, broadcast, select};
//!
//! let (tx, rx) = broadcast(16);
//! let (stop, stopped) = bounded::<()>(0);
//! tx.send("news").unwrap();
//! let news = select! {
//!     recv(rx) -> msg => msg,
//!     recv(stopped) -> _ => return,
//!     default(Duration::from_secs(60)) => panic!("no news"),
//! };
//! assert_eq!(news, Ok("news"));
//! # drop(stop);
//! ```
//!
//! Use a [`watch`](mod@crate::watch) channel where only the latest value counts, and a
//! [`bounded`](crate::bounded) channel for each receiver where senders shall wait for the slowest.
//!
//! # Messages
//!
//! Receivers share a message while they clone it, so it has to be [`Sync`] for handles to go to
//! other tasks or threads. The last one to receive it gets the message itself and not a clone. Put
//! messages that are expensive to clone into an [`Arc`](std::sync::Arc). A message that every receiver
//! has received is dropped or moved out at once, it does not lie in the channel until it is
//! overwritten.
//!
//! # Memory
//!
//! The memory of a message is used again for later ones, so in the long run sending and receiving
//! allocate nothing but what the messages' clones do.
//!
//! # Panics in messages
//!
//! A receiver that has received a message clones it after that. If the clone panics, or is cancelled
//! since it waits, the message counts as received by this receiver; everybody else goes on
//! undisturbed.

mod channel;
mod err;
mod iter;
mod receiver;
mod ring;
mod select;
mod sender;

pub use channel::broadcast;
pub use err::{Lagged, RecvError, RecvTimeoutError, TryRecvError};
pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use sender::Sender;

#[doc(no_inline)]
pub use crate::err::SendError;
