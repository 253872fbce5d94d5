//! The system's names for processes.

use std::io;
use std::os::fd::OwnedFd;

/// A descriptor that becomes readable when the child `id`, which has not been waited for, ends.
///
/// # Errors
/// When there is none to be had, or the system knows no such thing.
pub(super) fn end_of(id: u32) -> io::Result<OwnedFd> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::os::fd::FromRawFd;
        // Closed on exec, always.
        // SAFETY: the call takes two numbers and touches no memory.
        let answer = unsafe { libc::syscall(libc::SYS_pidfd_open, id as libc::pid_t, 0) };
        match libc::c_int::try_from(answer) {
            // SAFETY: a new descriptor, which nobody else knows.
            Ok(descriptor) if descriptor >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }),
            _ => Err(io::Error::last_os_error()),
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = id;
        Err(io::ErrorKind::Unsupported.into())
    }
}
