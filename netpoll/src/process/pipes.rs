//! The ends of a child's pipes that this process holds.
//!
//! A pipe's ends are two objects of the system, so the mode of this end does not touch the child's.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::process::{self, Stdio};

use mio::Interest;
use mio::unix::pipe::{Receiver, Sender};

use crate::readiness::Direction;
use crate::socket::Socket;

/// The writing end of a child's standard input; [`std::process::ChildStdin`] for tasks.
///
/// Dropping it closes it, and the child reads the end of its input.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use hueless_netpoll::process::{Command, Stdio};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// child.stdin.take().unwrap().write_all(b"meow")?;
/// assert_eq!(child.wait_with_output()?.stdout, b"meow");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ChildStdin {
    socket: Socket<Sender>,
}

/// The reading end of a child's standard output; [`std::process::ChildStdout`] for tasks.
///
/// Dropping it closes it: a child that goes on to write gets `SIGPIPE`.
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, BufReader};
/// use hueless_netpoll::process::{Command, Stdio};
///
/// let mut child = Command::new("seq").arg("3").stdout(Stdio::piped()).spawn()?;
/// let stdout = child.stdout.take().unwrap();
/// let lines: Vec<_> = BufReader::new(stdout).lines().collect::<Result<_, _>>()?;
/// assert_eq!(lines, ["1", "2", "3"]);
/// assert!(child.wait()?.success());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ChildStdout {
    pub(super) socket: Socket<Receiver>,
}

/// The reading end of a child's standard error; [`std::process::ChildStderr`] for tasks.
///
/// Dropping it closes it: a child that goes on to write gets `SIGPIPE`.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::process::Command;
///
/// let output = Command::new("sh").args(["-c", "echo oh >&2"]).output()?;
/// assert_eq!(output.stderr, b"oh\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ChildStderr {
    pub(super) socket: Socket<Receiver>,
}

/// What each of them has: conversions, and the descriptor.
macro_rules! pipe {
    ($name:ident, $io:ty, $interest:expr) => {
        impl $name {
            /// Puts `pipe` in non-blocking mode.
            pub(super) fn from_std(pipe: process::$name) -> io::Result<Self> {
                let io = <$io>::from(pipe);
                io.set_nonblocking(true)?;
                Ok(Self {
                    socket: Socket::new(io, $interest),
                })
            }
        }

        /// Puts the pipe in non-blocking mode.
        ///
        /// # Panics
        /// If the system refuses that, which it does for no pipe.
        impl From<process::$name> for $name {
            fn from(pipe: process::$name) -> Self {
                Self::from_std(pipe).expect("the descriptor is no usable pipe")
            }
        }

        /// By way of std's type.
        impl From<OwnedFd> for $name {
            fn from(descriptor: OwnedFd) -> Self {
                process::$name::from(descriptor).into()
            }
        }

        /// Puts the pipe in blocking mode.
        ///
        /// # Panics
        /// If the system refuses that, which it does for no pipe.
        impl From<$name> for OwnedFd {
            fn from(pipe: $name) -> Self {
                let io = pipe.socket.into_io();
                io.set_nonblocking(false)
                    .expect("the descriptor is no usable pipe");
                io.into()
            }
        }

        /// Puts the pipe in blocking mode.
        ///
        /// # Panics
        /// If the system refuses that, which it does for no pipe.
        impl From<$name> for process::$name {
            fn from(pipe: $name) -> Self {
                OwnedFd::from(pipe).into()
            }
        }

        /// For another child to use; puts the pipe in blocking mode.
        ///
        /// # Panics
        /// If the system refuses that, which it does for no pipe.
        impl From<$name> for Stdio {
            fn from(pipe: $name) -> Self {
                OwnedFd::from(pipe).into()
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.socket.io().as_fd()
            }
        }

        impl AsRawFd for $name {
            fn as_raw_fd(&self) -> RawFd {
                self.as_fd().as_raw_fd()
            }
        }

        /// By way of [`OwnedFd`].
        impl IntoRawFd for $name {
            fn into_raw_fd(self) -> RawFd {
                OwnedFd::from(self).into_raw_fd()
            }
        }
    };
}

pipe!(ChildStdin, Sender, Interest::WRITABLE);
pipe!(ChildStdout, Receiver, Interest::READABLE);
pipe!(ChildStderr, Receiver, Interest::READABLE);

/// Writing blocks the task, not the worker, until there is room for something, or nobody has the
/// reading end any more (`BrokenPipe`). Flushing does nothing.
impl Write for &ChildStdin {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.socket
            .transfer(Direction::Write, buf.len(), |mut pipe| pipe.write(buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.socket
            .transfer(Direction::Write, len, |mut pipe| pipe.write_vectored(bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As for `&ChildStdin`.
impl Write for ChildStdin {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `Read` for one of the reading ends.
macro_rules! read {
    ($name:ident) => {
        /// Reading blocks the task, not the worker, until there is something, or nobody has the
        /// writing end any more (`Ok(0)`): neither the child nor a process it has handed it to.
        impl Read for $name {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.socket.read(buf.len(), |mut pipe| pipe.read(buf))
            }

            fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                let len = bufs.iter().map(|buf| buf.len()).sum();
                self.socket.read(len, |mut pipe| pipe.read_vectored(bufs))
            }
        }
    };
}

read!(ChildStdout);
read!(ChildStderr);
