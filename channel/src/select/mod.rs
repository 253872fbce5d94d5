//! Select: one of several operations, whichever can go on first.
//!
//! - `engine`: chooses, commits, waits; knows nothing of message types
//! - `entry`: what the engine knows of a case
//! - `case`: a case with its message type, and the completion of a send
//! - `macros`: the grammar of [`select!`](crate::select!)

mod case;
mod engine;
mod entry;
mod macros;

/// What the macros expand to. Not for use otherwise.
pub mod internal {
    pub use super::case::{Committed, RecvCase, SendCase, in_time, now};
    pub use super::engine::{select, select_timeout, try_select};
    pub use super::entry::Entry;
}
