//! Whether std's waits come to hueless-uncolor: see its documentation.
//!
//! That crate defines libc's `syscall`, and a definition in the program goes before libc's, but not in every
//! case: in a library that another program loads, libc's comes first. Whether it does is seen by calling it: it
//! answers a futex operation that no kernel knows.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::bare::Once;
use crate::report::report;

/// The operation, and the answer to it. No kernel has commands with such numbers, so it says `ENOSYS`.
pub const PROBE: libc::c_int = 0x6875_656c;
/// The operation's value on a worker's thread, before it runs tasks.
pub const ON_WORKER: libc::c_int = 1;

/// Whether hueless-uncolor is in this program.
static EXPECTED: AtomicBool = AtomicBool::new(false);

/// Says that hueless-uncolor is in this program. It calls this before `main`, and may call nothing else then.
pub fn expect() {
    // Relaxed: no other thread is there yet.
    EXPECTED.store(true, Ordering::Relaxed);
}

fn is_expected() -> bool {
    // Relaxed: as above.
    EXPECTED.load(Ordering::Relaxed)
}

fn ask(value: libc::c_int) -> libc::c_long {
    // SAFETY: the kernel refuses the operation before it looks at anything else.
    unsafe { libc::syscall(libc::SYS_futex, 0, PROBE, value, 0, 0, 0) }
}

/// Before the first runtime starts: has hueless-uncolor prepare itself, or says that it gets nothing.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if is_expected() && ask(0) != PROBE.into() {
            report(format_args!(
                "hueless: another definition of `syscall` goes before that of the feature `std`, so std's \
                 locks and sleeps block the thread of their task"
            ));
        }
    });
}

/// On a worker's thread, before it runs tasks: hueless-uncolor gets to know the thread.
pub(crate) fn prepare_worker() {
    if is_expected() {
        ask(ON_WORKER);
    }
}
