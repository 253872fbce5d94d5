//! What the kernel knows of a descriptor.

use std::ffi::c_int;
use std::os::fd::RawFd;
use std::ptr;
use std::time::{Duration, Instant};

use hueless_netpoll::foreign::Direction;
use libc::{pollfd, timespec, timeval};

use crate::clock;
use crate::sys::kernel;

/// The flags of the open file; `None` if there is none.
pub(super) fn flags(fd: RawFd) -> Option<c_int> {
    let arguments = [fd as usize, libc::F_GETFL as usize, 0, 0, 0, 0];
    // SAFETY: a question that touches no memory.
    let flags = unsafe { kernel(libc::SYS_fcntl, arguments) };
    (flags >= 0).then_some(flags as c_int)
}

pub(super) fn set_flags(fd: RawFd, flags: c_int) {
    let arguments = [fd as usize, libc::F_SETFL as usize, flags as usize, 0, 0, 0];
    // SAFETY: touches no memory. An error leaves nothing to do: the descriptor has been closed meanwhile.
    unsafe { kernel(libc::SYS_fcntl, arguments) };
}

/// Whether calls on the descriptor wait, which is open.
pub(super) fn blocks(fd: RawFd) -> bool {
    flags(fd).is_some_and(|flags| flags & libc::O_NONBLOCK == 0)
}

/// Until when a call that begins to wait now is to do so.
pub(super) fn deadline(fd: RawFd, direction: Direction) -> Option<Instant> {
    let option = match direction {
        Direction::Read => libc::SO_RCVTIMEO,
        Direction::Write => libc::SO_SNDTIMEO,
    };
    let time: timeval = option_of(fd, option)?;
    let time = Duration::new(
        time.tv_sec.try_into().ok()?,
        u32::try_from(time.tv_usec).ok()? * 1000,
    );
    // Zero stands for none.
    clock::after(time).filter(|_| !time.is_zero())
}

/// The socket's type, `SOCK_STREAM` for example; `None` if it is no socket.
pub(super) fn kind(fd: RawFd) -> Option<c_int> {
    option_of(fd, libc::SO_TYPE)
}

/// Whether the socket takes connections.
pub(super) fn listens(fd: RawFd) -> bool {
    option_of::<c_int>(fd, libc::SO_ACCEPTCONN).is_some_and(|listens| listens != 0)
}

/// The socket's family, `AF_UNIX` for example.
pub(super) fn family(fd: RawFd) -> Option<c_int> {
    option_of(fd, libc::SO_DOMAIN)
}

/// An option of a socket's, which is a `T` by the kernel's documentation.
fn option_of<T: Plain>(fd: RawFd, name: c_int) -> Option<T> {
    let mut value = T::ZERO;
    let mut len = size_of::<T>() as libc::socklen_t;
    let arguments = [
        fd as usize,
        libc::SOL_SOCKET as usize,
        name as usize,
        (&raw mut value) as usize,
        (&raw mut len) as usize,
        0,
    ];
    // SAFETY: value and length are there to be written, the value is as long as said, and any bytes are one.
    let answer = unsafe { kernel(libc::SYS_getsockopt, arguments) };
    (answer == 0).then_some(value)
}

/// What any bytes are one of.
trait Plain: Copy {
    const ZERO: Self;
}

impl Plain for c_int {
    const ZERO: Self = 0;
}

impl Plain for timeval {
    const ZERO: Self = Self {
        tv_sec: 0,
        tv_usec: 0,
    };
}

/// Whether a call of this direction would not wait, if only to fail.
pub(super) fn is_ready(fd: RawFd, direction: Direction) -> bool {
    let events = match direction {
        Direction::Read => libc::POLLIN,
        Direction::Write => libc::POLLOUT,
    };
    let mut asked = pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one valid structure.
    unsafe { poll_now(&raw mut asked, 1) != 0 }
}

/// Asks the kernel what is ready of these, as `poll` does, and does not wait.
///
/// # Safety
/// `asked` points to so many, or is what the program has handed to its `poll`.
pub(super) unsafe fn poll_now(asked: *mut pollfd, count: usize) -> isize {
    let zero = timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let arguments = [
        asked as usize,
        count,
        ptr::from_ref(&zero) as usize,
        0,
        0,
        0,
    ];
    // SAFETY: by this contract; the time is one, and there is no mask.
    unsafe { kernel(libc::SYS_ppoll, arguments) }
}
