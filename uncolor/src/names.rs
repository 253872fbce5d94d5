//! Looking up names: `getaddrinfo`.
//!
//! In a task it runs on a thread of the blocking pool: the C library talks to name servers, and reads files, by
//! ways of its own.

use std::ffi::{CStr, c_char, c_int};
use std::mem;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::addrinfo;

use crate::pool;

type Lookup = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const addrinfo,
    *mut *mut addrinfo,
) -> c_int;

/// What a look-up is given, for another thread.
#[derive(Clone, Copy)]
struct Question {
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
}

// SAFETY: who asks waits for the answer, and libc's look-ups are the same on every thread.
unsafe impl Send for Question {}

impl Question {
    /// libc's answer, and its `errno`.
    ///
    /// # Safety
    /// As for libc's.
    unsafe fn ask(self) -> (c_int, c_int) {
        let Some(lookup) = libcs() else {
            return (libc::EAI_SYSTEM, libc::ENOSYS);
        };
        // SAFETY: by this contract; the address of this thread's `errno`.
        unsafe {
            let answer = lookup(self.node, self.service, self.hints, self.found);
            (answer, *libc::__errno_location())
        }
    }
}

/// libc's.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
) -> c_int {
    let question = Question {
        node,
        service,
        hints,
        found,
    };
    // SAFETY: by this contract.
    let (answer, errno) = pool::run(move || unsafe { question.ask() });
    // SAFETY: the address of this thread's `errno`.
    unsafe { *libc::__errno_location() = errno };
    answer
}

/// The definition that this one goes before.
fn libcs() -> Option<Lookup> {
    static FOUND: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());
    const NAME: &CStr = c"getaddrinfo";
    // Relaxed: whoever looks finds the same, and nothing is published with it.
    let mut found = FOUND.load(Ordering::Relaxed);
    if found.is_null() {
        // SAFETY: a name that ends.
        found = unsafe { libc::dlsym(libc::RTLD_NEXT, NAME.as_ptr()) };
        FOUND.store(found, Ordering::Relaxed);
    }
    // SAFETY: it is null, or libc's function of this name, which has this type.
    unsafe { mem::transmute::<*mut libc::c_void, Option<Lookup>>(found) }
}
