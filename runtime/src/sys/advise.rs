//! `madvise` for many ranges, in one system call where the kernel can.
//!
//! `process_madvise` takes a vector of ranges but wants a descriptor of the
//! process. A pidfd of our own would name the parent after a fork, so only the
//! sentinel that stands for "the calling process" is used (Linux 6.14); older
//! kernels answer with an error once, and a loop of `madvise` is used from
//! then on.

use std::io;
use std::ptr;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::memory::Span;

/// Ranges handed over in one system call. A vector lives on the caller's
/// stack, so it stays small; beyond 64 the gain per range is gone.
#[cfg(any(target_os = "linux", target_os = "android"))]
const VECTOR: usize = 64;

/// What to tell the kernel about a range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Advice(libc::c_int);

impl Advice {
    /// The contents are no longer needed; the memory goes back to the system.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) const DISCARD: Advice = Advice(libc::MADV_DONTNEED);
    /// The contents are no longer needed; the memory goes back to the system.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) const DISCARD: Advice = Advice(libc::MADV_FREE);

    /// `MADV_GUARD_INSTALL` (Linux 6.13): any access faults, without a mapping
    /// of its own. Survives [`Advice::DISCARD`].
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) const GUARD: Option<Advice> = Some(Advice(102));
    /// Linux only.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) const GUARD: Option<Advice> = None;
}

/// How far [`all`] or [`each`] came.
#[derive(Debug)]
pub(crate) struct Partial {
    /// Ranges, from the first, to which the advice now applies.
    pub(crate) done: usize,
    /// What the kernel said about the next one.
    pub(crate) error: io::Error,
}

/// Gives `advice` on all of `spans`, many in one system call if possible.
///
/// # Safety
///
/// The caller owns the ranges, and none of them holds live data.
pub(crate) unsafe fn all(spans: &[Span], advice: Advice) -> Result<(), Partial> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // SAFETY: passed on to the caller.
        let done = unsafe { vectored(spans, advice) };
        // SAFETY: as above.
        unsafe { each(&spans[done..], advice) }.map_err(|partial| Partial {
            done: done + partial.done,
            ..partial
        })
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: passed on to the caller.
    unsafe {
        each(spans, advice)
    }
}

/// Gives `advice` on all of `spans`, one system call for each.
///
/// # Safety
///
/// As for [`all`].
pub(crate) unsafe fn each(spans: &[Span], advice: Advice) -> Result<(), Partial> {
    for (done, span) in spans.iter().enumerate() {
        let start = ptr::with_exposed_provenance_mut(span.start);
        // SAFETY: the caller owns the range and needs nothing in it.
        while unsafe { libc::madvise(start, span.len, advice.0) } != 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(Partial { done, error });
            }
        }
    }
    Ok(())
}

/// Gives `advice` on as many of `spans` as the kernel takes in vectors, and
/// answers how many it took. The rest is for [`each`], which also finds out
/// what is wrong with the first of them.
///
/// # Safety
///
/// As for [`all`].
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn vectored(spans: &[Span], advice: Advice) -> usize {
    /// `PIDFD_SELF_THREAD_GROUP`: in place of a descriptor, this process.
    const SELF: libc::c_long = -10_000;
    /// Relaxed: a hint. A thread that misses it makes one call in vain.
    static REFUSED: AtomicBool = AtomicBool::new(false);

    // One range is cheaper by `madvise`.
    if spans.len() < 2 || REFUSED.load(Relaxed) {
        return 0;
    }
    let mut done = 0;
    for chunk in spans.chunks(VECTOR) {
        let mut vector = [libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        }; VECTOR];
        for (entry, span) in vector.iter_mut().zip(chunk) {
            entry.iov_base = ptr::with_exposed_provenance_mut(span.start);
            entry.iov_len = span.len;
        }
        // SAFETY: the vector outlives the call; the caller owns the ranges
        // and needs nothing in them.
        let bytes = unsafe {
            libc::syscall(
                libc::SYS_process_madvise,
                SELF,
                vector.as_ptr(),
                chunk.len() as libc::c_long,
                libc::c_long::from(advice.0),
                0 as libc::c_long,
            )
        };
        let Ok(mut bytes) = usize::try_from(bytes) else {
            // A kernel that is short of memory says nothing about what it can do.
            let error = io::Error::last_os_error().raw_os_error();
            if done == 0 && !matches!(error, Some(libc::ENOMEM | libc::EAGAIN | libc::EINTR)) {
                REFUSED.store(true, Relaxed);
            }
            return done;
        };
        for span in chunk {
            // A range done in part is done again: the advice is idempotent.
            let Some(rest) = bytes.checked_sub(span.len) else {
                return done;
            };
            bytes = rest;
            done += 1;
        }
    }
    done
}
