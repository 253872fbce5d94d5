//! Signals as messages: Ctrl-C and Unix signals come from a channel's
//! [`Receiver`](hueless_channel::Receiver).
//!
//! [`ctrl_c`] and [`notify`] subscribe. Each subscription gets every signal that it asks for; it ends
//! when its receiver is dropped. As any receiver it can be waited on by tasks and OS threads, by
//! `select!`, with a time-out, or from async code.
//!
//! ```
//! use hueless_netpoll::signal::{self, Signal};
//! use std::time::Duration;
//!
//! let stop = signal::notify(&[Signal::INT, Signal::TERM])?;
//! // A program would wait for as long as it takes.
//! if let Ok(signal) = stop.recv_timeout(Duration::from_millis(1)) {
//!     println!("shutting down, because of {signal}");
//! }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # A second Ctrl-C kills
//!
//! A program that has subscribed to `SIGINT`, by either function, and then hangs, perhaps while it
//! shuts down because of the first Ctrl-C, must not leave its user without a way out:
//!
//! - The first Ctrl-C that a subscription gets is a message, however long it lies in the channel.
//! - A further one *kills the process*, as though nobody had subscribed, unless somebody receives it
//!   within [half a second](PATIENCE), or what has left no room for it. With several subscriptions it is
//!   enough that one of them is received from.
//!
//! So a program that waits for Ctrl-C once and then cleans up can be killed meanwhile; one that is
//! to go on whatever comes keeps receiving, in a task of its own perhaps.
//!
//! # What else to know
//!
//! - A signal that no subscription is left for has its usual effect again: the default one, or
//!   what was set before the first subscription. Handlers set before are called beside.
//! - A channel that its owner does not empty holds [`CAPACITY`] signals (one Ctrl-C); further ones are
//!   dropped. The system, too, makes one of signals of the same kind that come in quick succession.
//! - `KILL` and `STOP` cannot be had from the system; `SEGV`, `BUS`, `FPE` and `ILL` mean that a thread
//!   cannot go on, and `SEGV` and `BUS` tell this runtime of overflowing stacks. To ask for them is an
//!   error.
//! - Whoever never subscribes pays nothing: no handler is installed, no thread is started. The first
//!   subscription starts one, which sleeps until a signal comes, and stays. It takes those signals
//!   even if all other threads block them. Neither a stuck worker nor the end of a runtime holds it up.
//! - A child that is forked and runs on without loading another program keeps the handlers, but has
//!   no such thread: what is subscribed to has no effect there, not even the default one, and the
//!   parent's subscribers do not hear of it either. Loading a program restores the default effects.

mod deliver;
mod number;
mod sys;

pub use deliver::{CAPACITY, PATIENCE, ctrl_c, notify};
pub use number::Signal;
