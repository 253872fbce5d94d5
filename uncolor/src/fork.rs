//! A process that was forked off has neither workers nor anybody in the table, though its memory says so, and
//! locks of the table may be held by threads that it does not have. There all goes straight to the kernel.
//!
//! Not seen are processes that are made by a bare `clone`, which runs no handlers. Those of std and libc are
//! forked, or share the memory of their parent until they run another program and take no locks before that. They
//! close descriptors, though, which are their own and have the numbers of the parent's: see [`is_here`].

use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

use crate::sys::kernel;

static FORKED: AtomicBool = AtomicBool::new(false);

/// The process that runs the tasks.
static PROCESS: AtomicIsize = AtomicIsize::new(0);

/// From now on, processes that are forked off know it. To be called once.
pub(crate) fn prepare() {
    // Relaxed: before the first task.
    PROCESS.store(process(), Ordering::Relaxed);
    // SAFETY: the handler stores to an atomic, which it may. If there is no memory for the registration a
    // child that waits for a lock in a task hangs.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

unsafe extern "C" fn in_child() {
    // Relaxed: the child has one thread.
    FORKED.store(true, Ordering::Relaxed);
}

/// Whether this process was forked off after a runtime had been started.
#[inline]
pub(crate) fn is_child() -> bool {
    // Relaxed: as above.
    FORKED.load(Ordering::Relaxed)
}

/// Whether this is the process that runs the tasks, not one that was forked off in whatever way (`vfork`).
pub(crate) fn is_here() -> bool {
    // Relaxed: as above.
    !is_child() && process() == PROCESS.load(Ordering::Relaxed)
}

fn process() -> isize {
    // SAFETY: it touches no memory.
    unsafe { kernel(libc::SYS_getpid, [0; 6]) }
}
