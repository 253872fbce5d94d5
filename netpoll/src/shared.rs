//! What all handles of one socket have in common.
//!
//! `try_clone` duplicates the descriptor, so each handle is registered and waited on by itself;
//! but the socket behind them is one. What the system would keep with the socket (its time-outs,
//! whether operations block, whether it is shut down) is therefore kept here, once for all of them.
//! So is the list of the handles, for `close` to wake those who wait on them: the system tells them
//! only of a socket that has a peer, and even that not everywhere.
//!
//! Orderings: each setting stands by itself and publishes nothing else, so Relaxed suffices,
//! except for `closed`, see [`Shared::close`].

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::readiness::Direction;
use crate::source::Source;
use hueless_runtime::bare::Mutex;

/// The state that the handles of one socket share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    closed: AtomicBool,
    nonblocking: AtomicBool,
    short: AtomicBool,
    /// By direction, in nanoseconds; zero stands for none.
    timeouts: [AtomicU64; Direction::COUNT],
    /// The sources of all handles; empty as long as there is one handle only.
    handles: Mutex<Vec<Weak<Source>>>,
}

impl Shared {
    /// Marks the socket closed. To be called before it is shut down, so that whoever sees the
    /// effect of that sees the mark too.
    pub(crate) fn close(&self) {
        // Release pairs with the Acquire in `is_closed`. A waiter that is woken by the caller, or
        // by the event that the shutdown causes, comes here after it: both pass a lock.
        self.closed.store(true, Ordering::Release);
    }

    /// Notes that `added` is the source of another handle, made from the one with `source`.
    pub(crate) fn add_handle(&self, source: &Arc<Source>, added: &Arc<Source>) {
        let mut handles = self.handles();
        if handles.len() == handles.capacity() {
            // Those that have gone go when there is no room, and there is as much room after it as
            // there are others: on average that takes no time.
            handles.retain(|handle| handle.strong_count() > 0);
            let live = handles.len();
            handles.reserve(live + 2);
        }
        // Whoever is no clone is noted with the first clone; clones have been noted already.
        if handles.is_empty() {
            handles.push(Arc::downgrade(source));
        }
        handles.push(Arc::downgrade(added));
    }

    /// Wakes whoever waits on a handle, if there are several. To be called after
    /// [`close`](Self::close): a handle that is made too late to be woken sees the mark, for the
    /// list's lock comes between.
    pub(crate) fn wake_handles(&self) {
        // Readied without the lock.
        let handles: Vec<_> = self.handles().iter().filter_map(Weak::upgrade).collect();
        for handle in handles {
            handle.wake_all();
        }
    }

    fn handles(&self) -> MutexGuard<'_, Vec<Weak<Source>>> {
        // No critical section leaves it half changed.
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;
    use mio::Interest;

    /// However many handles come and go, the list holds about as many as there are at a time.
    #[test]
    fn handles_that_have_gone_leave_the_list() {
        let shared = Shared::default();
        let source = || Source::new(0, Interest::READABLE);
        let first = source();
        let mut kept = Vec::new();
        for round in 0..10_000 {
            let added = source();
            shared.add_handle(&first, &added);
            if round % 1000 == 0 {
                kept.push(added);
            }
        }
        let live = |handles: &Vec<Weak<Source>>| {
            handles
                .iter()
                .filter(|handle| handle.strong_count() > 0)
                .count()
        };
        let handles = shared.handles();
        assert_eq!(live(&handles), 1 + kept.len());
        assert!(handles.len() < 64, "{}", handles.len());
    }
}
