//! std's `thread` module on tasks: `use hueless::thread` in place of `use std::thread` makes a
//! program's threads tasks.
//!
//! ```
//! use hueless::thread;
//! use std::time::Duration;
//!
//! let workers: Vec<_> = (0..1000)
//!     .map(|n| {
//!         thread::spawn(move || {
//!             thread::sleep(Duration::from_millis(1));
//!             n
//!         })
//!     })
//!     .collect();
//! let sum: u32 = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
//! assert_eq!(sum, 499_500);
//! ```
//!
//! What a thread of std's waits for has to be waited for by ours as well: with
//! [`net`](crate::net), [`channel`](crate::channel), [`fs`](crate::fs) and [`process`](crate::process) in
//! place of std's. [`std::thread_local!`] and [`panicking`] are the OS thread's, which many tasks share;
//! a task's own variables are [`task_local!`](crate::task::task_local).
//!
//! New programs have more from [`task`](crate::task): handles that can be cancelled, errors that name the
//! task.

#[doc(inline)]
pub use hueless_runtime::thread::{
    AccessError, Builder, JoinHandle, LocalKey, Result, Scope, ScopedJoinHandle, Thread, ThreadId,
    available_parallelism, current, panicking, park, park_timeout, scope, sleep, sleep_until,
    spawn, yield_now,
};
