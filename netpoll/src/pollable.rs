//! Waiting for any descriptor that the system can poll.
//!
//! States of the mode: *untouched*, until the first [`with`](Pollable::with); then *kept*, if the
//! descriptor was in non-blocking mode anyway, or *changed*, and then it is changed back when the
//! [`Pollable`] goes.
//!
//! The poller is given a duplicate, which the [`Pollable`] owns, and all questions are asked by that.
//! So it does not matter whether the descriptor is registered elsewhere, by another `Pollable` for
//! example: a poller takes each descriptor once. Nor can safe code make it ask about another file
//! than it was made for, whatever its `as_fd` answers later.
//!
//! Rejected: changing the mode in `new`. The library whose socket it is may count on the other one.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::ops::BitOr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::readiness::{Attempt, Case, Direction, wait_any};
use crate::socket::Socket;
use crate::sys::{self, mode};

/// What to wait for.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::net::Interest;
///
/// let either = Interest::READABLE | Interest::WRITABLE;
/// assert_ne!(either, Interest::READABLE);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Something can be read or accepted; or reading would find the end, or an error.
    pub const READABLE: Self = Self(1);
    /// Something can be written; or writing would find an error.
    pub const WRITABLE: Self = Self(2);

    /// The direction waited for, if it is one.
    fn direction(self) -> Option<Direction> {
        match self {
            Self::READABLE => Some(Direction::Read),
            Self::WRITABLE => Some(Direction::Write),
            _ => None,
        }
    }
}

/// Either of the two.
impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::READABLE => "READABLE",
            Self::WRITABLE => "WRITABLE",
            _ => "READABLE | WRITABLE",
        })
    }
}

/// Any descriptor, to be waited for without blocking the worker: a pipe, an eventfd, a timer, an
/// inotify instance, the socket of a C library.
///
/// Reading and writing are independent, and several tasks and OS threads may wait at once, through
/// shared references. A `Pollable` whose descriptor can be read or written by a shared reference, as
/// [`File`](std::fs::File) and the ends of a [`pipe`](std::io::pipe) can, is [`Read`] or [`Write`]
/// itself.
///
/// # Blocking mode
///
/// [`readable`](Self::readable) and [`writable`](Self::writable) only ask and leave the descriptor
/// as it is; so they are what to wait by for a library that has its socket in a mode of its own.
/// [`with`](Self::with), reading and writing put it in non-blocking mode, for a call that blocked
/// would block the worker; [`into_inner`](Self::into_inner) and dropping put it back. The mode is
/// that of the open file: duplicates, in other processes too, share it. So share one `Pollable` of a
/// file, in an [`Arc`](std::sync::Arc), rather than making two: the first that goes would put back the
/// mode that the other counts on.
///
/// # Descriptors that are always ready
///
/// Regular files and the like are never waited for: they count as ready, as for `poll(2)`, and calls
/// on them block the OS thread for as long as the disk takes. Use
/// [`blocking`](hueless_runtime::blocking) for them.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use hueless_netpoll::net::Pollable;
///
/// let (reader, mut writer) = std::io::pipe()?;
/// let task = hueless_runtime::spawn(move || -> std::io::Result<String> {
///     let mut text = String::new();
///     Pollable::new(reader)?.read_to_string(&mut text)?;
///     Ok(text)
/// });
/// writer.write_all(b"by a pipe")?;
/// drop(writer);
/// assert_eq!(task.join().unwrap()?, "by a pipe");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pollable<T: AsFd> {
    // Before `io`, to be dropped before it.
    watched: Watched,
    io: T,
}

/// The poller's duplicate of a descriptor.
struct Watched {
    socket: Socket<OwnedFd>,
    mode: AtomicU8,
}

/// Nobody has looked at the mode yet.
const UNTOUCHED: u8 = 0;
/// The descriptor was in non-blocking mode.
const KEPT: u8 = 1;
/// The descriptor was in blocking mode, and is not now.
const CHANGED: u8 = 2;

impl Watched {
    fn ensure_nonblocking(&self) -> io::Result<()> {
        // Relaxed, here and below: the mode is the system's; who sees the note has the effect of
        // the call before it, as everyone has.
        match self.mode.load(Ordering::Relaxed) {
            UNTOUCHED => self.make_nonblocking(),
            _ => Ok(()),
        }
    }

