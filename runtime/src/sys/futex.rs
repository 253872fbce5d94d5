//! A word that threads wait at until it changes.
//!
//! On Linux the system call of that name; elsewhere, and in models, a lock and a condition.

use std::time::Duration;

use crate::loom::AtomicU32;

/// See the module.
pub(crate) struct Futex {
    word: AtomicU32,
    #[cfg(any(loom, not(target_os = "linux")))]
    waiting: imp::Waiting,
}

impl Futex {
    pub(crate) fn new(value: u32) -> Self {
        Self {
            word: AtomicU32::new(value),
            #[cfg(any(loom, not(target_os = "linux")))]
            waiting: imp::Waiting::default(),
        }
    }

    /// The word.
    #[inline]
    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.word
    }
}

#[cfg(all(not(loom), target_os = "linux"))]
impl Futex {
    /// Blocks the thread while the word is `value`: until it is woken, the time is up, or for no
    /// reason.
    pub(crate) fn wait(&self, value: u32, timeout: Option<Duration>) {
        // What is beyond the system's range is as good as never.
        let timeout = timeout.and_then(|timeout| {
            Some(libc::timespec {
                tv_sec: timeout.as_secs().try_into().ok()?,
                tv_nsec: timeout.subsec_nanos().into(),
            })
        });
        let timeout = timeout
            .as_ref()
            .map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: the word is alive as long as the reference, and the time a valid one or none. Any
        // error is a reason to look at the word again.
        unsafe {
            let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
            libc::syscall(
                libc::SYS_futex,
                self.word.as_ptr(),
                operation,
                value,
                timeout,
            );
        }
    }

    /// Wakes one thread that waits, if there is one.
    pub(crate) fn wake_one(&self) {
        // SAFETY: the call uses the address alone.
        unsafe {
            let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
            libc::syscall(libc::SYS_futex, self.word.as_ptr(), operation, 1);
        }
    }
}

#[cfg(any(loom, not(target_os = "linux")))]
mod imp {
    use super::*;
    use crate::loom::{Condvar, Mutex, Ordering};

    #[derive(Default)]
    pub(super) struct Waiting {
        /// How often somebody has been woken.
        wakes: Mutex<u32>,
        woken: Condvar,
    }

    impl Futex {
        pub(crate) fn wait(&self, value: u32, timeout: Option<Duration>) {
            // Whoever wakes has changed the word before: if this look at it misses the change, the count
            // goes up after the look at that.
            let before = *self.waiting.wakes.lock().unwrap();
            // Relaxed: the lock orders it.
            if self.word.load(Ordering::Relaxed) != value {
                return;
            }
            let mut wakes = self.waiting.wakes.lock().unwrap();
            while *wakes == before {
                match timeout {
                    None => wakes = self.waiting.woken.wait(wakes).unwrap(),
                    // In a model time is up at once, the hardest schedule.
                    Some(_) if cfg!(loom) => return,
                    Some(timeout) => {
                        drop(self.waiting.woken.wait_timeout(wakes, timeout));
                        return;
                    }
                }
            }
        }

        pub(crate) fn wake_one(&self) {
            let mut wakes = self.waiting.wakes.lock().unwrap();
            *wakes = wakes.wrapping_add(1);
            drop(wakes);
            self.waiting.woken.notify_one();
        }
    }
}
