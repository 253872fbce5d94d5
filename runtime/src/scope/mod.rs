//! Structured concurrency: tasks that end before the call that started them.
//!
//! | what | where |
//! | --- | --- |
//! | the tasks of one call: how many run, what has failed | [`group`] |
//! | one of them, and the handle on it | [`child`] |
//! | [`scope`], [`try_scope`] | [`plain`], [`fallible`] |
//! | [`join`], [`join_all`], [`join_all_settled`] | [`joins`] |
//! | [`race`], [`race_all`], [`race_ok`] | [`races`] |
//! | [`map_concurrent`], [`try_map_concurrent`], [`for_each_concurrent`] | [`maps`] |
//! | a set of tasks that come home one by one | [`set`] |

mod child;
mod fallible;
mod group;
mod joins;
mod maps;
mod plain;
mod races;
mod set;

pub use child::ScopedJoinHandle;
pub(crate) use child::Settings;
pub use fallible::{TryScope, try_scope};
pub use joins::{join, join_all, join_all_settled};
pub use maps::{for_each_concurrent, map_concurrent, try_map_concurrent};
pub use plain::{Scope, scope};
pub use races::{Race, race, race_all, race_ok};
pub use set::JoinSet;