    #[cold]
    fn make_nonblocking(&self) -> io::Result<()> {
        if mode::set_nonblocking(self.socket.io().as_fd())? {
            self.mode.store(CHANGED, Ordering::Relaxed);
        } else {
            // Perhaps by another task, just now. If so it has noted that, or will.
            let _ =
                self.mode
                    .compare_exchange(UNTOUCHED, KEPT, Ordering::Relaxed, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Makes `call` until it does not answer that it would block.
    fn run<R>(&self, interest: Interest, mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
        if let Some(direction) = interest.direction() {
            return self.socket.run(direction, |_| call());
        }
        hueless_runtime::checkpoint();
        loop {
            let expected = [Direction::Read, Direction::Write];
            let expected = expected.map(|direction| self.socket.expect_more(direction));
            match call() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.ensure_told()?;
                    // It does not time out.
                    let _ = wait_any(&mut expected.map(Case::from), None);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                answer => return answer,
            }
        }
    }

    fn wait_until_ready(&self, direction: Direction) -> io::Result<()> {
        self.socket.run(direction, |descriptor| {
            match sys::is_ready(descriptor.as_raw_fd(), direction)? {
                true => Ok(()),
                false => Err(io::ErrorKind::WouldBlock.into()),
            }
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if *self.mode.get_mut() == CHANGED {
            // It fails for no descriptor that was changed before.
            let _ = mode::set_blocking(self.socket.io().as_fd());
        }
    }
}

impl<T: AsFd> Pollable<T> {
    /// Takes over `io`, to wait for the descriptor that it has now. Does not block, and leaves the
    /// descriptor's mode alone.
    ///
    /// # Errors
    /// When there is no descriptor to be had: the poller takes a duplicate.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::Pollable;
    ///
    /// let (reader, _writer) = std::io::pipe()?;
    /// let reader = Pollable::new(reader)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(io: T) -> io::Result<Self> {
        let duplicate = io.as_fd().try_clone_to_owned()?;
        Ok(Self {
            watched: Watched {
                socket: Socket::new(duplicate, mio::Interest::READABLE | mio::Interest::WRITABLE),
                mode: AtomicU8::new(UNTOUCHED),
            },
            io,
        })
    }

    /// Waits until there is something to read, the end among it, or an error to be had. Blocks the
    /// task, not the worker; returns at once as long as that is so, whoever has been told of it
    /// before. Another reader may be first to read.
    ///
    /// # Errors
    /// When the system cannot watch the descriptor.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use hueless_netpoll::net::Pollable;
    ///
    /// let (reader, mut writer) = std::io::pipe()?;
    /// let reader = Pollable::new(reader)?;
    /// writer.write_all(b"ab")?;
    /// for _ in 0..2 {
    ///     reader.readable()?;
    ///     reader.get_ref().read_exact(&mut [0])?;
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn readable(&self) -> io::Result<()> {
        self.watched.wait_until_ready(Direction::Read)
    }

    /// Waits until there is room to write something, or an error to be had. Blocks the task, not the
    /// worker; returns at once as long as that is so. Another writer may be first to write.
    ///
    /// # Errors
    /// When the system cannot watch the descriptor.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    /// use hueless_netpoll::net::Pollable;
    ///
    /// let (_reader, writer) = std::io::pipe()?;
    /// let writer = Pollable::new(writer)?;
    /// writer.writable()?;
    /// writer.get_ref().write_all(b"x")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn writable(&self) -> io::Result<()> {
        self.watched.wait_until_ready(Direction::Write)
    }

    /// Makes `call` again and again, until it answers something other than
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), and waits in between for an event of `interest`.
    /// Blocks the task, not the worker. A call that a signal interrupted is made again at once.
    ///
    /// The first call comes first, so nothing that is there already is waited for. `call` must answer
    /// `WouldBlock` only if the descriptor has, for one interest, nothing more or no room: the next
    /// call is made when that changes. Puts the descriptor in non-blocking mode, until this
    /// `Pollable` goes.
    ///
    /// # Errors
    /// What `call` answers; [`PermissionDenied`](io::ErrorKind::PermissionDenied) if it is to be
    /// waited for what is always ready; what the system says when it cannot watch the descriptor.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use hueless_netpoll::net::{Interest, Pollable};
    ///
    /// let (reader, mut writer) = std::io::pipe()?;
    /// let reader = Pollable::new(reader)?;
    /// let task = hueless_runtime::spawn(move || {
    ///     let mut byte = [0];
    ///     reader.with(Interest::READABLE, |mut pipe| pipe.read(&mut byte))
    /// });
    /// writer.write_all(b"x")?;
    /// assert_eq!(task.join().unwrap()?, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn with<R>(
        &self,
        interest: Interest,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.watched.ensure_nonblocking()?;
        self.watched.run(interest, || call(&self.io))
    }

    /// Makes `call` once, or until a signal does not interrupt it.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub(crate) fn attempt(
        &self,
        direction: Direction,
        mut call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<Attempt<'_, usize>> {
        self.watched.ensure_nonblocking()?;
        // A length of 0: what kind of stream it is, if any, is not known.
        let socket = &self.watched.socket;
        socket.attempt(direction, 0, |_| call(&self.io))
    }

    /// What it was made of. Does not block.
    ///
    /// # Examples
    ///
    /// See [`readable`](Self::readable).
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// Gives back what it was made of, watched no more and in the mode that it had. Does not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use hueless_netpoll::net::Pollable;
    ///
    /// let (reader, mut writer) = std::io::pipe()?;
    /// let mut reader = Pollable::new(reader)?;
    /// writer.write_all(b"ab")?;
    /// reader.read_exact(&mut [0])?;
    /// // A std pipe again, which blocks its thread.
    /// reader.into_inner().read_exact(&mut [0])?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_inner(self) -> T {
        let Self { watched, io } = self;
        drop(watched);
        io
    }
}

/// Reading blocks the task, not the worker; see [`with`](Pollable::with).
impl<T: AsFd> Read for &Pollable<T>
where
    for<'a> &'a T: Read,
{
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.with(Interest::READABLE, |mut io| io.read(buf))
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.with(Interest::READABLE, |mut io| io.read_vectored(bufs))
    }
}

/// As for `&Pollable`.
impl<T: AsFd> Read for Pollable<T>
where
    for<'a> &'a T: Read,
{
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

/// Writing and flushing block the task, not the worker; see [`with`](Pollable::with).
impl<T: AsFd> Write for &Pollable<T>
where
    for<'a> &'a T: Write,
{
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.with(Interest::WRITABLE, |mut io| io.write(buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with(Interest::WRITABLE, |mut io| io.write_vectored(bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with(Interest::WRITABLE, |mut io| io.flush())
    }
}

/// As for `&Pollable`.
impl<T: AsFd> Write for Pollable<T>
where
    for<'a> &'a T: Write,
{
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}

/// That of what it was made of.
impl<T: AsFd> AsFd for Pollable<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Pollable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pollable").field(&self.io).finish()
    }
}
