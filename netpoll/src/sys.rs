//! System calls that neither std nor mio offers.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

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

/// Whether a read of the descriptor, which is open, would find something now.
pub(crate) fn is_readable(descriptor: RawFd) -> bool {
    let mut asked = libc::pollfd {
        fd: descriptor,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one valid structure, and no waiting.
    unsafe { libc::poll(&raw mut asked, 1, 0) == 1 }
}

fn check(answer: libc::c_int) -> io::Result<()> {
    match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
