//! Tasks: what they are made of, how they end, and the handles on them.

mod block;
mod builder;
mod cell;
mod fiber;
mod handle;
mod header;
mod id;
mod join;
mod list;
mod names;
mod no_park;
mod parking;
mod state;

pub use builder::{Builder, spawn};
pub use handle::{Task, current};
pub use id::TaskId;
pub use join::{JoinError, JoinHandle};
pub use no_park::no_park;
pub use parking::{park, park_timeout};

pub(crate) use block::{Cache as BlockCache, trim as trim_blocks};
pub(crate) use builder::{Spec, allocate};
pub(crate) use cell::{Described, Failure};
pub(crate) use fiber::{Step, suspend};
pub(crate) use header::{Parked, TaskHeader, TaskPtr};
pub(crate) use id::IdBlock;
pub(crate) use join::panic_text;
pub(crate) use list::{OwnedList, TaskQueue};
pub(crate) use names::of as task_name;
pub(crate) use no_park::deliver_cancellation;
