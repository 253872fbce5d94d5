//! What lies in a thread's own memory: its thread-locals, where they are no more than pointers to elsewhere.
//!
//! A lock with a condition in a thread-local is a parker of that thread: who waits there takes itself to be the
//! thread's only one, as with `std::thread::park`. rayon's callers wait so for the job that they have on their
//! stack. Two tasks of one thread would take each other's wakes, and the job of the one would run when its stack
//! is gone. So these waits block the thread.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Range;

thread_local! {
    /// Empty where nothing is known.
    static MEMORY: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Finds out where this thread's own memory is.
pub(crate) fn learn() {
    let memory = memory_of_this_thread().unwrap_or_default();
    MEMORY.set((memory.start, memory.end));
}

/// Whether the address is in this thread's own memory.
// Never inlined: a task's next call may be on another thread.
#[inline(never)]
pub(crate) fn holds(address: usize) -> bool {
    let (start, end) = MEMORY.get();
    (start..end).contains(&address)
}

/// The stack that libc has made for this thread, which ends with its thread-locals.
fn memory_of_this_thread() -> Option<Range<usize>> {
    let mut attributes = MaybeUninit::uninit();
    let mut start = std::ptr::null_mut();
    let mut size = 0;
    // SAFETY: the attributes are made here for this thread, which runs, and are destroyed here.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let answer = libc::pthread_attr_getstack(attributes.as_ptr(), &mut start, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        (answer == 0).then(|| start.addr()..start.addr() + size)
    }
}
