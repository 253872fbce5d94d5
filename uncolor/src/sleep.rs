//! Sleeping: `clock_nanosleep`, by which std sleeps, and `nanosleep`.
//!
//! In a task it is a park until then, which nothing interrupts, so what remains (`rem`) is never asked for: std
//! does not expect its sleep to unwind. Elsewhere, and if the time is none, it is the kernel's.

use std::ffi::c_int;
use std::time::Duration;

use hueless_runtime::park::Wait;
use libc::{clockid_t, timespec};

use crate::caller::is_served;
use crate::clock;
use crate::sys::{self, Errno, kernel};

/// libc's; see the module.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn nanosleep(time: *const timespec, rem: *mut timespec) -> c_int {
    // SAFETY: by this contract.
    let error = unsafe { clock_nanosleep(libc::CLOCK_REALTIME, 0, time, rem) };
    // The one fails by `errno`, the other by its answer.
    sys::answer(-(error as isize)) as c_int
}

/// libc's; see the module.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_nanosleep(
    clock: clockid_t,
    flags: c_int,
    time: *const timespec,
    rem: *mut timespec,
) -> c_int {
    // SAFETY: by this contract.
    if unsafe { parked(clock, flags, time) } {
        return 0;
    }
    let arguments = [
        clock as usize,
        flags as usize,
        time as usize,
        rem as usize,
        0,
        0,
    ];
    // SAFETY: by this contract.
    let result = unsafe { kernel(libc::SYS_clock_nanosleep, arguments) };
    -result as c_int
}

/// Sleeps in a task; false if that is the kernel's.
///
/// # Safety
/// The time can be read, or is null.
unsafe fn parked(clock: clockid_t, flags: c_int, time: *const timespec) -> bool {
    // Others measure what a thread or a process has consumed.
    let is_common = matches!(
        clock,
        libc::CLOCK_MONOTONIC | libc::CLOCK_REALTIME | libc::CLOCK_BOOTTIME
    );
    if time.is_null() || !is_common || !is_served() {
        return false;
    }
    // SAFETY: by this contract.
    let time = unsafe { &*time };
    let length = match flags {
        0 => clock::duration(time),
        libc::TIMER_ABSTIME => clock::until(clock, time),
        _ => None,
    };
    let Some(length) = length.filter(|length| *length != Duration::ZERO) else {
        return false;
    };
    let Some(wait) = Wait::begin_for_std() else {
        return false;
    };
    let _errno = Errno::keep();
    // Nobody else has the ticket, so nothing but the deadline ends it.
    let _ = wait.park(clock::after(length), || true);
    true
}
