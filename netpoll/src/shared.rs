//! What all handles of one socket have in common.
//!
//! `try_clone` duplicates the descriptor, so each handle is registered and waited on by itself;
//! but the socket behind them is one. What the system would keep with the socket (its time-outs,
//! whether operations block, whether it is shut down) is therefore kept here, once for all of them.
//!
//! Orderings: each field is a setting by itself and publishes nothing else, so Relaxed suffices,
//! except for `closed`, see [`Shared::close`].

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::readiness::Direction;

/// The state that the handles of one socket share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    closed: AtomicBool,
    nonblocking: AtomicBool,
    short: AtomicBool,
    /// By direction, in nanoseconds; zero stands for none.
    timeouts: [AtomicU64; Direction::COUNT],
}

impl Shared {
    /// Marks the socket closed. To be called before it is shut down, so that whoever sees the
    /// effect of that sees the mark too.
    pub(crate) fn close(&self) {
        // Release pairs with the Acquire in `is_closed`. A waiter that is woken by the caller, or
        // by the event that the shutdown causes, comes here after it: both pass a lock.
        self.closed.store(true, Ordering::Release);
    }

    /// Whether the socket was marked closed.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // Acquire pairs with the Release in `close`.
        self.closed.load(Ordering::Acquire)
    }

    /// Makes operations that begin from now on answer `WouldBlock` where they would wait.
    pub(crate) fn set_nonblocking(&self, nonblocking: bool) {
        self.nonblocking.store(nonblocking, Ordering::Relaxed);
    }

    /// Whether operations answer `WouldBlock` where they would wait.
    pub(crate) fn is_nonblocking(&self) -> bool {
        self.nonblocking.load(Ordering::Relaxed)
    }

    /// Notes that a connection could not be accepted for want of a descriptor or of memory, and says
    /// whether that is the first time.
    pub(crate) fn is_first_shortage(&self) -> bool {
        !self.short.swap(true, Ordering::Relaxed)
    }

    /// The longest wait in `direction`.
    pub(crate) fn timeout(&self, direction: Direction) -> Option<Duration> {
        match self.timeouts[direction as usize].load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// Limits waits in `direction`. More than some 584 years are cut down to that.
    ///
    /// # Errors
    /// `InvalidInput` for a time-out of zero.
    pub(crate) fn set_timeout(
        &self,
        direction: Direction,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let nanos = match timeout {
            None => 0,
            Some(Duration::ZERO) => return Err(zero_timeout()),
            Some(timeout) => u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX),
        };
        self.timeouts[direction as usize].store(nanos, Ordering::Relaxed);
        Ok(())
    }

    /// When a wait in `direction` that begins now has to end.
    pub(crate) fn deadline(&self, direction: Direction) -> Option<Instant> {
        let timeout = self.timeout(direction)?;
        // A time-out beyond what the clock can hold is none.
        Instant::now().checked_add(timeout)
    }
}

/// The error for a time-out of zero, as std has it.
pub(crate) fn zero_timeout() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "cannot set a 0 duration timeout",
    )
}
