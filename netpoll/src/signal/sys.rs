//! Handlers, masks and effects of signals.

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use signal_hook::low_level;

use crate::signal::Signal;

/// The greatest number of a signal.
pub(super) const MAX: i32 = 64;

/// A set of signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set(u64);

impl Set {
    /// The signal alone, whose number is one.
    pub(super) fn of(signal: Signal) -> Self {
        Self(1 << (signal.as_raw() - 1))
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn contains(self, signal: Signal) -> bool {
        self.0 & Self::of(signal).0 != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Signal> {
        (1..=MAX)
            .map(Signal::from_raw)
            .filter(move |&signal| self.contains(signal))
    }
}

/// What has come and was not [taken](take) yet.
static PENDING: AtomicU64 = AtomicU64::new(0);

/// Takes what has come since the last time. For whoever has read from the descriptor that
/// [`install`] was given the other end of.
pub(super) fn take() -> Set {
    // Acquire pairs with the Release in the handler, though the byte that was read orders them too.
    Set(PENDING.swap(0, Ordering::Acquire))
}

/// Makes `signal` note itself for [`take`] and then write to `wake`, which must be non-blocking and
/// stay open for good.
///
/// # Errors
/// When the system knows no such signal, or gives it to nobody.
pub(super) fn install(signal: Signal, wake: RawFd) -> io::Result<()> {
    let bit = Set::of(signal).0;
    let action = move || {
        // Release pairs with the Acquire in `take`. Before the byte, so that whoever reads the
        // byte finds the note. If there is no room for the byte, there are others to be read.
        PENDING.fetch_or(bit, Ordering::Release);
        // SAFETY: async-signal-safe, and one readable byte.
        unsafe { libc::write(wake, [0u8].as_ptr().cast(), 1) };
    };
    // SAFETY: the action is a locked instruction and a system call that may be made in handlers; it
    // cannot panic. `errno` is restored by the crate.
    unsafe { low_level::register(signal.as_raw(), action) }?;
    Ok(())
}

/// Whether `signal` has its default effect at present: no handler, and not ignored.
///
/// # Errors
/// When the system knows no such signal.
pub(super) fn has_default_effect(signal: Signal) -> io::Result<bool> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only asks; there is room for the answer.
    let answer = unsafe { libc::sigaction(signal.as_raw(), ptr::null(), action.as_mut_ptr()) };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded, so it has filled it in.
    Ok(unsafe { action.assume_init() }.sa_sigaction == libc::SIG_DFL)
}

/// Does what `signal` does by default, which may end the process.
pub(super) fn default_effect(signal: Signal) {
    if low_level::emulate_default_handler(signal.as_raw()).is_err() {
        // One without a name: such a signal ends a process. This is how shells report that.
        low_level::exit(128 + signal.as_raw());
    }
}

/// Lets the calling thread take these signals.
pub(super) fn unblock(signals: Set) {
    // SAFETY: the set is filled in before it is used, and the calls touch nothing else. With valid
    // numbers they do not fail.
    unsafe {
        let mut set = mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in signals.iter() {
            libc::sigaddset(&mut set, signal.as_raw());
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, ptr::null_mut());
    }
}
