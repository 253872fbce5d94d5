//! Workers: who runs which task when, and what a worker does when it has none.

#[cfg(not(loom))]
mod context;
mod idle;
mod inbox;
#[cfg(not(loom))]
mod launch;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(not(loom))]
mod monitor;
#[cfg(not(loom))]
mod search;
#[cfg(not(loom))]
mod shared;
#[cfg(not(loom))]
mod task_wait;
#[cfg(not(loom))]
mod timer;
#[cfg(not(loom))]
mod worker;

#[cfg(not(loom))]
mod exports {
    pub use super::context::{checkpoint, yield_now};

    pub(crate) use super::context::{
        current_poller, current_pool, current_task, current_worker, ensure_started, next_id, ready,
        run_here, run_on, spawn,
    };
    pub(crate) use super::inbox::Linked;
    pub(crate) use super::launch::start;
    pub(crate) use super::shared::{Remote, Settings, Shared};
    pub(crate) use super::task_wait::TaskWait;
    pub(crate) use super::timer::Timer;
}

#[cfg(not(loom))]
pub use exports::*;
