//! `connect`.
//!
//! It cannot be told not to wait, so for the length of one call that does not wait the socket is in non-blocking
//! mode. A socket that is not connected yet is seldom anybody else's; datagram sockets, which may be, do not wait
//! here. How the attempt has ended is asked by the same call, once the poller says that it has.
//!
//! A Unix listener whose queue is full tells nobody when there is room, so a thread of the blocking pool waits.

use std::ffi::c_int;
use std::os::fd::RawFd;

use hueless_netpoll::foreign::Direction;
use libc::{sockaddr, socklen_t};

use crate::caller;
use crate::pool;
use crate::sockets::options;
use crate::sockets::waiting::{WOULD_BLOCK, Waiting, parks};
use crate::sys::{self, kernel};

const IN_PROGRESS: isize = -(libc::EINPROGRESS as isize);
const CONNECTED: isize = -(libc::EISCONN as isize);
const ALREADY: isize = -(libc::EALREADY as isize);

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn connect(fd: c_int, address: *const sockaddr, len: socklen_t) -> c_int {
    let arguments = [fd as usize, address as usize, len as usize, 0, 0, 0];
    // SAFETY: by this contract.
    let call = || unsafe { kernel(libc::SYS_connect, arguments) };
    let answer = match begun(fd, call) {
        Some(begun @ (IN_PROGRESS | ALREADY)) => {
            let mut waiting = Waiting::begun(fd, Direction::Write);
            match waiting.until_ready() {
                // Some protocols say so to whoever asks later, and all to the second one who waits.
                Ok(true) => match call() {
                    CONNECTED => 0,
                    answer => answer,
                },
                Err(None) => call(),
                Ok(false) => begun,
                Err(Some(answer)) => answer,
            }
        }
        // SAFETY: by this contract.
        Some(WOULD_BLOCK) => unsafe { pool::kernel(libc::SYS_connect, arguments) },
        Some(answer) => answer,
        None => call(),
    };
    sys::answer(answer) as c_int
}

/// What the call says where it does not wait; `None` if it is the kernel's as it is.
fn begun(fd: RawFd, call: impl FnOnce() -> isize) -> Option<isize> {
    if !parks(fd) || !caller::parks() {
        return None;
    }
    let flags = options::flags(fd)?;
    let connects = [libc::SOCK_STREAM, libc::SOCK_SEQPACKET].contains(&options::kind(fd)?);
    if flags & libc::O_NONBLOCK != 0 || !connects {
        return None;
    }
    options::set_flags(fd, flags | libc::O_NONBLOCK);
    let answer = call();
    options::set_flags(fd, flags);
    Some(answer)
}
