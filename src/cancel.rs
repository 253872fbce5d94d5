//! Cancelling code from outside, and keeping that away from steps that must not end half-way.
//!
//! Cancellation unwinds: the operation that the code is blocked in, or the next one that may block, does
//! not happen, destructors run, and whoever has set the limit goes on. It needs no argument that is
//! passed along, and bounds any code that blocks by hueless's operations.
//!
//! ```
//! use hueless::cancel::CancelToken;
//! use hueless::{channel::bounded, go};
//!
//! let (tx, rx) = bounded::<String>(1);
//! let stop = CancelToken::new();
//! let served = go!({
//!     let stop = stop.clone();
//!     move || stop.run(|| rx.iter().map(|line| line.len()).sum::<usize>())
//! });
//! tx.send("request".into()).unwrap();
//! stop.cancel();
//! assert!(served.join().unwrap().is_err());
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | cancel a task | [`JoinHandle::cancel`](crate::task::JoinHandle::cancel) |
//! | cancel what runs under a token, in many tasks and threads | [`CancelToken`] |
//! | limit the time of any code | [`timeout`](crate::timeout), [`deadline`](crate::deadline) |
//! | end children with their caller | [`scope`](crate::scope), [`try_scope`](crate::try_scope) |
//! | keep it away | [`shield`] |
//! | ask, in code that never blocks | [`is_cancelled`] |
//!
//! Points of cancellation are the waits of all operations that block, their begin, and
//! [`checkpoint`](crate::checkpoint) and [`yield_now`](crate::yield_now) in tasks; never `try_`
//! operations, unlocking or dropping. It is level-triggered: once cancelled, every later point unwinds,
//! except in [`shield`] and while the task is unwinding. Tasks that are started by
//! [`spawn`](crate::spawn()) inherit nothing, children of scopes everything.
//!
//! An unwinding poisons locks of std's, and ends the process in a callback from C: shield these.

#[doc(inline)]
pub use hueless_channel::{CancelToken, DropGuard};
#[doc(inline)]
pub use hueless_runtime::cancel::{Cancelled, Elapsed, is_cancellation, is_cancelled, shield};
