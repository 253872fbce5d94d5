//! Unix sockets with the names and methods of [`std::os::unix::net`].
//!
//! Replacing `use std::os::unix::net` by `use hueless::net::unix` ports a program. What differs from
//! std is what differs [in general](crate::net). Abstract addresses are made as ever, by std's
//! `std::os::linux::net::SocketAddrExt`.
//!
//! | part | what it is |
//! | --- | --- |
//! | `listener` | `UnixListener` and what it accepts |
//! | `stream` | `UnixStream` |
//! | `connect` | how a stream waits for a listener |
//! | `datagram` | `UnixDatagram` |
//! | `receiver` | how a datagram waits for its receiver |

mod connect;
mod datagram;
mod listener;
mod receiver;
mod stream;

pub use std::os::unix::net::SocketAddr;

pub use datagram::UnixDatagram;
pub use listener::{Incoming, UnixListener};
pub use stream::UnixStream;
