//! Select: one of several operations, whichever can go on first.
//!
//! - `engine`: chooses, commits, waits; knows nothing of message types
//! - `gates`: the cases' gates: locks, queues
//! - `luck`: whether to try one case alone before all that
//! - `entry`: what the engine knows of a case
//! - `source`: what a case can receive from
//! - `case`: a case with its message type, and the completion of a send
//! - `macros`: the grammar of [`select!`](crate::select!)
//! - `dynamic`: a list of cases that is made at run time, [`Select`]
//! - `operations`: that list
//! - `selected`: what became of it, until it is completed
//! - `err`: what it answers when no operation can go on

mod case;
mod dynamic;
mod engine;
mod entry;
mod err;
mod gates;
mod luck;
mod macros;
mod operations;
mod selected;
mod source;

pub use dynamic::Select;
pub use err::{ReadyTimeoutError, SelectTimeoutError, TryReadyError, TrySelectError};
pub use selected::SelectedOperation;

/// What the macros expand to. Not for use otherwise.
pub mod internal {
    pub use super::case::{Committed, RecvCase, SendCase};
    pub use super::engine::{select, select_timeout, try_select};
    pub use super::entry::{Entry, Supplier};
    pub use super::source::{Source, Target};
}
