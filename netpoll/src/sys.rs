//! System calls that neither std nor mio offers.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use crate::readiness::Direction;

pub(crate) mod mode;
pub(crate) mod splice;

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

/// Whether a call of this direction on the descriptor, which is open, would go through now, if only
/// to fail.
///
/// # Errors
/// `Interrupted`, or when the system has no memory for the question.
pub(crate) fn is_ready(descriptor: RawFd, direction: Direction) -> io::Result<bool> {
    let asked = match direction {
        Direction::Read => libc::POLLIN,
        Direction::Write => libc::POLLOUT,
    };
    events(descriptor, asked).map(|events| events != 0)
}

/// Whether the socket's receiving side has been shut down, where a receive in non-blocking mode does
/// not say so itself.
pub(crate) fn is_receiving_shut_down(socket: BorrowedFd<'_>) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        events(socket.as_raw_fd(), libc::POLLRDHUP)
            .is_ok_and(|events| events & libc::POLLRDHUP != 0)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = socket;
        false
    }
}

/// Which of the events `asked` for, or errors, the descriptor has now. It is open.
fn events(descriptor: RawFd, asked: libc::c_short) -> io::Result<libc::c_short> {
    let mut asked = libc::pollfd {
        fd: descriptor,
        events: asked,
        revents: 0,
    };
    // SAFETY: one valid structure, and no waiting.
    match unsafe { libc::poll(&raw mut asked, 1, 0) } {
        0 => Ok(0),
        1 => Ok(asked.revents),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Waits until a read of the descriptor, which is open, would find something, for `timeout` at most,
/// to the system's own precision. False where that cannot be done.
pub(crate) fn await_readable(descriptor: RawFd, timeout: Duration) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let mut asked = libc::pollfd {
            fd: descriptor,
            events: libc::POLLIN,
            revents: 0,
        };
        let limit = libc::timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        // SAFETY: valid structures, and no change of the signal mask.
        unsafe { libc::ppoll(&raw mut asked, 1, &raw const limit, std::ptr::null()) };
        // An error, a signal for example, is as good as an early return.
        true
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (descriptor, timeout);
        false
    }
}

fn check(answer: libc::c_int) -> io::Result<()> {
    match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
