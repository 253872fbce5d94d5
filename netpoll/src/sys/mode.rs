//! Whether a descriptor's calls may block their thread.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

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
