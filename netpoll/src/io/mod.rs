//! A pipe in memory.
//!
//! - [`duplex`]: a pipe in memory with two ends, each of which reads and writes.

mod duplex;

pub use duplex::{DuplexStream, duplex};
