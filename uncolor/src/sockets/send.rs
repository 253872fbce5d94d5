//! `send`, `sendto`, `write`, and of several buffers `sendmsg`, `writev`.
//!
//! A call that waits sends everything before it comes back, unless its time is up or something fails; then it says
//! how much it has sent, if any. One that does not wait sends what there is room for, so it is made again for the
//! rest. If the rest fails there is no signal for it (`MSG_NOSIGNAL`): the next call gets it.
//!
//! On a socket writing is sending without flags, so it is tried as that: anything that is no socket says so, and is
//! written to.
//!
//! A datagram to a Unix socket that is named waits for room in that one's queue, which no poller tells of. So it
//! waits on a thread of the blocking pool.

use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
use std::ptr;

use hueless_netpoll::foreign::Direction;
use libc::{iovec, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use crate::pool;
use crate::sockets::message::Parts;
use crate::sockets::options;
use crate::sockets::waiting::{NO_SOCKET, WOULD_BLOCK, Waiting, parks};
use crate::sys::{self, kernel};

/// Flags of calls that do not wait anyway, or that connect.
const KERNELS: c_int = libc::MSG_DONTWAIT | libc::MSG_FASTOPEN;

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn send(fd: c_int, buf: *const c_void, len: size_t, flags: c_int) -> ssize_t {
    // SAFETY: by this contract.
    unsafe { sendto(fd, buf, len, flags, ptr::null(), 0) }
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn sendto(
    fd: c_int,
    buf: *const c_void,
    len: size_t,
    flags: c_int,
    address: *const sockaddr,
    address_len: socklen_t,
) -> ssize_t {
    let arguments = |from: usize, flags: c_int| {
        [
            fd as usize,
            buf as usize + from,
            len - from,
            flags as usize,
            address as usize,
            address_len as usize,
        ]
    };
    // SAFETY: by this contract.
    let call = |from, flags| unsafe { kernel(libc::SYS_sendto, arguments(from, flags)) };
    let answer = if flags & KERNELS != 0 || !parks(fd) {
        call(0, flags)
    } else if !address.is_null() && is_unix_datagram(fd) {
        let attempt = call(0, flags | libc::MSG_DONTWAIT);
        // SAFETY: by this contract.
        unsafe { or_on_pool(attempt, fd, libc::SYS_sendto, arguments(0, flags)) }
    } else {
        all(fd, len, flags, call)
    };
    sys::answer(answer) as ssize_t
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
    let arguments = |flags: c_int| [fd as usize, message as usize, flags as usize, 0, 0, 0];
    // SAFETY: by this contract.
    let call = |flags| unsafe { kernel(libc::SYS_sendmsg, arguments(flags)) };
    // SAFETY: by this contract.
    let answer = match unsafe { message.as_ref() } {
        Some(message) if flags & KERNELS == 0 && parks(fd) => {
            if !message.msg_name.is_null() && is_unix_datagram(fd) {
                let attempt = call(flags | libc::MSG_DONTWAIT);
                // SAFETY: by this contract.
                unsafe { or_on_pool(attempt, fd, libc::SYS_sendmsg, arguments(flags)) }
            } else {
                // SAFETY: by this contract.
                let parts = unsafe { Parts::new(message.msg_iov, message.msg_iovlen as _) };
                // What goes with the bytes (descriptors, for example) goes with the first of them.
                all(
                    fd,
                    parts.map_or(0, |parts| parts.len()),
                    flags,
                    |from, flags| match parts {
                        // SAFETY: by this contract; `all` asks for what is left.
                        Some(parts) if from > 0 => unsafe { parts.send(fd, from, flags) },
                        _ => call(flags),
                    },
                )
            }
        }
        _ => call(flags),
    };
    sys::answer(answer) as ssize_t
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, buf: *const c_void, len: size_t) -> ssize_t {
    let sent = |from: usize, flags: c_int| {
        let arguments = [
            fd as usize,
            buf as usize + from,
            len - from,
            flags as usize,
            0,
            0,
        ];
        // SAFETY: by this contract.
        unsafe { kernel(libc::SYS_sendto, arguments) }
    };
    let answer = match parks(fd) {
        true => all(fd, len, 0, sent),
        false => NO_SOCKET,
    };
    let answer = match answer {
        // SAFETY: by this contract.
        NO_SOCKET => unsafe { kernel(libc::SYS_write, [fd as usize, buf as usize, len, 0, 0, 0]) },
        answer => answer,
    };
    sys::answer(answer) as ssize_t
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    let as_socket = || {
        // SAFETY: by this contract.
        let parts = unsafe { Parts::new(parts, count.try_into().ok()?) }?;
        // SAFETY: by this contract; `all` asks for what is left.
        let sent = |from, flags| unsafe { parts.send(fd, from, flags) };
        Some(all(fd, parts.len(), 0, sent))
    };
    let answer = match parks(fd) {
        true => as_socket().unwrap_or(NO_SOCKET),
        false => NO_SOCKET,
    };
    let answer = match answer {
        // SAFETY: by this contract.
        NO_SOCKET => unsafe {
            let arguments = [fd as usize, parts as usize, count as usize, 0, 0, 0];
            kernel(libc::SYS_writev, arguments)
        },
        answer => answer,
    };
    sys::answer(answer) as ssize_t
}

/// Sends `len` bytes by `send`, which is told how many have been sent and by which flags to send the rest.
fn all(fd: RawFd, len: usize, flags: c_int, send: impl Fn(usize, c_int) -> isize) -> isize {
    let mut waiting = Waiting::new(fd, Direction::Write);
    let mut done = 0;
    loop {
        let flags = match done {
            0 => flags,
            _ => flags | libc::MSG_NOSIGNAL,
        };
        let answer = waiting
            .run(|| send(done, flags | libc::MSG_DONTWAIT))
            .unwrap_or_else(|| send(done, flags));
        match answer {
            error if error < 0 && done == 0 => return error,
            some if some > 0 => done += some as usize,
            _ => return done as isize,
        }
        // A datagram is sent as a whole.
        if done >= len {
            return done as isize;
        }
    }
}

fn is_unix_datagram(fd: RawFd) -> bool {
    options::family(fd) == Some(libc::AF_UNIX)
}

/// The answer of an attempt; if that would have had to wait, of the call on the blocking pool.
///
/// # Safety
/// As for the system call.
unsafe fn or_on_pool(
    attempt: isize,
    fd: RawFd,
    number: libc::c_long,
    arguments: [usize; 6],
) -> isize {
    match attempt == WOULD_BLOCK && options::blocks(fd) {
        // SAFETY: by this contract.
        true => unsafe { pool::kernel(number, arguments) },
        false => attempt,
    }
}
