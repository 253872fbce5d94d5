//! Cancellation: how code that must end is told.
//!
//! It is delivered by unwinding at a blocking point, with a private payload, so destructors run and
//! the code behind the blocking call never sees half an answer. It is level-triggered: every later
//! blocking point unwinds too, except in [`shield`] and while the task is unwinding already.
//!
//! | what | where |
//! | --- | --- |
//! | who can be cancelled: a task or a thread, and the frames it is in | `context` |
//! | a frame: a limit of time, a token's `run`, a scope, a shield | `frame` |
//! | frames of a generator that is suspended | `detached` |
//! | what cancels many at once: a tree of tokens and scopes | `node` |
//! | how the one who blocks is woken | `wake`, `scheduler/calls.rs` |
//!
//! A canceller marks frames and notes at each context whether the mark is *visible*: whether the code
//! that runs there now is to unwind. The context's owner looks at that one flag, at each blocking
//! point.
//!
//! With `panic = "abort"` nothing can unwind, so nothing is delivered: code asks [`is_cancelled`].

#[cfg(not(loom))]
mod catch;
#[cfg(not(loom))]
mod context;
#[cfg(not(loom))]
mod detached;
#[cfg(not(loom))]
mod frame;
#[cfg(not(loom))]
mod limit;
#[cfg(not(loom))]
mod node;
#[cfg(not(loom))]
mod payload;
#[cfg(not(loom))]
mod shield;
#[cfg(not(loom))]
mod wake;

#[cfg(not(loom))]
mod exports {
    pub use super::catch::{Cancelled, run_in};
    pub use super::context::is_cancelled;
    pub use super::limit::{Elapsed, deadline, timeout};
    pub use super::node::{Hook, Node};
    pub use super::payload::{is_cancellation, unwind_cancelled};
    pub use super::shield::shield;

    pub(crate) use super::catch::in_scope;
    pub(crate) use super::context::{ChainCell, Context, Owner};
    pub(crate) use super::detached::{Detached, Mark};
    pub(crate) use super::frame::Expired;
    pub(crate) use super::wake::{Woken, cancel_task};
}

#[cfg(not(loom))]
pub use exports::*;

/// Whether cancellation can be delivered in this build.
pub(crate) const UNWINDS: bool = cfg!(panic = "unwind");

/// The models know no cancellation by unwinding.
#[cfg(loom)]
pub fn unwind_cancelled() -> ! {
    unreachable!("nothing is cancelled in a model")
}
