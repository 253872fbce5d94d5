//! Operations that do not wait, for those who wait for several things.

use std::io;
use std::os::fd::AsFd;

use super::Socket;
use crate::readiness::{Direction, Expected, Tick};

impl<T: AsFd> Socket<T> {
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
