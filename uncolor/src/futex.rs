//! The system call `futex`: which of its calls become parks, and which wakes find tasks.
//!
//! What std's locks do (std::sys::pal::unix::futex):
//!
//! | operation | |
//! | --- | --- |
//! | `FUTEX_WAIT_BITSET` private, all bits, a point in time or none | waits while the word is as expected |
//! | `FUTEX_WAKE` private, 1 or `i32::MAX` | wakes |
//!
//! `std::thread::park` waits in the same way; see [`parker`](crate::parker). Plain `FUTEX_WAIT` is
//! what parking_lot and C++ use, for words that belong to a thread as often as not.

use std::ffi::{c_int, c_long};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use hueless_runtime::park::Wait;
use libc::timespec;

use crate::caller::is_served;
use crate::clock;
use crate::own;
use crate::parker;
use crate::sys::{self, Errno, kernel};
use crate::table::{Table, Waited};

static TABLE: Table = Table::new();

const WAIT: c_int = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
const WAIT_REALTIME: c_int = WAIT | libc::FUTEX_CLOCK_REALTIME;
const WAKE: c_int = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
const WAKE_BITSET: c_int = libc::FUTEX_WAKE_BITSET | libc::FUTEX_PRIVATE_FLAG;

/// What std's `Mutex` expects, who waits for it: that it is locked, and somebody waits. Others may expect it, too, so
/// it decides no more than who runs first.
///
/// A mutex whose holder parks is found locked by all who come. Before the first of them waits it spins, for
/// microseconds, and so does every one that finds it taken again before the next one has had it. If each takes it
/// from the one before, it says all the time that somebody waits, and nobody spins.
const LOCKED: u32 = 2;

/// Wakes with whatever bits find who waits with these.
const ALL_BITS: u32 = u32::MAX;

/// `syscall(SYS_futex, …)`.
///
/// # Safety
/// As for the system call. If it is a wait of the kind in question, the word can be read.
pub(crate) unsafe extern "C" fn futex(
    address: usize,
    operation: usize,
    value: usize,
    timeout: *const timespec,
    address2: usize,
    bits: usize,
) -> c_long {
    // The kernel, too, looks at the lower halves of these.
    let (op, count, mask) = (operation as c_int, value as u32, bits as u32);
    let on_to_kernel = |value: usize| {
        // SAFETY: by this contract.
        unsafe {
            kernel(
                libc::SYS_futex,
                [address, operation, value, timeout as usize, address2, bits],
            )
        }
    };
    let result = match op {
        WAIT | WAIT_REALTIME
            if mask == ALL_BITS && !parker::is_meant(address, count) && !own::holds(address) =>
        {
            let clock = match op {
                WAIT => libc::CLOCK_MONOTONIC,
                _ => libc::CLOCK_REALTIME,
            };
            // SAFETY: by this contract.
            match unsafe { wait(address, count, clock, timeout) } {
                Some(Waited::Woken) => 0,
                Some(Waited::Changed) => -(libc::EAGAIN as isize),
                Some(Waited::TimedOut) => -(libc::ETIMEDOUT as isize),
                None => {
                    let _blocks = TABLE.block(address);
                    on_to_kernel(value)
                }
            }
        }
        WAKE | WAKE_BITSET if count as c_int > 0 && is_served() => {
            let wakes = TABLE.wake(address, count, |left| on_to_kernel(left as usize));
            if wakes.lets_run {
                let _errno = Errno::keep();
                Wait::yield_for_std();
            }
            wakes.woken
        }
        _ => on_to_kernel(value),
    };
    sys::answer(result)
}

/// Parks the task that runs here, until woken or until the time `timeout` of `clock`, if the word at `address`
/// is as expected. `None` if that is the kernel's.
///
/// # Safety
/// The word and the time, if they are not null, can be read.
unsafe fn wait(
    address: usize,
    expected: u32,
    clock: libc::clockid_t,
    timeout: *const timespec,
) -> Option<Waited> {
    let word = std::ptr::with_exposed_provenance::<AtomicU32>(address);
    if word.is_null() || !word.is_aligned() || !is_served() {
        return None;
    }
    let deadline: Option<Instant> = match timeout.is_null() {
        true => None,
        // SAFETY: by this contract.
        false => clock::after(clock::until(clock, unsafe { &*timeout })?),
    };
    let wait = Wait::begin_for_std()?;
    let _errno = Errno::keep();
    // SAFETY: by this contract. Relaxed: see the table.
    let is_as_expected = || unsafe { &*word }.load(Ordering::Relaxed) == expected;
    Some(TABLE.wait(wait, address, expected == LOCKED, is_as_expected, deadline))
}
