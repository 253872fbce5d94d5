//! A program with the feature `std`, built in every way: its waits park, and so do those of a library in C that it
//! is linked with, and of one that it loads.

mod checks;

use std::ffi::{CStr, CString, c_int, c_long};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};

use checks::{a_lock_parks, a_socket_parks, lets_others_run, read, sleep, start};
use hueless::{go, yield_now};

/// The functions of waits.c.
struct Waits {
    sleep: unsafe extern "C" fn(c_long) -> c_int,
    wait: unsafe extern "C" fn(*const u32) -> c_long,
    read: unsafe extern "C" fn(c_int) -> c_int,
    poll: unsafe extern "C" fn(c_int) -> c_int,
}

mod linked {
    use super::{c_int, c_long};

    unsafe extern "C" {
        pub(super) fn waits_sleep(nanoseconds: c_long) -> c_int;
        pub(super) fn waits_wait(word: *const u32) -> c_long;
        pub(super) fn waits_read(fd: c_int) -> c_int;
        pub(super) fn waits_poll(fd: c_int) -> c_int;
    }
}

impl Waits {
    fn linked() -> Self {
        Self {
            sleep: linked::waits_sleep,
            wait: linked::waits_wait,
            read: linked::waits_read,
            poll: linked::waits_poll,
        }
    }

    /// From the library at `path`.
    fn loaded(path: &str) -> Self {
        let path = CString::new(path).unwrap();
        // SAFETY: a string; and the library does nothing when it is loaded.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!library.is_null(), "{path:?} cannot be loaded");
        let find = |name: &CStr| {
            // SAFETY: a library that is loaded, and a string.
            let found = unsafe { libc::dlsym(library, name.as_ptr()) };
            assert!(!found.is_null(), "{name:?} is not in {path:?}");
            found
        };
        // SAFETY: the library's functions are these.
        unsafe {
            Self {
                sleep: std::mem::transmute(find(c"waits_sleep")),
                wait: std::mem::transmute(find(c"waits_wait")),
                read: std::mem::transmute(find(c"waits_read")),
                poll: std::mem::transmute(find(c"waits_poll")),
            }
        }
    }

    fn park(&self) {
        let parked = lets_others_run(|| {
            // SAFETY: it takes no more than a number.
            assert_eq!(unsafe { (self.sleep)(20_000_000) }, 0);
        });
        assert!(parked, "a sleep of C's");
        self.a_wait_parks();
        let (wait, take) = (self.poll, self.read);
        a_socket_parks(move |stream| {
            // SAFETY: numbers.
            assert_eq!(unsafe { take(stream.as_raw_fd()) }, 1);
        });
        a_socket_parks(move |stream| {
            // SAFETY: numbers.
            assert_eq!(unsafe { wait(stream.as_raw_fd()) }, 1);
            read(stream);
        });
    }

    /// If it does not, this hangs: who wakes it is a task of the same worker.
    fn a_wait_parks(&self) {
        static WORD: AtomicU32 = AtomicU32::new(0);
        WORD.store(0, Ordering::Relaxed);
        start().run(|| {
            let wakes = go!(|| {
                WORD.store(1, Ordering::Relaxed);
                let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
                // SAFETY: the call uses the address alone.
                unsafe { libc::syscall(libc::SYS_futex, WORD.as_ptr(), wake, i32::MAX) };
            });
            while WORD.load(Ordering::Relaxed) == 0 {
                // SAFETY: a word that stays.
                unsafe { (self.wait)(WORD.as_ptr()) };
            }
            wakes.join().unwrap();
            yield_now();
        });
    }
}

fn main() {
    a_lock_parks();
    assert!(lets_others_run(sleep), "std's sleep");
    a_socket_parks(read);
    Waits::linked().park();
    if let Some(library) = std::env::args().nth(1) {
        Waits::loaded(&library).park();
    }
    println!("all parked");
}
