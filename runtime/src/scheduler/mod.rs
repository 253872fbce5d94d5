//! Workers: who runs which task when, and what a worker does when it has none.
//!
//! | Module | Concept |
//! | --- | --- |
//! | [`worker`] | a thread that runs tasks |
//! | [`queues`], [`run_next`] | where its tasks wait, and their order |
//! | [`lifecycle`] | how a task begins on a worker and leaves it |
//! | [`search`] | looking round, stealing, sleeping |
//! | [`shutdown`], [`leaving`] | how tasks are cancelled when the runtime ends |
//! | [`calls`], [`left_calls`] | how a worker is told of cancelled tasks |
//! | [`parked`] | memory of tasks that park long |
//! | [`shuffle`] | a seeded order, for tests |
//! | [`remote`] | what others may touch of a worker: |
//! | [`own_deque`] | its deques, into which code of others may come |
//! | [`inbox`], [`timers`], [`owned`], [`counts`] | its wake-ups, timers, started tasks, figures |
//! | [`shared`] | what the workers of a runtime share: |
//! | [`idle`], [`seat`], [`starved`], [`threads`] | sleepers, spares, tasks without a stack, ends |
//! | [`monitor`], [`rest`], [`take_over`], [`stall`] | who watches the workers |
//! | [`launch`] | starting threads |
//! | [`context`] | from any code to its worker and task |
//! | [`task_wait`], [`timer`] | a task's part in a wait, and its entry in the wheel |

#[cfg(not(loom))]
mod calls;
#[cfg(not(loom))]
mod chatter;
#[cfg(not(loom))]
mod context;
#[cfg(not(loom))]
mod counts;
mod idle;
mod inbox;
#[cfg(not(loom))]
mod launch;
mod leaving;
mod left_calls;
#[cfg(not(loom))]
mod lifecycle;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(not(loom))]
mod monitor;
#[cfg(not(loom))]
mod own_deque;
#[cfg(not(loom))]
mod owned;
#[cfg(not(loom))]
mod parked;
#[cfg(not(loom))]
mod queues;
#[cfg(not(loom))]
mod remote;
mod rest;
mod run_next;
#[cfg(not(loom))]
mod search;
#[cfg(not(loom))]
mod seat;
#[cfg(not(loom))]
mod shared;
#[cfg(not(loom))]
mod shuffle;
#[cfg(not(loom))]
mod shutdown;
#[cfg(not(loom))]
mod stall;
#[cfg(not(loom))]
mod starved;
#[cfg(not(loom))]
mod take_over;
#[cfg(not(loom))]
mod task_wait;
#[cfg(not(loom))]
mod threads;
#[cfg(not(loom))]
mod timer;
#[cfg(not(loom))]
mod timers;
#[cfg(not(loom))]
mod worker;

#[cfg(not(loom))]
mod exports {
    pub use super::context::{checkpoint, seeded_number, yield_now};
    pub use super::stall::Stall;

    pub(crate) use super::calls::interrupt;
    pub(crate) use super::context::{
        Moment, arm, current_blocks, current_poller, current_pool, current_task, current_worker,
        deliver_cancellation, disarm, ensure_started, goes_on_here, is_hinted, next_id, ready,
        run_here, run_on, set_current_task, settle_sole, spawn, spawn_lent,
    };
    pub(crate) use super::inbox::Linked;
    pub(crate) use super::launch::start;
    pub(crate) use super::remote::Remote;
    pub(crate) use super::shared::{Settings, Shared};
    pub(crate) use super::stall::Hook;
    pub(crate) use super::task_wait::TaskWait;
    pub(crate) use super::timer::Timer;
}

#[cfg(not(loom))]
pub use exports::*;
