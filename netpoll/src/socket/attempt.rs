//! Operations that do not wait, for those who wait for several things.

use std::io;
use std::os::fd::AsFd;

use super::{Bytes, Socket};
use crate::closed::closed;
use crate::readiness::{Attempt, Direction, Expected, Tick};

impl<T: AsFd> Socket<T> {
    /// Makes `call`, which transfers up to `len` bytes of a stream, until a signal does not interrupt
    /// it. If there were fewer, the next such call is spared where it would block, which the
    /// [type](Bytes) says; with a `len` of 0 no call is spared, now or next. Does not wait; events are told from then on if it would.
    ///
    /// # Errors
    /// What `call` answers; when events cannot be told.
    pub(crate) fn attempt(
        &self,
        direction: Direction,
        len: usize,
        call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<Attempt<'_, usize>>
    where
        T: Bytes,
    {
        let attempt = self.turn(direction, len > 0, self.noting(direction, len, call))?;
        if let Attempt::Blocked(_) = attempt {
            self.ensure_told()?;
        }
        Ok(attempt)
    }

    /// [`attempt`](Self::attempt) to read, where 0 says that the stream has ended: after a `close`,
    /// that end is none of the peer's.
    pub(crate) fn attempt_read(
        &self,
        len: usize,
        call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<Attempt<'_, usize>>
    where
        T: Bytes,
    {
        match self.attempt(Direction::Read, len, call)? {
            Attempt::Done(0) if self.shared().is_closed() => Err(closed()),
            attempt => Ok(attempt),
        }
    }

    /// What to wait for if a call of `direction` that follows would block.
    pub(crate) fn expect_more(&self, direction: Direction) -> Expected<'_> {
        Expected::next(&self.handle.0, direction)
    }

    /// [`expect_more`](Self::expect_more), with the tick that was seen then.
    pub(crate) fn expect_after(&self, direction: Direction, seen: Tick) -> Expected<'_> {
        Expected::after(&self.handle.0, direction, seen)
    }

    /// Sees to it that events are told; to be called before waiting for them.
    ///
    /// # Errors
    /// When the system refuses, or there can be no poller.
    pub(crate) fn ensure_told(&self) -> io::Result<()> {
        self.handle.0.ensure_registered()
    }
}
