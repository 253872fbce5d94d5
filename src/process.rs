//! Child processes, with [`std::process`]'s names: waiting for one, and its pipes, park the task.
//!
//! ```
//! use hueless::{go, process::Command};
//!
//! let date = go!(|| Command::new("date").output());
//! let status = Command::new("sh").args(["-c", "exit 3"]).status()?;
//! assert_eq!(status.code(), Some(3));
//! assert!(!date.join().unwrap()?.stdout.is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

#[doc(inline)]
pub use hueless_netpoll::process::*;
