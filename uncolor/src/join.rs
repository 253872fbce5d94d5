//! Waiting for the end of a thread: `pthread_join`, by which `std::thread::JoinHandle` does.
//!
//! The kernel wakes who joins, so there is no wake to be seen here: in a task a thread of the blocking pool waits.
//! libc has the same under another name, with a time-out, and that one is not defined here.

use std::ffi::{c_int, c_void};

use libc::{pthread_t, timespec};

use crate::pool;

/// In seconds; no program runs for so long.
const NEVER: timespec = timespec {
    tv_sec: 1 << 40,
    tv_nsec: 0,
};

/// What a join is given, for another thread.
#[derive(Clone, Copy)]
struct Join {
    thread: pthread_t,
    value: *mut *mut c_void,
}

// SAFETY: who joins waits for the answer, and it is none that could join itself: workers are
// detached.
unsafe impl Send for Join {}

impl Join {
    /// # Safety
    /// As for libc's.
    unsafe fn wait(self) -> c_int {
        loop {
            // SAFETY: by this contract.
            let error = unsafe { libc::pthread_timedjoin_np(self.thread, self.value, &NEVER) };
            if error != libc::ETIMEDOUT {
                return error;
            }
        }
    }
}

/// libc's; see the module.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_join(thread: pthread_t, value: *mut *mut c_void) -> c_int {
    // SAFETY: by this contract: it has not been joined yet.
    let error = unsafe { libc::pthread_tryjoin_np(thread, value) };
    if error != libc::EBUSY {
        return error;
    }
    let join = Join { thread, value };
    // SAFETY: by this contract.
    pool::run(move || unsafe { join.wait() })
}
