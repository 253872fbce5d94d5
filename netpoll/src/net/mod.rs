//! Network types with the names and methods of [`std::net`].
//!
//! Replacing `use std::net` by `use hueless::net` ports a program: where std's types block the OS
//! thread, these block the task and leave the worker to other tasks. Outside a task they block the
//! thread, as std's do.
//!
//! What differs from std:
//!
//! - `close`, as [`TcpListener::close`] and [`TcpStream::close`], ends a socket of any type while
//!   other tasks use it; these get an error that [`is_closed`] recognises.
//! - Sockets are in the system's non-blocking mode. Conversions from and to std's types switch it.
//! - Calls that a signal interrupts are made again, so no operation answers
//!   [`Interrupted`](std::io::ErrorKind::Interrupted).
//! - [`TcpStream::connect`] tries several addresses beside each other when the first does not answer
//!   soon, and families in turns.
//! - [`TcpListener::incoming`] goes on when there is no descriptor left, and
//!   [`TcpListener::accept`] for a second; both pause meanwhile.
//! - [`ToSocketAddrs`] is a trait of this crate, so that looking up a host name does not block the
//!   worker. It is implemented for the types that std implements its own for.
//!
//! Unix sockets, for which std has [`std::os::unix::net`], are here too; [`unix`] has them by
//! themselves, so that `use hueless::net::unix` ports such a program.

mod addr;
mod connect;
mod convert;
mod lookup;
mod methods;
mod shortage;
mod tcp_builder;
mod tcp_listener;
mod tcp_options;
mod tcp_stream;
mod udp_options;
mod udp_socket;
pub mod unix;

pub use std::net::{
    AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
};

pub use crate::closed::is_closed;
pub use crate::pollable::{Interest, Pollable};
pub use addr::ToSocketAddrs;
pub use lookup::lookup_host;
pub use tcp_builder::TcpListenerBuilder;
pub use tcp_listener::{Incoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;
pub use unix::{UnixDatagram, UnixListener, UnixStream};
