//! The runtime of hueless: stacks, tasks, scheduler, timers and the blocking pool.
//!
//! Programs use the `hueless` crate, which re-exports what is meant for them.

#![cfg_attr(
    loom,
    allow(
        dead_code,
        unused_imports,
        reason = "the models build the lock-free parts alone"
    )
)]

#[cfg(windows)]
compile_error!("hueless does not support Windows yet: its stacks and poller need Unix");

#[doc(hidden)]
pub mod bare;
#[cfg(not(loom))]
mod block_on;
#[cfg(not(loom))]
mod blocking;
pub mod cancel;
#[doc(hidden)]
#[cfg(not(loom))]
pub mod driver;
#[cfg(not(loom))]
mod generator;
mod loom;
#[doc(hidden)]
pub mod park;
mod report;
#[cfg(not(loom))]
pub mod runtime;
mod scheduler;
#[cfg(not(loom))]
mod scope;
#[cfg(not(loom))]
pub mod stack;
#[cfg(not(loom))]
pub mod supervisor;
pub mod sync;
mod sys;
pub mod task;
#[cfg(not(loom))]
pub mod thread;
#[cfg(not(loom))]
mod time;

#[cfg(not(loom))]
mod api {
    pub use crate::block_on::block_on;
    pub use crate::blocking::blocking;
    pub use crate::cancel::{deadline, timeout};
    pub use crate::generator::{Generator, Yielder, generator};
    pub use crate::runtime::global::run;
    pub use crate::scheduler::{checkpoint, yield_now};
    pub use crate::scope::{
        Race, Scope, TryScope, for_each_concurrent, join, join_all, join_all_settled,
        map_concurrent, race, race_all, race_ok, scope, try_map_concurrent, try_scope,
    };
    pub use crate::task::spawn;
    pub use crate::time::{now, sleep, sleep_until};
}

#[doc(hidden)]
#[cfg(not(loom))]
pub use blocking::{blocking_at_once_for_std, blocking_for_std, blocking_operation};

#[doc(hidden)]
pub use report::report;

#[doc(hidden)]
#[cfg(not(loom))]
pub use sys::signal::with_program_mask;

#[cfg(not(loom))]
pub use api::*;
