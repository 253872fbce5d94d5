//! What belongs to a task besides its stack: its locals, the scoped values it has bound, its
//! generators.
//!
//! | Module | Concept |
//! | --- | --- |
//! | `belongings` | where it is found, and how it ends |
//! | `entries` | the values of `task_local!` |
//! | `key` | a variable of `task_local!` |
//! | `cells` | what variables with a `Cell` or `RefCell` offer besides |
//! | `bindings` | the values of `scoped_local!`, and who sees them |
//! | `scoped` | a variable of `scoped_local!` |
//! | `macros` | both macros |
//! | `spans` | spans of the `tracing` crate, with the feature |

mod belongings;
mod bindings;
mod cells;
mod entries;
mod key;
mod macros;
mod scoped;
#[cfg(feature = "tracing")]
pub(crate) mod spans;

pub use key::{AccessError, LocalKey};
pub use scoped::ScopedKey;

pub(crate) use belongings::{Home, end_of_task};
#[allow(unused_imports, reason = "for the children of scopes")]
pub(crate) use bindings::Inherited;
pub(crate) use bindings::{Coroutine, Entered};
