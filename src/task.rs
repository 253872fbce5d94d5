//! Tasks: handles on them, starting them with a name or a stack of another size, parking them.
//!
//! ```
//! use hueless::task;
//!
//! let handle = task::Builder::new().name("fetch").spawn(|| task::current().id())?;
//! assert_eq!(handle.task().name(), Some("fetch"));
//! assert_eq!(handle.task().id(), handle.join().unwrap());
//! # Ok::<(), std::io::Error>(())
//! ```

#[doc(alias = "goroutine")]
#[doc(inline)]
pub use hueless_runtime::task::Task;
#[doc(inline)]
pub use hueless_runtime::task::{
    Builder, JoinError, JoinHandle, TaskId, current, no_park, park, park_timeout,
};
