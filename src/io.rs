//! A pipe in memory, for tasks.

#[doc(inline)]
pub use hueless_netpoll::io::*;
