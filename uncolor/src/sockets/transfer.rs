//! `sendfile` and `splice`.
//!
//! They move as much as they are told to and wait for room in between, and cannot be told not to. So where a
//! task would wait in them for a socket, they say that they cannot do it (`EINVAL`): what the manual tells their
//! callers to be prepared for, by reading and writing instead. `std::io::copy` does so.

use std::ffi::{c_int, c_uint};
use std::os::fd::RawFd;

use libc::{off_t, size_t, ssize_t};

use crate::caller;
use crate::sockets::options;
use crate::sockets::waiting::parks;
use crate::sys::{self, kernel};

const INVALID: isize = -(libc::EINVAL as isize);

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn sendfile(
    out: c_int,
    from: c_int,
    offset: *mut off_t,
    count: size_t,
) -> ssize_t {
    let answer = match is_refused(out) {
        true => INVALID,
        // SAFETY: by this contract.
        false => unsafe {
            let arguments = [out as usize, from as usize, offset as usize, count, 0, 0];
            kernel(libc::SYS_sendfile, arguments)
        },
    };
    sys::answer(answer) as ssize_t
}

/// libc's; offsets have 64 bits on these processors anyway.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn sendfile64(
    out: c_int,
    from: c_int,
    offset: *mut off_t,
    count: size_t,
) -> ssize_t {
    // SAFETY: by this contract.
    unsafe { sendfile(out, from, offset, count) }
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn splice(
    from: c_int,
    from_offset: *mut i64,
    to: c_int,
    to_offset: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    let answer = match is_refused(from) || is_refused(to) {
        true => INVALID,
        // SAFETY: by this contract.
        false => unsafe {
            let arguments = [
                from as usize,
                from_offset as usize,
                to as usize,
                to_offset as usize,
                len,
                flags as usize,
            ];
            kernel(libc::SYS_splice, arguments)
        },
    };
    sys::answer(answer) as ssize_t
}

/// Whether a task would wait for this descriptor, which is a socket.
fn is_refused(fd: RawFd) -> bool {
    parks(fd) && options::blocks(fd) && options::kind(fd).is_some() && caller::parks()
}
