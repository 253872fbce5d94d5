//! `lookup_host`.

use std::io;
use std::net::SocketAddr;

use crate::net::ToSocketAddrs;

/// Looks up the addresses of a host. Blocks the task, not the worker.
///
/// The same as [`to_socket_addrs`](ToSocketAddrs::to_socket_addrs), by the name under which people
/// look for it: [`TcpStream::connect`](crate::net::TcpStream::connect) and
/// [`TcpListener::bind`](crate::net::TcpListener::bind) look names up by themselves.
///
/// The look-up is the C library's, which cannot be interrupted: a task that is cancelled meanwhile
/// ends when the answer has come.
///
/// # Errors
/// When the text is no address and no host with a port, or the name cannot be looked up.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::net::{SocketAddr, lookup_host};
///
/// for addr in lookup_host("localhost:80")? {
///     println!("{addr}");
/// }
/// let mut addrs = lookup_host(("127.0.0.1", 443))?;
/// assert_eq!(addrs.next(), Some(SocketAddr::from(([127, 0, 0, 1], 443))));
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "getaddrinfo")]
#[doc(alias = "resolve")]
#[doc(alias = "dns")]
pub fn lookup_host<A: ToSocketAddrs>(host: A) -> io::Result<impl Iterator<Item = SocketAddr>> {
    host.to_socket_addrs()
}
