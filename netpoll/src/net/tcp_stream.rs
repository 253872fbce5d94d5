//! `TcpStream`: connecting, reading and writing. Its settings are in `tcp_options.rs`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use mio::Interest;

use crate::net::ToSocketAddrs;
use crate::net::connect;
use crate::readiness::Direction;
use crate::shared::zero_timeout;
use crate::socket::Socket;

/// A TCP connection; [`std::net::TcpStream`] for tasks.
///
/// Reading and writing are independent: one task may read while another writes, through shared
/// references (`Read` and `Write` are implemented for `&TcpStream` too) or through
/// [`try_clone`](Self::try_clone). Several tasks may even wait in the same direction; which of them
/// gets which bytes is not said.
///
/// Dropping it closes the connection, unless there are clones. [`close`](Self::close) ends it while
/// others use it.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use hueless_netpoll::net::{Shutdown, TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut client = TcpStream::connect(listener.local_addr()?)?;
/// let (mut server, _) = listener.accept()?;
///
/// server.write_all(b"good morning")?;
/// server.shutdown(Shutdown::Write)?;
///
/// let mut text = String::new();
/// client.read_to_string(&mut text)?;
/// assert_eq!(text, "good morning");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpStream {
    pub(super) socket: Socket<net::TcpStream>,
}

/// What a stream is waited for. Urgent data among it, for a read ends before that although more
/// follows: see `source`'s exhaustion.
#[cfg(target_os = "linux")]
const BOTH: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);
/// What a stream is waited for.
#[cfg(not(target_os = "linux"))]
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

impl TcpStream {
    pub(super) fn from_nonblocking(stream: net::TcpStream) -> Self {
        Self {
            socket: Socket::new(stream, BOTH),
        }
    }

    /// For what moves bytes between streams.
    pub(crate) fn socket(&self) -> &Socket<net::TcpStream> {
        &self.socket
    }

    pub(super) fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let (read, write) = (stream.read_timeout()?, stream.write_timeout()?);
        let stream = Self::from_nonblocking(stream);
        stream.set_read_timeout(read)?;
        stream.set_write_timeout(write)?;
        Ok(stream)
    }

    pub(super) fn into_std(self) -> io::Result<net::TcpStream> {
        let (read, write) = (self.read_timeout()?, self.write_timeout()?);
        let stream = self.socket.into_io();
        stream.set_read_timeout(read)?;
        stream.set_write_timeout(write)?;
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    /// Connects to the first address of `addr` that answers. Blocks the task, not the worker, for
    /// as long as the system goes on trying; looking up a name does likewise.
    ///
    /// Several addresses are tried in their order, but IPv6 and IPv4 take turns. Where std waits
    /// until the system gives up an address, which may take minutes, the next is tried beside it
    /// after 250 ms (RFC 8305, "Happy Eyeballs"): the first to connect wins, the other attempts are
    /// closed.
    ///
    /// # Errors
    /// That of the last attempt to fail, or an earlier one if the last says no more than that this
    /// machine has no way to such an address. `InvalidInput` if there is no address.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<Self> {
        connect::connect(addr)
    }

    /// Connects to `addr` within `timeout`. Blocks the task, not the worker.
    ///
    /// # Errors
    /// `TimedOut` when the time is up, `InvalidInput` for a time-out of zero, or what the system
    /// says.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect_timeout(&listener.local_addr()?, Duration::from_secs(5))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect_timeout(addr: &SocketAddr, timeout: Duration) -> io::Result<Self> {
        if timeout.is_zero() {
            return Err(zero_timeout());
        }
        connect::connect_until(addr, Instant::now().checked_add(timeout))
    }

    /// The address of the other end. Does not block.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended, on some systems.
    ///
    /// # Examples
    ///
    /// See [`connect`](Self::connect).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().peer_addr()
    }

    /// The address of this end. Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// assert!(stream.local_addr()?.ip().is_loopback());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().local_addr()
    }

    /// Ends the reading side, the writing side or both. The peer sees the end of the stream once
    /// the writing side has ended. Those who wait go on: readers with the end of the stream,
    /// writers with [`BrokenPipe`](io::ErrorKind::BrokenPipe). Does not block.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    /// use hueless_netpoll::net::{Shutdown, TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.shutdown(Shutdown::Both)?;
    /// assert_eq!(stream.read(&mut [0])?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.io().shutdown(how)
    }

    /// Closes the connection for all its handles: whoever waits to read or write, and whoever tries
    /// later, gets an error that [`is_closed`](crate::net::is_closed) recognises. Does not block.
    ///
    /// What has been written is still sent. The descriptor is closed when the last handle is
    /// dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    /// use hueless_netpoll::net::{self, TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.close();
    /// assert!(net::is_closed(&stream.read(&mut [0]).unwrap_err()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn close(&self) {
        self.socket.close();
    }

    /// Makes another handle of the same connection. Does not block.
    ///
    /// The clone has its own descriptor and is waited on by itself. The settings are the
    /// connection's, so they hold for all handles, and so does [`close`](Self::close).
    ///
    /// # Errors
    /// When there is no descriptor to be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let reader = TcpStream::connect(listener.local_addr()?)?;
    /// let writer = reader.try_clone()?;
    /// assert_eq!(reader.local_addr()?, writer.local_addr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            socket: self
                .socket
                .with_duplicate(self.socket.io().try_clone()?, BOTH),
        })
    }

    /// Reads without taking what is read: the next read finds it again. Blocks the task, not the
    /// worker, until there is something.
    ///
    /// # Errors
    /// As reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut client = TcpStream::connect(listener.local_addr()?)?;
    /// let (mut server, _) = listener.accept()?;
    /// client.write_all(b"x")?;
    ///
    /// let mut byte = [0];
    /// assert_eq!(server.peek(&mut byte)?, 1);
    /// assert_eq!(server.read(&mut byte)?, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        // A length of 0: what is peeked at is not taken, so it exhausts nothing.
        self.socket.read(0, |stream| stream.peek(buf))
    }
}

/// Reading blocks the task, not the worker, until there is something, the peer has ended its side
/// (`Ok(0)`), or the [read time-out](TcpStream::set_read_timeout) is over (`WouldBlock`).
impl Read for &TcpStream {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buf.len(), |mut stream| stream.read(buf))
    }

    #[inline]
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.socket
            .read(len, |mut stream| stream.read_vectored(bufs))
    }
}

/// As for `&TcpStream`.
impl Read for TcpStream {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    #[inline]
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

/// Writing blocks the task, not the worker, until there is room for something, the connection has
/// ended (`BrokenPipe`, `ConnectionReset`), or the
/// [write time-out](TcpStream::set_write_timeout) is over (`WouldBlock`). Flushing does nothing.
impl Write for &TcpStream {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.socket
            .transfer(Direction::Write, buf.len(), |mut stream| stream.write(buf))
    }

    #[inline]
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.socket.transfer(Direction::Write, len, |mut stream| {
            stream.write_vectored(bufs)
        })
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As for `&TcpStream`.
impl Write for TcpStream {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    #[inline]
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prints what [`std::net::TcpStream`] prints.
impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.io().as_fd()
    }
}
