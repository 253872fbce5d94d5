//! A `TcpStream`'s settings. They belong to the connection and hold for all its handles.

use std::io;
#[cfg(target_os = "linux")]
use std::os::linux::net::TcpStreamExt;
use std::time::Duration;

use crate::net::TcpStream;
use crate::readiness::Direction;

impl TcpStream {
    /// Limits how long a read waits: after `timeout` it fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), as with std on Unix. `None`, the initial state, is
    /// no limit. Holds for reads that begin to wait later, on all handles, and for each of them by
    /// itself: one that waits already goes on to wait as it has begun. To end that one, use
    /// [`close`](Self::close) or [`shutdown`](Self::shutdown). Does not block.
    ///
    /// # Errors
    /// `InvalidInput` for a time-out of zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    /// assert_eq!(stream.read_timeout()?, Some(Duration::from_secs(5)));
    /// assert!(stream.set_read_timeout(Some(Duration::ZERO)).is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.shared().set_timeout(Direction::Read, timeout)
    }

    /// Limits how long a write waits: after `timeout` it fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), as with std on Unix. `None`, the initial state, is
    /// no limit. Holds for writes that begin to wait later, on all handles, and for each of them by
    /// itself: one that waits already goes on to wait as it has begun. To end that one, use
    /// [`close`](Self::close) or [`shutdown`](Self::shutdown). Does not block.
    ///
    /// # Errors
    /// `InvalidInput` for a time-out of zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    /// assert_eq!(stream.write_timeout()?, Some(Duration::from_secs(5)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.shared().set_timeout(Direction::Write, timeout)
    }

    /// How long a read waits at most; see [`set_read_timeout`](Self::set_read_timeout). Does not
    /// block.
    ///
    /// # Errors
    /// None; the `Result` is std's.
    ///
    /// # Examples
    ///
    /// See [`set_read_timeout`](Self::set_read_timeout).
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.shared().timeout(Direction::Read))
    }

    /// How long a write waits at most; see [`set_write_timeout`](Self::set_write_timeout). Does not
    /// block.
    ///
    /// # Errors
    /// None; the `Result` is std's.
    ///
    /// # Examples
    ///
    /// See [`set_write_timeout`](Self::set_write_timeout).
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.socket.shared().timeout(Direction::Write))
    }

    /// Makes reads and writes fail with `WouldBlock` where they would wait. Does not block.
    ///
    /// The system's mode is not touched: the descriptor is in non-blocking mode always.
    ///
    /// # Errors
    /// None; the `Result` is std's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{ErrorKind, Read};
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nonblocking(true)?;
    /// assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket.shared().set_nonblocking(nonblocking);
        Ok(())
    }

    /// Sends small writes at once instead of collecting them (`TCP_NODELAY`). Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.io().set_nodelay(nodelay)
    }

    /// Whether small writes are sent at once; see [`set_nodelay`](Self::set_nodelay). Does not
    /// block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`set_nodelay`](Self::set_nodelay).
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.io().nodelay()
    }

    /// Makes Linux acknowledge what it receives at once (`TCP_QUICKACK`), as long as it sees fit: it
    /// may go back to delaying acknowledgements by itself. Does not block.
    ///
    /// With std this is a method of `std::os::linux::net::TcpStreamExt`.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_quickack(false)?;
    /// assert!(!stream.quickack()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(target_os = "linux")]
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        self.socket.io().set_quickack(quickack)
    }

    /// Whether what is received is acknowledged at once; see [`set_quickack`](Self::set_quickack).
    /// Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`set_quickack`](Self::set_quickack).
    #[cfg(target_os = "linux")]
    pub fn quickack(&self) -> io::Result<bool> {
        self.socket.io().quickack()
    }

    /// Sets the time to live of the packets sent (`IP_TTL`). Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_ttl(100)?;
    /// assert_eq!(stream.ttl()?, 100);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.io().set_ttl(ttl)
    }

    /// The time to live of the packets sent (`IP_TTL`). Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`set_ttl`](Self::set_ttl).
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.io().ttl()
    }

    /// Takes the error that the system has noted for this socket (`SO_ERROR`), and clears it. Does
    /// not block.
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
    /// assert!(stream.take_error()?.is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.io().take_error()
    }
}
