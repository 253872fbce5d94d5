//! System calls of x86-64.
//!
//! | | number | arguments |
//! | --- | --- | --- |
//! | C | rdi | rsi, rdx, rcx, r8, r9, above the return address |
//! | kernel | rax | rdi, rsi, rdx, r10, r8, r9 |
//!
//! The kernel answers in rax and loses rcx and r11.

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
            "syscall",
            inlateout("rax") number => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
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
        "cmp rdi, {number}",
        "je 2f",
        // Each argument to where the kernel expects it, and back to the caller from there.
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, rcx",
        "mov r10, r8",
        "mov r8, r9",
        "mov r9, [rsp + 8]",
        "syscall",
        "cmp rax, -4095",
        "jae 3f",
        "ret",
        // The caller's call goes on there, with its arguments but the number, all in registers: what lies on the
        // stack may be the caller's frame, if it has passed fewer, and a callee may write to its arguments.
        "2:",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, rcx",
        "mov rcx, r8",
        "mov r8, r9",
        "mov r9, [rsp + 8]",
        "jmp {futex}",
        "3:",
        "mov rdi, rax",
        "jmp {fail}",
        ".cfi_endproc",
        number = const libc::SYS_futex,
        futex = sym futex,
        fail = sym fail,
    )
}
