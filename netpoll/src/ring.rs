//! A pipe in memory, of one direction.
//!
//! A ring of bytes behind a lock, and a [`Readiness`] by which those who find it empty or full wait,
//! as for a descriptor; here the ends tell each other of events themselves.
//!
//! Protocol: an operation reads its direction's tick, then looks under the ring's lock. Whoever makes
//! an empty ring hold something, a full one have room, or ends a side tells that after unlocking. An
//! operation that has found nothing has read its tick before, so either it is told or its tick is
//! old. What comes into a ring that is not empty need not be told: nobody waits there that the one
//! who filled it first has not told, or will.
//!
//! Invariant: the lock is held for [`MOST_AT_ONCE`] bytes at most, a microsecond or so, since those who
//! want it meanwhile spin.
//!
//! The loom model is in `ring/loom_tests.rs`.

use std::io;
use std::panic::RefUnwindSafe;

use hueless_runtime::park::{ClaimedList, Lock};

use crate::readiness::{Attempt, Direction, Edges, Expected, Readiness};

#[cfg(all(test, loom))]
mod loom_tests;

/// The most bytes that one operation transfers.
const MOST_AT_ONCE: usize = 16 * 1024;

/// One direction of a duplex pipe.
pub(crate) struct Ring {
    state: Lock<State>,
    readiness: Readiness,
}

// No panic leaves it half changed: nothing under its lock can panic.
impl RefUnwindSafe for Ring {}

/// What the lock guards.
struct State {
    room: Box<[u8]>,
    /// Where the first byte lies.
    start: usize,
    /// How many bytes there are, from `start` on and round the end.
    len: usize,
    /// Nothing more will be written.
    ended: bool,
    /// Nobody will read.
    abandoned: bool,
}

impl Ring {
    /// An empty ring with room for `capacity` bytes.
    pub(crate) fn new(capacity: usize) -> Self {
        let readiness = Readiness::new();
        readiness.begin_watch();
        Self {
            state: Lock::new(State {
                room: vec![0; capacity].into_boxed_slice(),
                start: 0,
                len: 0,
                ended: false,
                abandoned: false,
            }),
            readiness,
        }
    }

    /// Takes bytes out, 0 at the end.
    pub(crate) fn attempt_read(&self, buf: &mut [u8]) -> Attempt<'_, usize> {
        let expected = Expected::next(&self.readiness, Direction::Read);
        let mut state = self.state.lock();
        if state.len == 0 && !state.ended && !state.abandoned && !buf.is_empty() {
            return Attempt::Blocked(expected);
        }
        let was_full = state.len == state.room.len();
        let read = state.take(buf);
        drop(state);
        if was_full && read > 0 {
            self.tell(Direction::Write);
        }
        Attempt::Done(read)
    }

    /// Puts bytes in.
    ///
    /// # Errors
    /// `BrokenPipe` when nobody will read them, or one end has said that it writes no more.
    pub(crate) fn attempt_write(&self, buf: &[u8]) -> io::Result<Attempt<'_, usize>> {
        let expected = Expected::next(&self.readiness, Direction::Write);
        let mut state = self.state.lock();
        if state.ended || state.abandoned {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if state.len == state.room.len() && !buf.is_empty() {
            return Ok(Attempt::Blocked(expected));
        }
        let was_empty = state.len == 0;
        let written = state.put(buf);
        drop(state);
        if was_empty && written > 0 {
            self.tell(Direction::Read);
        }
        Ok(Attempt::Done(written))
    }

    /// Ends it: those who read get what is there, then the end.
    pub(crate) fn end(&self) {
        self.state.lock().ended = true;
        self.readiness.wake_all();
    }

    /// Gives up what is there and what may come: those who write are told, those who read get the end.
    pub(crate) fn abandon(&self) {
        let mut state = self.state.lock();
        state.abandoned = true;
        state.len = 0;
        drop(state);
        self.readiness.wake_all();
    }

    fn tell(&self, direction: Direction) {
        let edges = Edges {
            read: direction == Direction::Read,
            write: direction == Direction::Write,
            special: false,
        };
        let mut woken = ClaimedList::default();
        self.readiness.tell(edges, &mut woken);
        // Dropping the list readies its waiters.
    }
}

impl State {
    fn take(&mut self, buf: &mut [u8]) -> usize {
        let count = self.len.min(buf.len()).min(MOST_AT_ONCE);
        let (buf, until_end) = (&mut buf[..count], self.room.len() - self.start);
        let (first, second) = buf.split_at_mut(count.min(until_end));
        first.copy_from_slice(&self.room[self.start..][..first.len()]);
        second.copy_from_slice(&self.room[..second.len()]);
        self.start = self.wrap(self.start + count);
        self.len -= count;
        count
    }

    fn put(&mut self, buf: &[u8]) -> usize {
        let count = (self.room.len() - self.len)
            .min(buf.len())
            .min(MOST_AT_ONCE);
        let end = self.wrap(self.start + self.len);
        let (first, second) = buf[..count].split_at(count.min(self.room.len() - end));
        self.room[end..][..first.len()].copy_from_slice(first);
        self.room[..second.len()].copy_from_slice(second);
        self.len += count;
        count
    }

    /// `place`, which is less than twice the length, where it lies in the ring.
    fn wrap(&self, place: usize) -> usize {
        match place.checked_sub(self.room.len()) {
            None => place,
            Some(wrapped) => wrapped,
        }
    }
}
