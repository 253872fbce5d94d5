//! What cannot be waited for otherwise is waited for by a thread of the blocking pool.

use std::ffi::c_long;

use hueless_runtime::{blocking_at_once_for_std, blocking_for_std};

use crate::caller;
use crate::sys::{self, Errno};

/// Runs `f` on a thread of the pool while the task is parked; in place if there is none to be had, or nobody to be
/// parked.
pub(crate) fn run<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    run_by(f, blocking_for_std)
}

fn run_by<F, T>(f: F, by: impl FnOnce(F) -> Result<T, F>) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    if !caller::is_served() {
        return f();
    }
    let errno = Errno::keep();
    let answer = by(f);
    drop(errno);
    answer.unwrap_or_else(|f| f())
}

/// Makes a system call so, and says what the kernel says.
///
/// # Safety
/// As for the system call, which does not mean the thread that makes it.
pub(crate) unsafe fn kernel(number: c_long, arguments: [usize; 6]) -> isize {
    // SAFETY: by this contract.
    run(move || unsafe { sys::kernel(number, arguments) })
}

/// [`kernel`], in place also if all threads of the pool are busy: for a call that may be what they wait for, and that
/// hardly ever waits itself.
///
/// # Safety
/// As for that.
pub(crate) unsafe fn kernel_at_once(number: c_long, arguments: [usize; 6]) -> isize {
    // SAFETY: by this contract.
    let call = move || unsafe { sys::kernel(number, arguments) };
    run_by(call, blocking_at_once_for_std)
}
