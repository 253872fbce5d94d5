//! Waiting for descriptors that other code owns, for hueless-uncolor.
//!
//! That code believes to block its thread. It opens and closes descriptors as it likes, waits for one in several
//! tasks at once, and has it in whatever mode. So nothing is known of a descriptor but its number, and what it
//! was made of may change unnoticed.
//!
//! Protocol of an operation:
//! 1. Make the system call so that it does not wait. If it answers anything but that it would block, that is the
//!    answer.
//! 2. Find the number's entry (`numbers.rs`), note the direction as wanted, and read its tick.
//! 3. Have the poller told what is wanted (`Source::renew`). The system then looks at the descriptor anew: if
//!    it is ready now, it says so once more. So nothing is lost that came between 1 and 2, and nothing if the
//!    number is another file's than it was.
//! 4. Wait for more than that tick; then read it again, and go back to 1. Who comes to wait again goes on with step 4:
//!    the system told of what is there once, and is not asked again. For what it tells of need not be what the call
//!    wants, and asked again it would tell of that again, without end.
//!
//! What a descriptor's entry has wanted is a count by direction, so that one who waits to read does not take away
//! what another waits to write by. The union is made under the registration's lock, where it is handed over:
//! whoever comes there later has counted itself before.
//!
//! Who closes a number says so before ([`closing`]). Its entry is then gone, and who waits there is told that the
//! descriptor is not open any more. Where it is not said, step 3 finds out; only those who wait already are left
//! waiting, as they might be in the kernel.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use hueless_runtime::park::Wait;

use crate::readiness::{Case, Expected, Tick, wait_any_by};
use crate::source::Source;

mod numbers;

pub use crate::readiness::{Direction, Waited};
pub use numbers::{closing, is_known};

/// What is known of a descriptor by its number.
#[derive(Debug)]
struct Foreign {
    source: Arc<Source>,
    /// How many wait, by direction.
    wanted: [AtomicUsize; Direction::COUNT],
    closed: AtomicBool,
}

impl Foreign {
    fn new(fd: RawFd) -> Self {
        Self {
            source: Source::new(fd, mio::Interest::READABLE),
            wanted: [0; Direction::COUNT].map(AtomicUsize::new),
            closed: AtomicBool::new(false),
        }
    }

    /// What the poller is to be told.
    fn interest(&self) -> mio::Interest {
        // Relaxed: see `Watch::new`.
        let wants = |direction| self.wanted[direction as usize].load(Ordering::Relaxed) != 0;
        let reads = mio::Interest::READABLE;
        // Urgent data is what a reader may be asking for, and seldom comes.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let reads = reads | mio::Interest::PRIORITY;
        match (wants(Direction::Read), wants(Direction::Write)) {
            (_, false) => reads,
            (false, true) => mio::Interest::WRITABLE,
            (true, true) => reads | mio::Interest::WRITABLE,
        }
    }

    /// Has the poller told what is wanted.
    fn renew(&self) -> io::Result<()> {
        let renewed = self.source.renew(|| self.interest());
        if self.is_closed() {
            // It may have been registered after that.
            self.source.deregister();
            return Ok(());
        }
        renewed
    }

    /// Wakes everyone who waits; the number is about to be closed.
    fn close(&self) {
        // Release pairs with the Acquire in `is_closed`. Who registers after `deregister` has its lock after that
        // one, and sees this; who waits is woken by it, and sees it.
        self.closed.store(true, Ordering::Release);
        self.source.deregister();
    }

    fn is_closed(&self) -> bool {
        // Acquire: see `close`.
        self.closed.load(Ordering::Acquire)
    }
}

/// Why nobody waited.
#[derive(Debug)]
pub enum Refused {
    /// Waiting is up to the kernel: the caller cannot be parked, or the descriptor not be watched.
    Kernel,
    /// The descriptor has been closed meanwhile.
    Closed,
}

/// One who waits for a descriptor, for one direction, until a call goes through.
#[derive(Debug)]
pub struct Watch {
    fd: RawFd,
    direction: Direction,
    foreign: Arc<Foreign>,
    /// What has been told before the last call, if the poller had been told of this one by then.
    seen: Option<Tick>,
}

impl Watch {
    /// To be made after a call that would have blocked; nothing that came since is missed. `None` if the number is
    /// too high.
    pub fn new(fd: RawFd, direction: Direction) -> Option<Self> {
        let foreign = numbers::of(fd)?;
        // Relaxed: published by the registration's lock, which is taken before anybody waits.
        foreign.wanted[direction as usize].fetch_add(1, Ordering::Relaxed);
        Some(Self {
            fd,
            direction,
            foreign,
            seen: None,
        })
    }

    /// What to wait for now.
    fn expected(&mut self) -> Result<Expected<'_>, Refused> {
        if self.foreign.is_closed() {
            *self = Self::new(self.fd, self.direction).ok_or(Refused::Kernel)?;
        }
        let source = &self.foreign.source;
        let seen = match self.seen {
            Some(seen) if source.is_watched() => seen,
            // It has never been registered, or its poller has closed.
            _ => {
                let seen = source.tick(self.direction);
                self.foreign.renew().map_err(|_| Refused::Kernel)?;
                seen
            }
        };
        Ok(Expected::after(source, self.direction, seen))
    }

    /// To be called before the call is made again.
    fn look(&mut self) {
        self.seen = Some(self.foreign.source.tick(self.direction));
    }

    /// Parks the task until the call may go through, or until `deadline`.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn wait(&mut self, deadline: Option<Instant>) -> Result<Waited, Refused> {
        if self.foreign.is_closed() {
            return Err(Refused::Closed);
        }
        let expected = self.expected()?;
        let wait = Wait::begin_for_std().ok_or(Refused::Kernel)?;
        let waited = expected.wait_by(wait, deadline);
        self.look();
        match self.foreign.is_closed() {
            true => Err(Refused::Closed),
            false => Ok(waited),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Relaxed: who still sees it is told too much.
        self.foreign.wanted[self.direction as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

/// [`Watch::wait`] for the first of several; of none, for the deadline. One that is closed meanwhile is as good as
/// ready.
///
/// # Errors
/// [`Refused::Kernel`].
pub fn wait_any(all: &mut [Watch], deadline: Option<Instant>) -> Result<Waited, Refused> {
    let mut cases = all
        .iter_mut()
        .map(|watch| watch.expected().map(Case::from))
        .collect::<Result<Vec<_>, _>>()?;
    let wait = Wait::begin_for_std().ok_or(Refused::Kernel)?;
    let waited = wait_any_by(wait, &mut cases, deadline);
    drop(cases);
    all.iter_mut().for_each(Watch::look);
    Ok(waited)
}
