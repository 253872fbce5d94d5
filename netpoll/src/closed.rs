//! The error of operations on a closed socket.

use std::error::Error;
use std::fmt;
use std::io;

/// What an [`io::Error`] of a closed socket holds.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("socket was closed by this program")
    }
}

impl Error for Closed {}

/// The error of an operation on a closed socket.
///
/// Its kind is `NotConnected`, as of an operation on a socket that has no peer: code that knows
/// nothing of [`is_closed`] gives up on it, and none retries it.
#[cold]
pub(crate) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, Closed)
}

/// Tells whether an operation failed because the socket was closed on this side, by its `close`.
///
/// Such errors have the kind [`NotConnected`](io::ErrorKind::NotConnected). A connection that the
/// peer has ended is no such error: reading gives `Ok(0)` then, and writing fails with
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe) or
/// [`ConnectionReset`](io::ErrorKind::ConnectionReset).
///
/// Does not block.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::net::{self, TcpListener};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// listener.close();
/// let error = listener.accept().unwrap_err();
/// assert!(net::is_closed(&error));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn is_closed(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Closed>())
}
