//! `close`.
//!
//! Who waits for the descriptor in a task is woken, and fails as on one that is not open (`EBADF`). A thread in the
//! kernel would go on waiting, for what the number means no longer; but the kernel keeps the file for it
//! meanwhile, and for a parked task it does not.

use std::ffi::c_int;

use hueless_netpoll::foreign;

use crate::fork;
use crate::sys::Errno;
#[cfg(not(hueless_tsan))]
use crate::sys::{self, kernel};

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn close(fd: c_int) -> c_int {
    if foreign::is_known(fd) && fork::is_here() {
        let _errno = Errno::keep();
        foreign::closing(fd);
    }
    // SAFETY: by this contract.
    unsafe { next(fd) }
}

/// # Safety
/// As libc's `close`.
#[cfg(not(hueless_tsan))]
unsafe fn next(fd: c_int) -> c_int {
    // SAFETY: by this contract.
    let answer = unsafe { kernel(libc::SYS_close, [fd as usize, 0, 0, 0, 0, 0]) };
    sys::answer(answer) as c_int
}

/// ThreadSanitizer's: it keeps a record of who has used a descriptor, and takes the next one of the same number
/// for a race if it is not told of the end.
///
/// # Safety
/// As libc's `close`.
#[cfg(hueless_tsan)]
unsafe fn next(fd: c_int) -> c_int {
    unsafe extern "C" {
        fn __interceptor_close(fd: c_int) -> c_int;
    }
    // SAFETY: by this contract.
    unsafe { __interceptor_close(fd) }
}
