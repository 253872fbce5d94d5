//! Runtimes: built, used, shut down; and the global one.

mod builder;
mod config;
pub(crate) mod global;
mod handle;
mod metrics;
mod stacks;

pub use crate::scheduler::Stall;
pub use builder::Builder;
pub use handle::Runtime;
pub use metrics::{Metrics, WorkerMetrics, metrics};
pub use stacks::{GuardKind, StackMark, Stacks, stack_marks, stacks};

pub(crate) use global::{global, try_global};
