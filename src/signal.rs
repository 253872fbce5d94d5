//! Ctrl-C and other signals, as messages of a channel. A second Ctrl-C that nobody receives kills.
//!
//! ```
//! use hueless::{channel, go, select, signal};
//!
//! let ctrl_c = signal::ctrl_c()?;
//! let (done, work) = channel::bounded(0);
//! go!(move || done.send("all done"));
//! select! {
//!     recv(ctrl_c) -> _ => println!("interrupted"),
//!     recv(work) -> result => assert_eq!(result, Ok("all done")),
//! }
//! # Ok::<(), std::io::Error>(())
//! ```

#[doc(inline)]
pub use hueless_netpoll::signal::*;
