//! `recv`, `recvfrom`, `read`, and of several buffers `recvmsg`, `readv`.
//!
//! On a socket reading is receiving without flags, so it is tried as that: anything that is no socket says so, and
//! is read. A call for nothing (`read` of 0 bytes, which receives no empty datagram) goes to the kernel as it is.

use std::ffi::{c_int, c_void};
use std::ptr;

use hueless_netpoll::foreign::Direction;
use libc::{iovec, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use crate::sockets::message::Parts;
use crate::sockets::options;
use crate::sockets::waiting::{NO_SOCKET, Waiting, parks};
use crate::sys::{self, kernel};

/// Flags of calls that do not wait anyway, or wait for something that no poller tells.
const KERNELS: c_int = libc::MSG_DONTWAIT | libc::MSG_ERRQUEUE | libc::MSG_OOB;

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn recv(fd: c_int, buf: *mut c_void, len: size_t, flags: c_int) -> ssize_t {
    // SAFETY: by this contract.
    unsafe { recvfrom(fd, buf, len, flags, ptr::null_mut(), ptr::null_mut()) }
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn recvfrom(
    fd: c_int,
    buf: *mut c_void,
    len: size_t,
    flags: c_int,
    address: *mut sockaddr,
    address_len: *mut socklen_t,
) -> ssize_t {
    let received = |from: usize, flags: c_int| {
        let arguments = [
            fd as usize,
            buf as usize + from,
            len - from,
            flags as usize,
            address as usize,
            address_len as usize,
        ];
        // SAFETY: by this contract.
        unsafe { kernel(libc::SYS_recvfrom, arguments) }
    };
    let waits_for_all = flags & libc::MSG_WAITALL != 0;
    // No poller tells when there are so many bytes to look at.
    let is_kernels = flags & KERNELS != 0 || (waits_for_all && flags & libc::MSG_PEEK != 0);
    if is_kernels || !parks(fd) {
        return sys::answer(received(0, flags)) as ssize_t;
    }
    let mut waiting = Waiting::new(fd, Direction::Read);
    let mut done = 0;
    let answer = loop {
        let answer = waiting
            .run(|| received(done, flags | libc::MSG_DONTWAIT))
            .unwrap_or_else(|| received(done, flags));
        match answer {
            // What has been received is not lost for what comes after it.
            error if error < 0 && done > 0 => break done as isize,
            0 => break done as isize,
            error if error < 0 => break error,
            some => done += some as usize,
        }
        let is_all = done == len || !waits_for_all || options::kind(fd) != Some(libc::SOCK_STREAM);
        if is_all {
            break done as isize;
        }
    };
    sys::answer(answer) as ssize_t
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    let received = |flags: c_int| {
        let arguments = [fd as usize, message as usize, flags as usize, 0, 0, 0];
        // SAFETY: by this contract.
        unsafe { kernel(libc::SYS_recvmsg, arguments) }
    };
    if flags & (KERNELS | libc::MSG_WAITALL) != 0 || !parks(fd) {
        return sys::answer(received(flags)) as ssize_t;
    }
    let answer = Waiting::new(fd, Direction::Read).run(|| received(flags | libc::MSG_DONTWAIT));
    sys::answer(answer.unwrap_or_else(|| received(flags))) as ssize_t
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, buf: *mut c_void, len: size_t) -> ssize_t {
    let as_socket = || {
        let arguments = [
            fd as usize,
            buf as usize,
            len,
            libc::MSG_DONTWAIT as usize,
            0,
            0,
        ];
        // SAFETY: by this contract.
        unsafe { kernel(libc::SYS_recvfrom, arguments) }
    };
    let answer = match len > 0 && parks(fd) {
        true => Waiting::new(fd, Direction::Read).run(as_socket),
        false => None,
    };
    let answer = match answer {
        Some(answer) if answer != NO_SOCKET => answer,
        // SAFETY: by this contract.
        _ => unsafe { kernel(libc::SYS_read, [fd as usize, buf as usize, len, 0, 0, 0]) },
    };
    sys::answer(answer) as ssize_t
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn readv(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    let as_socket = || {
        // SAFETY: by this contract.
        let parts = unsafe { Parts::new(parts, count.try_into().ok()?) }?;
        // SAFETY: by this contract.
        let received = || unsafe { parts.receive(fd, libc::MSG_DONTWAIT) };
        Waiting::new(fd, Direction::Read).run(received)
    };
    let answer = match parks(fd) {
        true => as_socket(),
        false => None,
    };
    let answer = match answer {
        Some(answer) if answer != NO_SOCKET => answer,
        // SAFETY: by this contract.
        _ => unsafe {
            kernel(
                libc::SYS_readv,
                [fd as usize, parts as usize, count as usize, 0, 0, 0],
            )
        },
    };
    sys::answer(answer) as ssize_t
}
