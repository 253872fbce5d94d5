//! `UdpSocket`: binding, sending and receiving. Its settings are in `udp_options.rs`.

use std::io;
use std::net::{self, SocketAddr};
use std::time::Duration;

use crate::net::addr::{ToSocketAddrs, each_addr};
use crate::net::methods::{BOTH, handle_methods, timeout_methods};
use crate::readiness::Direction;
use crate::socket::Socket;

/// A UDP socket; [`std::net::UdpSocket`] for tasks.
///
/// A datagram goes to one of those who receive, through shared references or through
/// [`try_clone`](Self::try_clone); others may send meanwhile. As with std, what a datagram has
/// beyond the buffer that it is received into is lost.
///
/// Dropping it closes the socket, unless there are clones. [`close`](Self::close) ends it while
/// others use it.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::net::UdpSocket;
///
/// let (a, b) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
/// a.send_to(b"ping", b.local_addr()?)?;
///
/// let mut buf = [0; 16];
/// let (len, from) = b.recv_from(&mut buf)?;
/// assert_eq!((&buf[..len], from), (&b"ping"[..], a.local_addr()?));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UdpSocket {
    pub(super) socket: Socket<net::UdpSocket>,
}

handle_methods!(
    UdpSocket(net::UdpSocket),
    BOTH,
    SocketAddr,
    r#"use hueless_netpoll::net::UdpSocket;

let socket = UdpSocket::bind("127.0.0.1:0")?;"#
);
timeout_methods!(
    UdpSocket(net::UdpSocket),
    r#"use hueless_netpoll::net::UdpSocket;

let socket = UdpSocket::bind("127.0.0.1:0")?;"#
);

impl UdpSocket {
    /// Binds a socket to the first address of `addr` that can be bound. With port 0 the system
    /// chooses a port: see [`local_addr`](Self::local_addr).
    ///
    /// Blocks the task, not the worker, if a name must be looked up.
    ///
    /// # Errors
    /// That of the last address tried, or `InvalidInput` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<Self> {
        each_addr(addr, |addr| Self::nonblocking(net::UdpSocket::bind(addr)?))
    }

    /// Names the peer to which [`send`](Self::send) sends, and from which alone is received: the
    /// first address of `addr` that the system takes. Another call names another peer. The peer
    /// need not exist.
    ///
    /// Blocks the task, not the worker, if a name must be looked up.
    ///
    /// # Errors
    /// That of the last address tried, or `InvalidInput` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    /// a.connect(b.local_addr()?)?;
    /// assert_eq!(a.peer_addr()?, b.local_addr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        each_addr(addr, |addr| self.socket.io().connect(addr))
    }

    /// The address that the socket is [connected](Self::connect) to. Does not block.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not connected.
    ///
    /// # Examples
    ///
    /// See [`connect`](Self::connect).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().peer_addr()
    }

    /// Sends `buf` as one datagram to the first address of `addr`, and says how long it is. Blocks
    /// the task, not the worker, until the system has room for it, and if a name must be looked up.
    ///
    /// # Errors
    /// `InvalidInput` if there is no address; [`WouldBlock`](io::ErrorKind::WouldBlock) when the
    /// [write time-out](Self::set_write_timeout) is over; or what the system says, of a datagram
    /// that is too long for example.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    /// assert_eq!(a.send_to(b"one", b.local_addr()?)?, 3);
    /// assert_eq!(b.recv_from(&mut [0; 16])?, (3, a.local_addr()?));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        let addr = addr.to_socket_addrs()?.next().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "no addresses to send data to")
        })?;
        self.socket
            .run(Direction::Write, |socket| socket.send_to(buf, addr))
    }

    /// Receives one datagram into `buf`, and says how long it is and whom it comes from. Blocks the
    /// task, not the worker, until there is one.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when the [read time-out](Self::set_read_timeout) is
    /// over, or what the system says.
    ///
    /// # Examples
    ///
    /// See [`send_to`](Self::send_to).
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.receive(|socket| socket.recv_from(buf))
    }

    /// Like [`recv_from`](Self::recv_from), without taking the datagram: the next call finds it
    /// again. Blocks the task, not the worker, until there is one.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    /// a.send_to(b"one", b.local_addr()?)?;
    /// let mut buf = [0; 16];
    /// assert_eq!(b.peek_from(&mut buf)?, (3, a.local_addr()?));
    /// assert_eq!(b.recv_from(&mut buf)?, (3, a.local_addr()?));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.receive(|socket| socket.peek_from(buf))
    }

    /// Sends `buf` as one datagram to the peer, and says how long it is. Blocks the task, not the
    /// worker, until the system has room for it.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to); also when the socket is not [connected](Self::connect), and
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) once it is known that nobody receives
    /// at the peer's address.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    /// a.connect(b.local_addr()?)?;
    /// b.connect(a.local_addr()?)?;
    /// a.send(b"ping")?;
    ///
    /// let mut buf = [0; 16];
    /// let len = b.recv(&mut buf)?;
    /// assert_eq!(&buf[..len], b"ping");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket.run(Direction::Write, |socket| socket.send(buf))
    }

    /// Receives one datagram into `buf`, from the peer if the socket is [connected](Self::connect),
    /// and says how long it is. Blocks the task, not the worker, until there is one.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from), and
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) once it is known that nobody receives
    /// at the peer's address.
    ///
    /// # Examples
    ///
    /// See [`send`](Self::send).
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        let (len, ()) = self.socket.receive(|socket| Ok((socket.recv(buf)?, ())))?;
        Ok(len)
    }

    /// Like [`recv`](Self::recv), without taking the datagram: the next call finds it again. Blocks
    /// the task, not the worker, until there is one.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    /// a.send_to(b"one", b.local_addr()?)?;
    /// let mut buf = [0; 16];
    /// assert_eq!(b.peek(&mut buf)?, 3);
    /// assert_eq!(b.recv(&mut buf)?, 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        let (len, ()) = self.socket.receive(|socket| Ok((socket.peek(buf)?, ())))?;
        Ok(len)
    }

    /// Closes the socket for all its handles: whoever waits to send or receive, and whoever tries
    /// later, gets an error that [`is_closed`](crate::net::is_closed) recognises. Does not block.
    ///
    /// The port is free again when the last handle has been dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{self, UdpSocket};
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.close();
    /// assert!(net::is_closed(&socket.recv(&mut [0; 16]).unwrap_err()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn close(&self) {
        self.socket.close();
    }
}
