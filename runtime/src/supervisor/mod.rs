//! Tasks that are started again when they end, as Erlang's `supervisor` does it.
//!
//! | what | where |
//! | --- | --- |
//! | what a program says: children, strategy, limits | `spec` |
//! | what a child may return | `outcome` |
//! | how a child ended, and that there were too many ends | `failure` |
//! | how many restarts there were lately | `window` |
//! | where children report that they have ended | `home` |
//! | the loop that starts, ends and restarts | `watch` |
//!
//! The children are tasks of a [`scope`](crate::scope()). It lies behind a [`shield`](crate::cancel::shield), because
//! a scope that is cancelled cancels all its tasks at once, and these are to end one by one, the last first.
//! A [`Node`](crate::cancel::Node) outside the shield tells the loop what it is shielded from.

mod failure;
mod home;
mod outcome;
mod spec;
mod watch;
mod window;

pub use failure::{Failure, GaveUp};
pub use outcome::Outcome;
pub use spec::{Restart, Strategy, Supervisor};
