//! System calls that neither std nor mio offers.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Ends both directions of a socket, for all descriptors of it and everyone who waits in one.
///
/// On Linux a listener stops listening; elsewhere the call may fail for a listener.
pub(crate) fn shutdown(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open, since it is borrowed; the call touches no memory of ours.
    check(unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RDWR) })
}

/// Sets how many connections may wait to be accepted, for a socket that listens or is to listen.
/// The system lowers it to its own limit.
pub(crate) fn listen(socket: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    // SAFETY: the descriptor is open, since it is borrowed; the call touches no memory of ours.
    check(unsafe { libc::listen(socket.as_raw_fd(), backlog) })
}

fn check(answer: libc::c_int) -> io::Result<()> {
    match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
