//! One direction between two ends: what is under way, and what it waits for.
//!
//! A flow is advanced by turns, none of which waits; so one task can see to several, and a task that
//! is cancelled leaves nobody behind who still uses the ends.
//!
//! States of what is under way:
//! - *nothing*: the next turn reads.
//! - *in the buffer*, or *in the pipe*: the next turn writes, until nothing is left.
//!
//! A flow begins with a small buffer. A read that fills it makes the next one large, and one that
//! fills that makes the flow splice, by way of a pipe, if both ends can. A flow that has to wait with
//! nothing under way, or has ended, gives up buffer and pipe, so that ten thousand of them hold neither memory nor
//! descriptors, and begins again with a buffer of the size that it had.
//!
//! Rejected: keeping the pipe while it waits, or a stock of pipes. Connections that are idle would
//! take descriptors that others need to be accepted; and an input that is slower than the flow is
//! served well enough by the buffer.

use std::io;
use std::ops::Range;
use std::time::Instant;

use crate::io::ends::{End, Input, Output};
use crate::readiness::{Attempt, Direction, Expected};
use crate::sys::splice::{Pipe, is_refusal};

/// Sizes of the buffer: at first, and once a read has filled that.
pub(crate) const SMALL: usize = 8 * 1024;
pub(crate) const LARGE: usize = 64 * 1024;

/// Bytes on their way from `input` to `output`.
pub(crate) struct Flow<'a> {
    input: &'a dyn Input,
    output: &'a dyn Output,
    copied: u64,
    /// Empty, or of `size`.
    buffer: Vec<u8>,
    /// The part of the buffer that is under way.
    filled: Range<usize>,
    /// How large the next buffer is.
    size: usize,
    pipe: Option<Pipe>,
    /// Whether a pipe is worth a try: both ends splice, as far as is known.
    splices: bool,
    blocked: Option<Blocked<'a>>,
    ended: bool,
}

/// What a flow waits for.
#[derive(Clone, Copy)]
pub(crate) struct Blocked<'a> {
    pub(crate) expected: Expected<'a>,
    /// When the end's time-out is over.
    pub(crate) until: Option<Instant>,
}

impl Blocked<'_> {
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }

    /// Waits, without an answer: the next turn sees what has come of it.
    pub(crate) fn wait(&self) {
        let _ = self.expected.wait(self.until);
    }
}

