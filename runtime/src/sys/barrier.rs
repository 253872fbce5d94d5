//! A fence whose two sides cost differently: nearly nothing for the one that is in a hurry, a system
//! call for the other.
//!
//! Two threads that each store to one place and then load from the other's need a full fence in
//! between, on both sides, lest both miss each other. Where one side does that at every switch and the
//! other hardly ever, the latter has the kernel run a fence on every processor that runs this process
//! (`membarrier`), and the former only keeps the compiler from reordering.
//!
//! Before [`prepare`], and where the kernel does not offer it, both sides are plain fences.

use std::sync::atomic::{AtomicBool, Ordering, compiler_fence, fence};

use crate::bare::Once;

/// Whether the system call does the fences. Once set it stays.
static ASYMMETRIC: AtomicBool = AtomicBool::new(false);

/// Makes [`light`] light from now on, if the system can do that. To be called before any thread
/// relies on it.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // ThreadSanitizer and loom know nothing of the system call.
        let can = cfg!(not(hueless_tsan)) && imp::register();
        // Relaxed: the threads that rely on it are started after this.
        ASYMMETRIC.store(can, Ordering::Relaxed);
    });
}

/// The side in a hurry: what it has stored before comes before what it loads after, as far as those can
/// tell who call [`heavy`].
#[inline(always)]
pub(crate) fn light() {
    // Relaxed: see `prepare`.
    if ASYMMETRIC.load(Ordering::Relaxed) {
        compiler_fence(Ordering::SeqCst);
    } else {
        fence(Ordering::SeqCst);
    }
}

/// The other side. Takes microseconds.
pub(crate) fn heavy() {
    fence(Ordering::SeqCst);
    // Relaxed: see `prepare`.
    if ASYMMETRIC.load(Ordering::Relaxed) {
        imp::fence_everywhere();
    }
}

#[cfg(target_os = "linux")]
mod imp {
    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the call takes no pointer and changes no memory.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    pub(super) fn register() -> bool {
        membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
            && membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
    }

    pub(super) fn fence_everywhere() {
        if !membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
            // The light sides have relied on it already.
            crate::report::report(format_args!(
                "hueless: the system call `membarrier` worked when the runtime started and is \
                 refused now; do not forbid it to a running program"
            ));
            std::process::abort();
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn fence_everywhere() {}
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Store here, load there: not both may load what was before.
    #[test]
    fn not_both_sides_miss_each_other() {
        const ROUNDS: usize = 2000;
        prepare();
        let places = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let both = Barrier::new(2);
        let side = |mine: usize, fence: fn()| {
            let seen = (1..=ROUNDS).map(|round| {
                both.wait();
                places[mine].store(round, Ordering::Relaxed);
                fence();
                let seen = places[1 - mine].load(Ordering::Relaxed);
                both.wait();
                seen
            });
            seen.collect::<Vec<_>>()
        };
        let (light, heavy) = std::thread::scope(|scope| {
            let light = scope.spawn(|| side(0, super::light));
            let heavy = side(1, super::heavy);
            (light.join().unwrap(), heavy)
        });
        for (round, (light, heavy)) in (1..).zip(light.into_iter().zip(heavy)) {
            assert!(light == round || heavy == round, "{round}: {light} {heavy}");
        }
    }
}
