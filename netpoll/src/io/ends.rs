//! What bytes flow between: ends that can be asked without waiting.
//!
//! Which ends there are: sockets, a [`Pollable`]'s descriptor, the ends of a duplex pipe. A descriptor
//! can be spliced; where an end cannot, its refusal is what the system's would be.

use std::io::{self, Read, Write};
use std::net::{self, Shutdown};
use std::os::fd::AsFd;
use std::os::unix;
use std::time::Instant;

use crate::net::Pollable;
use crate::readiness::{Attempt, Direction};
use crate::socket::{Bytes, Socket};
use crate::sys::splice::Pipe;

/// What an input and an output have in common.
pub(crate) trait End {
    /// When a wait in `direction` that begins now has to end.
    fn deadline(&self, direction: Direction) -> Option<Instant> {
        let _ = direction;
        None
    }

    /// Whether operations answer `WouldBlock` where they would wait.
    fn is_nonblocking(&self) -> bool {
        false
    }

    /// Whether it is worth a pipe to try to splice.
    fn can_splice(&self) -> bool {
        false
    }
}

/// What can be read from without waiting. Answers 0 at the end.
pub(crate) trait Input: End {
    /// Reads, or spares the call, if it `may_spare` one that is known to block by what has been told.
    fn attempt_read(&self, buf: &mut [u8], may_spare: bool) -> io::Result<Attempt<'_, usize>>;

    /// Moves what there is into the pipe.
    fn attempt_fill(&self, pipe: &mut Pipe) -> io::Result<Attempt<'_, usize>> {
        let _ = pipe;
        Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP))
    }
}

/// What can be written to without waiting.
pub(crate) trait Output: End {
    /// Writes, or spares the call, if it `may_spare` one that is known to block by what has been told.
    fn attempt_write(&self, buf: &[u8], may_spare: bool) -> io::Result<Attempt<'_, usize>>;

    /// Moves on what the pipe holds.
    fn attempt_drain(&self, pipe: &mut Pipe) -> io::Result<Attempt<'_, usize>> {
        let _ = pipe;
        Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP))
    }
}

/// Both, with an end to what is written.
pub(crate) trait Ends: Input + Output {
    /// Says that nothing more will be written.
    fn end_output(&self) -> io::Result<()>;
}

impl<T: AsFd> End for Socket<T> {
    fn deadline(&self, direction: Direction) -> Option<Instant> {
        self.shared().deadline(direction)
    }

    fn is_nonblocking(&self) -> bool {
        self.shared().is_nonblocking()
    }

    fn can_splice(&self) -> bool {
        true
    }
}

impl<T: AsFd + Bytes> Input for Socket<T>
where
    for<'a> &'a T: Read,
{
    fn attempt_read(&self, buf: &mut [u8], may_spare: bool) -> io::Result<Attempt<'_, usize>> {
        let len = if may_spare { buf.len() } else { 0 };
        self.attempt_read(len, |mut io| io.read(buf))
    }

    fn attempt_fill(&self, pipe: &mut Pipe) -> io::Result<Attempt<'_, usize>> {
        // It may end before all that is there, when the pipe has no place for more pieces.
        self.attempt_read(0, |io| pipe.fill(io.as_fd()))
    }
}

impl<T: AsFd + Bytes> Output for Socket<T>
where
    for<'a> &'a T: Write,
{
    fn attempt_write(&self, buf: &[u8], may_spare: bool) -> io::Result<Attempt<'_, usize>> {
        let len = if may_spare { buf.len() } else { 0 };
        self.attempt(Direction::Write, len, |mut io| io.write(buf))
    }

    fn attempt_drain(&self, pipe: &mut Pipe) -> io::Result<Attempt<'_, usize>> {
        self.attempt(Direction::Write, 0, |io| pipe.drain(io.as_fd()))
    }
}

impl Ends for Socket<net::TcpStream> {
    fn end_output(&self) -> io::Result<()> {
        self.io().shutdown(Shutdown::Write)
    }
}

impl Ends for Socket<unix::net::UnixStream> {
    fn end_output(&self) -> io::Result<()> {
        self.io().shutdown(Shutdown::Write)
    }
}

impl<T: AsFd> End for Pollable<T> {
    fn can_splice(&self) -> bool {
        true
    }
}

impl<T: AsFd> Input for Pollable<T>
where
    for<'a> &'a T: Read,
{
    fn attempt_read(&self, buf: &mut [u8], _: bool) -> io::Result<Attempt<'_, usize>> {
        self.attempt(Direction::Read, |mut io| io.read(buf))
    }

    fn attempt_fill(&self, pipe: &mut Pipe) -> io::Result<Attempt<'_, usize>> {
        self.attempt(Direction::Read, |io| pipe.fill(io.as_fd()))
    }
}

impl<T: AsFd> Output for Pollable<T>
where
    for<'a> &'a T: Write,
{
    fn attempt_write(&self, buf: &[u8], _: bool) -> io::Result<Attempt<'_, usize>> {
        self.attempt(Direction::Write, |mut io| io.write(buf))
    }

    fn attempt_drain(&self, pipe: &mut Pipe) -> io::Result<Attempt<'_, usize>> {
        self.attempt(Direction::Write, |io| pipe.drain(io.as_fd()))
    }
}
