//! System calls of aarch64.
//!
//! | | number | arguments |
//! | --- | --- | --- |
//! | C | x0 | x1 to x6 |
//! | kernel | x8 | x0 to x5 |
//!
//! The kernel answers in x0 and keeps all others.

use std::arch::{asm, naked_asm};
use std::ffi::c_long;

use crate::futex::futex;
use crate::sys::fail;

/// Makes a system call.
///
/// # Safety
/// As for that one.
pub(crate) unsafe fn kernel(number: c_long, arguments: [usize; 6]) -> isize {
    let result;
    // SAFETY: by this contract; the kernel uses neither stack nor other registers.
    unsafe {
        asm!(
            "svc #0",
            in("x8") number,
            inlateout("x0") arguments[0] => result,
            in("x1") arguments[1],
            in("x2") arguments[2],
            in("x3") arguments[3],
            in("x4") arguments[4],
            in("x5") arguments[5],
            options(nostack),
        );
    }
    result
}

/// libc's.
///
/// # Safety
/// As for the system call with this number.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(number: c_long) -> c_long {
    naked_asm!(
        // For debuggers and profilers: the frame is as the call has left it, all the time.
        ".cfi_startproc",
        "cmp x0, {number}",
        "b.eq 2f",
        // Each argument to where the kernel expects it, and back to the caller from there.
        "mov x8, x0",
        "mov x0, x1",
        "mov x1, x2",
        "mov x2, x3",
        "mov x3, x4",
        "mov x4, x5",
        "mov x5, x6",
        "svc #0",
        "cmn x0, #4095",
        "b.hs 3f",
        "ret",
        // The caller's call goes on there, with its arguments but the number.
        "2:",
        "mov x0, x1",
        "mov x1, x2",
        "mov x2, x3",
        "mov x3, x4",
        "mov x4, x5",
        "mov x5, x6",
        "b {futex}",
        "3:",
        "b {fail}",
        ".cfi_endproc",
        number = const libc::SYS_futex,
        futex = sym futex,
        fail = sym fail,
    )
}
