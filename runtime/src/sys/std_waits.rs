//! Whether std's waits come to hueless-uncolor: see its documentation.
//!
//! That crate defines libc's `syscall`, and a definition in the program goes before libc's. Whether this one
//! does is seen by calling it: it answers a futex operation that no kernel knows.

use crate::bare::Once;
use crate::report::report;

/// The operation, and the answer to it. No kernel has commands with such numbers, so it says `ENOSYS`.
pub const PROBE: libc::c_int = 0x6875_656c;

/// The operation's value on a worker's thread, before it runs tasks.
pub const ON_WORKER: libc::c_int = 1;

/// On a worker's thread, before it runs tasks: hueless-uncolor gets to know the thread.
pub(crate) fn prepare_worker() {
    ask(ON_WORKER);
}

fn ask(value: libc::c_int) -> libc::c_long {
    // SAFETY: the kernel refuses the operation before it looks at anything else.
    unsafe { libc::syscall(libc::SYS_futex, 0, PROBE, value, 0, 0, 0) }
}

/// At the first start of a runtime: has hueless-uncolor prepare itself, or says that it is not there.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if ask(0) != PROBE.into() {
            report(format_args!(
                "hueless: std's waits are not seen (another definition of `syscall` goes before that of \
                 the feature `std`), so std's locks and sleeps block the thread of their task"
            ));
        }
    });
}
