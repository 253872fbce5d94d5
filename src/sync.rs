//! Locks and other means of waiting for one another, which park the task and not its worker.
//!
//! `use hueless::sync` instead of [`std::sync`] is most of the port: the names are std's, nothing is
//! poisoned, so `lock()` gives the guard itself. What Go and tokio have beside these is here too.
//!
//! ```
//! use hueless::{go, sync::{Mutex, WaitGroup}};
//! use std::sync::Arc;
//!
//! let (sum, group) = (Arc::new(Mutex::new(0)), WaitGroup::new());
//! for n in 1..=10 {
//!     let sum = sum.clone();
//!     group.go(move || *sum.lock() += n);
//! }
//! group.wait();
//! assert_eq!(*sum.lock(), 55);
//! ```

#[doc(inline)]
pub use hueless_runtime::sync::*;
