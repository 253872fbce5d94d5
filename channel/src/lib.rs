//! Channels and `select!` of hueless, in crossbeam-channel's API.
//!
//! A channel connects any number of [`Sender`]s with any number of [`Receiver`]s, in tasks and on
//! OS threads alike. [`bounded`] channels hold a fixed number of messages, down to none at all (a
//! *rendezvous*: sender and receiver wait for each other); [`unbounded`] ones hold any number.
//!
//! ```
//! use std::thread;
//! use hueless_channel::bounded;
//!
//! let (s, r) = bounded(2);
//! let worker = thread::spawn(move || r.iter().sum::<u32>());
//! for i in 1..=10 {
//!     s.send(i).unwrap();
//! }
//! drop(s); // The worker's loop ends when the last sender is gone.
//! assert_eq!(worker.join().unwrap(), 55);
//! ```
//!
//! [`select!`] waits for several operations at once and carries out exactly one of them; [`Select`]
//! does so for a list that is made at run time. Time limits are channels too: [`after`], [`at`],
//! [`tick`].
//!
//! On a [`broadcast`](fn@broadcast) channel every receiver sees every message; a [`watch`](fn@watch)
//! channel holds the latest value.
//!
//! # Blocking
//!
//! An operation that has to wait parks the task that calls it; its worker runs other tasks
//! meanwhile. On a thread that is not a worker it blocks that thread. Operations that cannot go on
//! without delay do not spin. Waiting costs no allocation, and those who wait are served in the
//! order they came.
//!
//! # Async code
//!
//! Either end may be held by async code, on any executor: [`Receiver::recv_async`],
//! [`Receiver::stream`] and [`Sender::send_async`] wait in the same queues as tasks and threads do.
//!
//! # Disconnection
//!
//! Dropping the last sender disconnects a channel: receivers get what is left in it, then errors.
//! Dropping the last receiver does too: senders get their messages back, and what was in the
//! channel is dropped at once. [`Sender::close`] and [`Receiver::close`] disconnect both sides without
//! dropping anything.
//!
//! # Cancellation
//!
//! Every operation that may wait is a point of cancellation when it does. A cancelled operation
//! has not happened: nothing was received, and the message it was to send is dropped.

pub mod broadcast;
#[cfg(not(loom))]
mod cancel_token;
mod channel;
mod counter;
mod err;
mod exchange;
mod fanout;
mod flavors;
mod future;
mod iter;
mod loom;
mod receiver;
mod select;
mod sender;
pub mod watch;

#[doc(hidden)]
pub use select::internal;

pub use broadcast::broadcast;
#[cfg(not(loom))]
pub use cancel_token::{CancelToken, DropGuard};
pub use channel::{after, at, bounded, never, tick, unbounded};
pub use err::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
pub use future::{RecvFuture, RecvStream, SendFuture};
pub use iter::{Drain, IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use select::{
    ReadyTimeoutError, Select, SelectTimeoutError, SelectedOperation, TryReadyError, TrySelectError,
};
pub use sender::Sender;
pub use watch::watch;
