//! Moving bytes between streams, and a pipe in memory.
//!
//! - [`copy`]: from a reader to a writer, as [`std::io::copy`].
//! - [`copy_bidirectional`]: both ways between two streams, as a relay does.
//! - [`duplex`]: a pipe in memory with two ends, each of which reads and writes.

mod bidirectional;
mod copy;
mod duplex;
mod ends;
mod flow;
mod known;

pub use bidirectional::{Stream, copy_bidirectional};
pub use copy::copy;
pub use duplex::{DuplexStream, duplex};
