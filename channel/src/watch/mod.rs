//! Channels that hold one value, the latest.
//!
//! [`watch`](fn@crate::watch) makes one. Senders replace the value; each receiver can read it at any
//! time, and wait for one that it has not seen. A receiver that is slow sees the latest value and
//! none of those before it. It fits settings, states and progress.
//!
//! ```
//! use std::thread;
//! use hueless_channel::watch;
//!
//! let (tx, rx) = watch("starting");
//! let watcher = thread::spawn(move || rx.wait_for(|state| *state == "ready"));
//! tx.send("loading").unwrap();
//! tx.send("ready").unwrap();
//! assert_eq!(watcher.join().unwrap(), Ok("ready"));
//! ```
//!
//! In a [`select!`](crate::select!), here with settings that take effect at once:
//!
//! ```
//! use hueless_channel::{select, unbounded, watch};
//!
//! let (factor, new_factor) = watch(1);
//! let (jobs, next_job) = unbounded();
//! factor.send(10).unwrap();
//! jobs.send(5).unwrap();
//! drop(jobs);
//!
//! let mut by = new_factor.get();
//! let mut done = 0;
//! loop {
//!     select! {
//!         recv(new_factor) -> factor => by = factor.unwrap(),
//!         recv(next_job) -> job => match job {
//!             Ok(job) => done += job * by,
//!             Err(_) => break,
//!         },
//!     }
//! }
//! assert_eq!(done, 50);
//! ```
//!
//! Use a [`broadcast`](mod@crate::broadcast) channel where every message counts.
//!
//! # Values
//!
//! Receivers share a value while they look at it or clone it, so it has to be [`Sync`] for handles to
//! go to other tasks or threads. Looking at a value blocks nobody: a sender puts a new one in its
//! place meanwhile. Put values that are expensive to clone into an [`Arc`](std::sync::Arc). The memory
//! of a value is used again for later ones.
//!
//! # Panics in values
//!
//! A receiver that has received a value clones it after that. If the clone panics, or is cancelled
//! since it waits, the value counts as seen by this receiver; everybody else goes on undisturbed.

mod cell;
mod channel;
mod iter;
mod modify;
mod receiver;
mod select;
mod sender;
mod value;

pub use channel::watch;
pub use iter::{IntoIter, Iter};
pub use receiver::Receiver;
pub use sender::Sender;
pub use value::Ref;

#[doc(no_inline)]
pub use crate::err::{RecvError, RecvTimeoutError, SendError, TryRecvError};
