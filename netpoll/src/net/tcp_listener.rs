//! `TcpListener`.

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};

use mio::Interest;
use socket2::SockRef;

use crate::closed::is_closed;
use crate::net::shortage::{self, Patience};
use crate::net::{TcpListenerBuilder, TcpStream, ToSocketAddrs};
use crate::socket::Socket;

/// A TCP socket that listens for connections; [`std::net::TcpListener`] for tasks.
///
/// Several tasks may accept from one listener at a time, through a shared reference or through
/// [`try_clone`](Self::try_clone).
///
/// Dropping it closes the socket, unless there are clones. [`close`](Self::close) ends it while
/// others use it.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use hueless_netpoll::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut client = TcpStream::connect(listener.local_addr()?)?;
/// let (mut server, from) = listener.accept()?;
/// assert_eq!(from, client.local_addr()?);
///
/// client.write_all(b"hello")?;
/// let mut bytes = [0; 5];
/// server.read_exact(&mut bytes)?;
/// assert_eq!(&bytes, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpListener {
    // mio's type, because its `accept` gives sockets that are non-blocking from the start.
    pub(super) socket: Socket<mio::net::TcpListener>,
}

impl TcpListener {
    pub(super) fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = mio::net::TcpListener::from_std(listener);
        Ok(Self {
            socket: Socket::new(listener, Interest::READABLE),
        })
    }

    pub(super) fn into_std(self) -> io::Result<net::TcpListener> {
        let listener = net::TcpListener::from(self.socket.into_io());
        listener.set_nonblocking(false)?;
        Ok(listener)
    }

    /// Binds a listener to the first address of `addr` that can be bound. With port 0 the system
    /// chooses a port: see [`local_addr`](Self::local_addr).
    ///
    /// As with std, an address whose last connections are still winding down can be bound
    /// (`SO_REUSEADDR`). Other options: [`builder`](Self::builder). Blocks the task, not the worker,
    /// if a name must be looked up.
    ///
    /// # Errors
    /// That of the last address tried, or `InvalidInput` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<Self> {
        Self::builder().bind(addr)
    }

    /// Begins a listener with other options than [`bind`](Self::bind) takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::builder().backlog(16).reuse_port(true).bind("127.0.0.1:0")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn builder() -> TcpListenerBuilder {
        TcpListenerBuilder::default()
    }

    /// The address the listener is bound to. Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// assert!(listener.local_addr()?.ip().is_loopback());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().local_addr()
    }

    /// Makes another handle of the same listener. A connection goes to one of those who accept.
    /// Does not block.
    ///
    /// The clone has its own descriptor and is waited on by itself. [`close`](Self::close) and
    /// [`set_nonblocking`](Self::set_nonblocking) act on all handles.
    ///
    /// # Errors
    /// When there is no descriptor to be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let clone = listener.try_clone()?;
    /// assert_eq!(clone.local_addr()?, listener.local_addr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn try_clone(&self) -> io::Result<Self> {
        let duplicate = self.as_fd().try_clone_to_owned()?.into();
        Ok(Self {
            socket: self.socket.with_duplicate(duplicate, Interest::READABLE),
        })
    }

    /// Accepts a connection and says whom it comes from. Blocks the task, not the worker, until
    /// there is one.
    ///
    /// Connections that the peer has given up before they were accepted are passed over.
    ///
    /// While the process or the system has no descriptor or no memory left, it tries again after
    /// pauses of up to 100 ms, and says so on stderr the first time; the connections go on to wait.
    /// After a second it gives up: the caller may hold what can be closed. [`incoming`](Self::incoming)
    /// goes on.
    ///
    /// # Errors
    /// When there is no descriptor or no memory for longer than that, or at once in
    /// [non-blocking mode](Self::set_nonblocking). After [`close`](Self::close), one that
    /// [`is_closed`] recognises.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let client = TcpStream::connect(listener.local_addr()?)?;
    /// let (server, from) = listener.accept()?;
    /// assert_eq!(server.peer_addr()?, from);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept_with(shortage::A_SECOND)
    }

    fn accept_with(&self, patience: Patience) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = shortage::accept(
            &self.socket,
            patience,
            || (self.local_addr()).map_or_else(|_| "a listener".into(), |addr| addr.to_string()),
            mio::net::TcpListener::accept,
        )?;
        Ok((TcpStream::from_nonblocking(stream.into()), from))
    }

    /// Iterates over the connections, as by [`accept`](Self::accept). Each step blocks the task,
    /// not the worker.
    ///
    /// The iteration ends when the listener is [closed](Self::close). A shortage of descriptors or of
    /// memory is waited for, with pauses, for as long as it lasts. Other errors are items.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let _client = TcpStream::connect(listener.local_addr()?)?;
    /// for connection in listener.incoming() {
    ///     println!("{:?}", connection?);
    ///     listener.close();
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// Closes the listener for all its handles: whoever waits in [`accept`](Self::accept), and
    /// whoever calls it later, gets an error that [`is_closed`] recognises.
    /// Does not block.
    ///
    /// On Linux new connections are refused from then on, and those not accepted yet are reset. The
    /// descriptor is closed when the last handle is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{self, TcpListener};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// listener.close();
    /// assert!(net::is_closed(&listener.accept().unwrap_err()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn close(&self) {
        self.socket.close();
    }

    /// Sets the time to live of the packets sent (`IP_TTL`). Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_ttl(100)?;
    /// assert_eq!(listener.ttl()?, 100);
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

    /// Sets whether only IPv6 connections are taken (`IPV6_V6ONLY`), which a bound socket refuses.
    /// Does not block.
    ///
    /// # Errors
    /// When the system refuses: with a listener that was [bound](Self::bind), always.
    ///
    /// # Examples
    ///
    /// See [`TcpListenerBuilder::only_v6`], which works.
    #[deprecated(note = "this option can only be set before the socket is bound: `builder`")]
    pub fn set_only_v6(&self, only_v6: bool) -> io::Result<()> {
        SockRef::from(self).set_only_v6(only_v6)
    }

    /// Whether only IPv6 connections are taken (`IPV6_V6ONLY`). Does not block.
    ///
    /// # Errors
    /// When the listener's address is one of IPv4, or the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`TcpListenerBuilder::only_v6`].
    #[deprecated(note = "this option can only be set before the socket is bound: `builder`")]
    pub fn only_v6(&self) -> io::Result<bool> {
        SockRef::from(self).only_v6()
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
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// assert!(listener.take_error()?.is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.io().take_error()
    }

    /// Makes [`accept`](Self::accept) fail with `WouldBlock` where it would wait, for all handles.
    /// Does not block.
    ///
    /// The system's mode is not touched: the descriptor is in non-blocking mode always.
    ///
    /// # Errors
    /// None; the `Result` is std's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_nonblocking(true)?;
    /// assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket.shared().set_nonblocking(nonblocking);
        Ok(())
    }
}

/// Prints what [`std::net::TcpListener`] prints.
impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.io().as_fd()
    }
}

/// The connections of a [`TcpListener`]; see [`TcpListener::incoming`].
#[derive(Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.listener.accept_with(Patience::Endless) {
            Ok((stream, _)) => Some(Ok(stream)),
            Err(error) if is_closed(&error) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl FusedIterator for Incoming<'_> {}
