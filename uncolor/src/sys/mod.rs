//! System calls, and libc's function that makes them.
//!
//! What a processor's file provides:
//! - `kernel`: makes a system call and says what the kernel says, errors as negative numbers.
//! - a definition of the symbol `syscall`: as libc's, but for [`futex`](crate::futex::futex), to which it jumps
//!   with all arguments but the number. It is assembly from end to end, so a call that passes through costs what
//!   libc's does, and may be one that returns twice or on another stack.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use std::ffi::c_long;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::kernel;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::kernel;

/// Numbers from here on are errors.
const ERRORS: isize = -4095;

/// What the kernel said, as a function of libc's says it: errors in `errno`.
pub(crate) fn answer(result: isize) -> c_long {
    if !(ERRORS..0).contains(&result) {
        return result as c_long;
    }
    fail(result as c_long)
}

/// An error of the kernel's as libc has it.
#[cold]
extern "C" fn fail(result: c_long) -> c_long {
    // SAFETY: the address of this thread's `errno`.
    unsafe { *libc::__errno_location() = -result as i32 };
    -1
}

/// `errno` as it is now, put back at the end: neighbours that run meanwhile on this thread set it, and code in C
/// counts on calls that succeed to leave it alone (`close(fd); return -1;`). Those who keep it stay on their thread.
pub(crate) struct Errno(i32);

impl Errno {
    // Never inlined, nor its counterpart: a task's next call may be on another thread.
    #[inline(never)]
    pub(crate) fn keep() -> Self {
        // SAFETY: the address of this thread's `errno`.
        Self(unsafe { *libc::__errno_location() })
    }
}

impl Drop for Errno {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = self.0 };
    }
}
