//! What a descriptor's calls would do now, and whether they may block their thread.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::readiness::Direction;

/// Whether a call of this direction would go through now, if only to fail.
///
/// # Errors
/// `Interrupted`, or when the system has no memory for the question.
pub(crate) fn is_ready(descriptor: BorrowedFd<'_>, direction: Direction) -> io::Result<bool> {
    let mut asked = libc::pollfd {
        fd: descriptor.as_raw_fd(),
        events: match direction {
            Direction::Read => libc::POLLIN,
            Direction::Write => libc::POLLOUT,
        },
        revents: 0,
    };
    // SAFETY: one valid structure, and no waiting.
    match unsafe { libc::poll(&raw mut asked, 1, 0) } {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Puts the descriptor in non-blocking mode and answers whether it was in blocking mode.
pub(crate) fn set_nonblocking(descriptor: BorrowedFd<'_>) -> io::Result<bool> {
    let flags = flags(descriptor)?;
    let blocks = flags & libc::O_NONBLOCK == 0;
    if blocks {
        set_flags(descriptor, flags | libc::O_NONBLOCK)?;
    }
    Ok(blocks)
}

/// Puts the descriptor in blocking mode.
pub(crate) fn set_blocking(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    set_flags(descriptor, flags(descriptor)? & !libc::O_NONBLOCK)
}

fn flags(descriptor: BorrowedFd<'_>) -> io::Result<libc::c_int> {
    // SAFETY: the descriptor is open, since it is borrowed; the call touches no memory of ours.
    match unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFL) } {
        -1 => Err(io::Error::last_os_error()),
        flags => Ok(flags),
    }
}

fn set_flags(descriptor: BorrowedFd<'_>, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: as in `flags`.
    super::check(unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFL, flags) })
}
