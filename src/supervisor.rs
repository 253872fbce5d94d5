//! Tasks that are started again when they fail: what Erlang's OTP calls a supervisor.
//!
//! ```
//! use hueless::supervisor::{GaveUp, Restart, Strategy, Supervisor};
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use std::time::Duration;
//!
//! let attempts = AtomicU32::new(0);
//! let import = || match attempts.fetch_add(1, Ordering::Relaxed) {
//!     0 => panic!("connection lost"),
//!     1 => Err("refused"),
//!     _ => Ok(()),
//! };
//! Supervisor::new(Strategy::OneForOne)
//!     .intensity(3, Duration::from_secs(5)) // more restarts in this time, and it gives up
//!     .child_with(Restart::Transient, "import", import)
//!     .run()?;
//! assert_eq!(attempts.into_inner(), 3);
//! # Ok::<(), GaveUp>(())
//! ```
//!
//! # Coming from OTP
//!
//! | there | here |
//! | --- | --- |
//! | `one_for_one`, `one_for_all`, `rest_for_one` | [`Strategy`] |
//! | `permanent`, `transient`, `temporary` | [`Restart`] |
//! | `intensity`, `period`: 1 in 5 s | [`Supervisor::intensity`], the same |
//! | a process that exits abnormally | a panic, or an `Err` that the child returns ([`Outcome`]) |
//! | exit reason `shutdown` | somebody has cancelled the child's task |
//! | `shutdown => infinity` | always: a child is cancelled, and awaited however long it takes |
//! | `brutal_kill`, a time to end | nothing: tasks cannot be killed |
//! | `start_link` returns when a child is set up | a child is started, and the next one without waiting for it |
//! | `simple_one_for_one`, `start_child` | nothing: children are added before it runs; [`scope`](crate::scope()) is for those that come and go |
//! | `auto_shutdown`, `significant` | nothing |
//! | supervisor reports | [`Supervisor::on_failure`]; on stderr without it |
//! | the supervisor exits with `shutdown` | [`run`](Supervisor::run) returns [`GaveUp`], which makes a supervisor around it restart |
//! | a supervisor of nobody lives on | `run` returns `Ok` when nobody is left who would be restarted |

#[doc(inline)]
pub use hueless_runtime::supervisor::{Failure, GaveUp, Outcome, Restart, Strategy, Supervisor};
