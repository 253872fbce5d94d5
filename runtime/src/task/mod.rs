//! Tasks: what they are made of, how they end, and the handles on them.

#[cfg(not(loom))]
mod block;
#[cfg(not(loom))]
mod builder;
#[cfg(not(loom))]
mod cell;
#[cfg(not(loom))]
mod fiber;
#[cfg(not(loom))]
mod handle;
#[cfg(not(loom))]
mod header;
#[cfg(not(loom))]
mod id;
#[cfg(not(loom))]
mod join;
#[cfg(not(loom))]
mod join_future;
#[cfg(not(loom))]
mod list;
#[cfg(not(loom))]
mod local;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(not(loom))]
mod names;
#[cfg(not(loom))]
mod no_park;
#[cfg(not(loom))]
mod parking;
#[cfg(not(loom))]
mod ptr;
mod state;

#[cfg(not(loom))]
mod exports {
    pub use super::builder::{Builder, spawn};
    pub use super::handle::{Task, current};
    pub use super::id::TaskId;
    pub use super::join::{JoinError, JoinHandle};
    pub use super::join_future::JoinFuture;
    pub use super::local::{AccessError, LocalKey, ScopedKey};
    pub use super::no_park::no_park;
    pub use super::parking::{park, park_timeout};
    pub use crate::scope::{JoinSet, ScopedJoinHandle};
    pub use crate::{scoped_local, task_local};

    pub(crate) use super::block::{Cache as BlockCache, trim as trim_blocks};
    pub(crate) use super::builder::{Spec, allocate};
    pub(crate) use super::cell::{Described, Failure, drop_quietly};
    #[cfg(hueless_tsan)]
    pub(crate) use super::fiber::tsan::TsanFiber;
    pub(crate) use super::fiber::{Step, suspend};
    pub(crate) use super::header::{Parked, TaskHeader};
    pub(crate) use super::id::IdBlock;
    pub(crate) use super::join::panic_text;
    pub(crate) use super::list::{OwnedList, TaskQueue};
    #[allow(unused_imports, reason = "for the children of scopes")]
    pub(crate) use super::local::Inherited;
    #[cfg(feature = "tracing")]
    pub(crate) use super::local::spans;
    pub(crate) use super::local::{Coroutine, Entered, Home};
    pub(crate) use super::names::of as task_name;
    pub(crate) use super::no_park::{
        deliver_cancellation, hidden_is_cancelled, hidden_task, running_task,
    };
    pub(crate) use super::ptr::TaskPtr;
}

#[cfg(not(loom))]
pub use exports::*;
