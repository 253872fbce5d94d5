//! What `accept` does while the process or the system has no descriptor or no memory left.
//!
//! The connection stays in the system's queue, so nothing is lost by waiting; and a loop that
//! accepted again at once would take all of a processor until somebody closes a connection. So
//! whoever accepts pauses, at first for [`FIRST`], then for twice as long each time, up to
//! [`LONGEST`], and the first time a listener meets with this it is said on stderr.

use std::io;
use std::time::Duration;

use crate::net::TcpListener;

/// The first pause: a shortage may be over at once, when connections come and go.
const FIRST: Duration = Duration::from_millis(1);
/// The longest pause. A listener that is closed meanwhile, or connections that could be accepted
/// again, wait for as long.
const LONGEST: Duration = Duration::from_millis(100);
/// For how long `accept` itself waits, in pauses: a caller that holds what could be closed must get a
/// chance to do so.
const PATIENCE: Duration = Duration::from_secs(1);

/// One wait for a shortage to end.
pub(super) struct Shortage {
    next: Duration,
    paused: Duration,
}

impl Shortage {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self {
            next: FIRST,
            paused: Duration::ZERO,
        }
    }

    /// Whether it has lasted so long that `accept` says so.
    pub(super) fn is_lasting(&self) -> bool {
        self.paused >= PATIENCE
    }

    /// Pauses because of `error`. Blocks the task, not the worker.
    ///
    /// Unwinds if the task is cancelled.
    #[cold]
    pub(super) fn pause(&mut self, listener: &TcpListener, error: &io::Error) {
        if listener.socket.shared().is_first_shortage() {
            let addr = listener
                .local_addr()
                .map_or_else(|_| "a listener".into(), |addr| addr.to_string());
            eprintln!(
                "hueless: connections to {addr} wait to be accepted until there is room: {error}"
            );
        }
        hueless_runtime::sleep(self.next);
        self.paused += self.next;
        self.next = (self.next * 2).min(LONGEST);
    }
}

/// Whether accepting failed for want of a descriptor or of memory.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortages_are_told_from_other_errors() {
        for code in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
            assert!(is_shortage(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for code in [libc::ECONNABORTED, libc::EAGAIN, libc::EINVAL, libc::EPERM] {
            assert!(!is_shortage(&io::Error::from_raw_os_error(code)), "{code}");
        }
        assert!(!is_shortage(&io::ErrorKind::OutOfMemory.into()));
    }
}