/// What came of a turn.
pub(crate) enum Turn<'a> {
    /// Something has moved.
    Moved,
    /// Nothing moves before this has come.
    Blocked(Blocked<'a>),
    /// The input has ended, and all of it is written.
    Ended,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(input: &'a dyn Input, output: &'a dyn Output) -> Self {
        Self {
            input,
            output,
            copied: 0,
            buffer: Vec::new(),
            filled: 0..0,
            size: SMALL,
            pipe: None,
            splices: input.can_splice() && output.can_splice(),
            blocked: None,
            ended: false,
        }
    }

    /// How many bytes have been written.
    pub(crate) fn copied(&self) -> u64 {
        self.copied
    }

    /// Makes the next call, unless it is known to block.
    ///
    /// # Errors
    /// What the ends answer; `WouldBlock` when a wait's time is up. The flow is of no use then.
    pub(crate) fn turn(&mut self) -> io::Result<Turn<'a>> {
        if self.ended {
            return Ok(Turn::Ended);
        }
        // Whether this is the last call: after a time-out it may still find what came too late to be
        // told of.
        let last = self.blocked.is_some_and(|blocked| blocked.is_over());
        if let Some(blocked) = self.blocked
            && !last
            && !blocked.expected.has_come()
        {
            return Ok(Turn::Blocked(blocked));
        }
        let direction = match self.is_under_way() {
            true => Direction::Write,
            false => Direction::Read,
        };
        let attempt = match direction {
            Direction::Read => self.read(!last)?,
            Direction::Write => self.write(!last)?,
        };
        match attempt {
            Attempt::Done(()) => {
                self.blocked = None;
                Ok(match self.ended {
                    true => Turn::Ended,
                    false => Turn::Moved,
                })
            }
            Attempt::Blocked(expected) => self.block(direction, expected, last),
        }
    }

    fn is_under_way(&self) -> bool {
        !self.filled.is_empty() || self.pipe.as_ref().is_some_and(|pipe| pipe.held() > 0)
    }

    fn read(&mut self, may_spare: bool) -> io::Result<Attempt<'a, ()>> {
        let attempt = match &mut self.pipe {
            Some(pipe) => match self.input.attempt_fill(pipe) {
                Err(error) if is_refusal(&error) => {
                    self.stop_splicing();
                    return Ok(Attempt::Done(()));
                }
                attempt => attempt?,
            },
            None => {
                self.buffer.resize(self.size, 0);
                let attempt = self.input.attempt_read(&mut self.buffer, may_spare)?;
                if let Attempt::Done(read) = attempt {
                    self.filled = 0..read;
                }
                attempt
            }
        };
        self.ended = matches!(attempt, Attempt::Done(0));
        if self.ended || matches!(attempt, Attempt::Blocked(_)) {
            self.buffer = Vec::new();
            self.pipe = None;
        }
        Ok(match attempt {
            Attempt::Blocked(expected) => Attempt::Blocked(expected),
            Attempt::Done(_) => Attempt::Done(()),
        })
    }

    fn write(&mut self, may_spare: bool) -> io::Result<Attempt<'a, ()>> {
        let attempt = match &mut self.pipe {
            Some(pipe) if pipe.held() > 0 => match self.output.attempt_drain(pipe) {
                Err(error) if is_refusal(&error) => {
                    self.buffer = pipe.take()?;
                    self.filled = 0..self.buffer.len();
                    self.stop_splicing();
                    return Ok(Attempt::Done(()));
                }
                attempt => attempt?,
            },
            _ => {
                let rest = &self.buffer[self.filled.clone()];
                let attempt = self.output.attempt_write(rest, may_spare)?;
                if let Attempt::Done(written) = attempt {
                    self.filled.start += written;
                    if self.filled.is_empty() {
                        self.grow();
                    }
                }
                attempt
            }
        };
        match attempt {
            Attempt::Blocked(expected) => Ok(Attempt::Blocked(expected)),
            Attempt::Done(0) => Err(io::Error::new(
                io::ErrorKind::WriteZero,
                "failed to write whole buffer",
            )),
            Attempt::Done(written) => {
                self.copied += written as u64;
                Ok(Attempt::Done(()))
            }
        }
    }

    /// Provides for more bytes at a time, if the last read has filled the buffer, which is written.
    fn grow(&mut self) {
        if self.filled.end < self.size {
            return;
        }
        if self.size < LARGE {
            self.size = LARGE;
        } else if self.splices {
            self.pipe = Pipe::new().ok();
            if self.pipe.is_some() {
                self.buffer = Vec::new();
            }
        }
    }

    fn stop_splicing(&mut self) {
        self.pipe = None;
        self.splices = false;
    }

    /// Notes what to wait for, unless that was waited for in vain, or is not to be waited for.
    fn block(
        &mut self,
        direction: Direction,
        expected: Expected<'a>,
        last: bool,
    ) -> io::Result<Turn<'a>> {
        let end: &dyn End = match direction {
            Direction::Read => self.input,
            Direction::Write => self.output,
        };
        if last || end.is_nonblocking() {
            return Err(io::Error::from_raw_os_error(libc::EAGAIN));
        }
        let until = match self.blocked {
            // It was told for nothing, and its time goes on.
            Some(blocked) => blocked.until,
            None => end.deadline(direction),
        };
        let blocked = Blocked { expected, until };
        self.blocked = Some(blocked);
        Ok(Turn::Blocked(blocked))
    }
}

#[cfg(test)]
mod tests;
