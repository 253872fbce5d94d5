//! What `accept` does while the process or the system has no descriptor or no memory left.
//!
//! The connection stays in the system's queue, so nothing is lost by waiting; and a loop that
//! accepted again at once would take all of a processor until somebody closes a connection. So
//! whoever accepts pauses, longer each time, up to
//! [`LONGEST`](crate::backoff::LONGEST); a listener that is closed meanwhile, or connections that could
//! be accepted again, wait for as long. The first time a listener meets with this it is said on stderr.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use hueless_runtime::report;

use crate::backoff::Backoff;
use crate::readiness::Direction;
use crate::socket::Socket;

/// How long to wait for the end of a shortage.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// For so long, in pauses: a caller that holds what could be closed gets a chance to do so.
    Limited(Duration),
    Endless,
}

/// That of `accept`; `incoming` has no end.
pub(super) const A_SECOND: Patience = Patience::Limited(Duration::from_secs(1));

/// Accepts a connection by `call`. Those that the peer has given up are passed over; shortages are
/// waited out with `patience`. `addr` says where the listener is bound. Blocks the task, not the worker.
///
/// Unwinds if the task is cancelled.
pub(super) fn accept<T: AsFd, R>(
    socket: &Socket<T>,
    patience: Patience,
    addr: impl Fn() -> String,
    mut call: impl FnMut(&T) -> io::Result<R>,
) -> io::Result<R> {
    let mut shortage = Shortage::new();
    loop {
        let accepted = socket.run(Direction::Read, |listener| {
            loop {
                match call(listener) {
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    answer => return answer,
                }
            }
        });
        match accepted {
            Err(error)
                if is_shortage(&error)
                    && !socket.shared().is_nonblocking()
                    && !shortage.exhausts(patience) =>
            {
                if socket.shared().is_first_shortage() {
                    let addr = addr();
                    report(format_args!(
                        "hueless: connections to {addr} wait to be accepted until there is room: {error}"
                    ));
                }
                shortage.pause();
            }
            answer => return answer,
        }
    }
}

/// One wait for a shortage to end.
struct Shortage {
    pauses: Backoff,
    paused: Duration,
}

impl Shortage {
    /// None yet.
    const fn new() -> Self {
        Self {
            pauses: Backoff::new(),
            paused: Duration::ZERO,
        }
    }

    fn exhausts(&self, patience: Patience) -> bool {
        match patience {
            Patience::Limited(limit) => self.paused >= limit,
            Patience::Endless => false,
        }
    }

    #[cold]
    fn pause(&mut self) {
        self.paused += self.pauses.pause();
    }
}

/// Whether accepting failed for want of a descriptor or of memory.
fn is_shortage(error: &io::Error) -> bool {
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
