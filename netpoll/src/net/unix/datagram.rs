//! `UnixDatagram`.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crate::net::methods::{BOTH, handle_methods, timeout_methods};
use crate::net::unix::receiver::send_with_room;
use crate::readiness::Direction;
use crate::socket::Socket;
use crate::sys;

/// A socket for datagrams between processes of one machine; [`std::os::unix::net::UnixDatagram`] for
/// tasks.
///
/// A datagram goes to one of those who receive, through shared references or through
/// [`try_clone`](Self::try_clone); others may send meanwhile. None is lost on the way: who sends
/// faster than the other end receives has to wait. As with std, what a datagram has beyond the
/// buffer that it is received into is lost.
///
/// Dropping it closes the socket, unless there are clones; as with std, the socket's path stays.
/// [`close`](Self::close) ends it while others use it.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::net::UnixDatagram;
///
/// let (a, b) = UnixDatagram::pair()?;
/// a.send(b"ping")?;
///
/// let mut buf = [0; 16];
/// let len = b.recv(&mut buf)?;
/// assert_eq!(&buf[..len], b"ping");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixDatagram {
    socket: Socket<net::UnixDatagram>,
}

handle_methods!(
    UnixDatagram(net::UnixDatagram),
    BOTH,
    SocketAddr,
    r#"use hueless_netpoll::net::UnixDatagram;

let (socket, peer) = UnixDatagram::pair()?;"#
);
timeout_methods!(
    UnixDatagram(net::UnixDatagram),
    r#"use hueless_netpoll::net::UnixDatagram;

let (socket, peer) = UnixDatagram::pair()?;"#
);

impl UnixDatagram {
    /// Makes a socket that is bound to `path`, where nothing may lie yet. Does not wait for anything
    /// but the file system.
    ///
    /// # Errors
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) if something lies there, be it the path of a socket
    /// that is long gone; `InvalidInput` for a path that is too long or holds a zero byte; or what
    /// the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let socket = UnixDatagram::bind(&path)?;
    /// assert_eq!(socket.local_addr()?.as_pathname(), Some(&*path));
    /// std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::nonblocking(net::UnixDatagram::bind(path)?)
    }

    /// Makes a socket that is bound to `socket_addr`, a path or, on Linux, an abstract name. Does
    /// not wait for anything but the file system.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use std::os::linux::net::SocketAddrExt;
    /// use hueless_netpoll::net::unix::{SocketAddr, UnixDatagram};
    ///
    /// let name = format!("example-{}", std::process::id());
    /// let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    /// assert_eq!(socket.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind_addr(socket_addr: &SocketAddr) -> io::Result<Self> {
        Self::nonblocking(net::UnixDatagram::bind_addr(socket_addr)?)
    }

    /// Makes a socket that is not bound: it can send, and those who receive cannot answer. Does not
    /// block.
    ///
    /// # Errors
    /// When there is no descriptor to be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UnixDatagram;
    ///
    /// let socket = UnixDatagram::unbound()?;
    /// assert!(socket.local_addr()?.is_unnamed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn unbound() -> io::Result<Self> {
        Self::nonblocking(net::UnixDatagram::unbound()?)
    }

    /// Makes two sockets that are connected to each other. Does not block.
    ///
    /// # Errors
    /// When there are no descriptors to be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UnixDatagram;
    ///
    /// let (a, b) = UnixDatagram::pair()?;
    /// a.send(b"x")?;
    /// assert_eq!(b.recv(&mut [0; 16])?, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = net::UnixDatagram::pair()?;
        Ok((Self::nonblocking(a)?, Self::nonblocking(b)?))
    }

    /// Names the peer to which [`send`](Self::send) sends, and from which alone is received: the
    /// socket at `path`. Another call names another peer. Does not wait for anything but the file
    /// system.
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) if nothing lies at `path`,
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if no socket is bound to it any more,
    /// or what the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.connect(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// sender.send(b"x")?;
    /// assert_eq!(receiver.recv(&mut [0; 16])?, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.socket.io().connect(path)
    }

    /// Names the peer, as [`connect`](Self::connect), by its address: a path or, on Linux, an
    /// abstract name. Does not wait for anything but the file system.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.connect_addr(&receiver.local_addr()?)?;
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect_addr(&self, socket_addr: &SocketAddr) -> io::Result<()> {
        self.socket.io().connect_addr(socket_addr)
    }

    /// The address that the socket is [connected](Self::connect) to. Does not block.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not connected.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use hueless_netpoll::net::UnixDatagram;
    ///
    /// let socket = UnixDatagram::unbound()?;
    /// assert_eq!(socket.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.io().peer_addr()
    }

    /// Sends `buf` as one datagram to the socket at `path`, and says how long it is. Blocks the
    /// task, not the worker, until there is room for it, on this side and at the receiver's.
    ///
    /// While the receiver has no room, the task holds one descriptor more.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when the
    /// [write time-out](Self::set_write_timeout) is over; those of [`connect`](Self::connect); or
    /// what the system says, of a datagram that is too long for example.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// UnixDatagram::unbound()?.send_to(b"one", &path)?;
    /// # std::fs::remove_file(&path)?;
    ///
    /// let mut buf = [0; 16];
    /// let (len, from) = receiver.recv_from(&mut buf)?;
    /// assert_eq!(&buf[..len], b"one");
    /// assert!(from.is_unnamed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        let path = path.as_ref();
        send_with_room(
            &self.socket,
            |socket| socket.send_to(buf, path),
            |probe| probe.connect(path),
        )
    }

    /// Sends `buf`, as [`send_to`](Self::send_to), to the socket at `socket_addr`, a path or, on
    /// Linux, an abstract name. Blocks as [`send_to`](Self::send_to).
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("example-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// UnixDatagram::unbound()?.send_to_addr(b"one", &receiver.local_addr()?)?;
    /// # std::fs::remove_file(&path)?;
    /// assert_eq!(receiver.recv(&mut [0; 16])?, 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn send_to_addr(&self, buf: &[u8], socket_addr: &SocketAddr) -> io::Result<usize> {
        send_with_room(
            &self.socket,
            |socket| socket.send_to_addr(buf, socket_addr),
            |probe| probe.connect_addr(socket_addr),
        )
    }

    /// Sends `buf` as one datagram to the peer, and says how long it is. Blocks the task, not the
    /// worker, until there is room for it, on this side and at the receiver's.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to); also when the socket is not [connected](Self::connect).
    ///
    /// # Examples
    ///
    /// See [`pair`](Self::pair).
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket.run(Direction::Write, |socket| socket.send(buf))
    }

    /// Receives one datagram into `buf`, and says how long it is and whom it comes from; that
    /// address is unnamed if the sender is not bound. Blocks the task, not the worker, until there
    /// is one.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when the [read time-out](Self::set_read_timeout) is
    /// over, or what the system says.
    ///
    /// # Examples
    ///
    /// See [`send_to`](Self::send_to).
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.receive(
            |socket| socket.recv_from(buf),
            || SocketAddr::from_pathname(""),
        )
    }

    /// Receives one datagram into `buf`, and says how long it is. Blocks the task, not the worker,
    /// until there is one.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    ///
    /// # Examples
    ///
    /// See [`pair`](Self::pair).
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        let (len, ()) = self.receive(|socket| Ok((socket.recv(buf)?, ())), || Ok(()))?;
        Ok(len)
    }

    /// Receives by `call`, or gets an empty datagram from `nobody` once receiving has been shut down:
    /// on Linux a socket in non-blocking mode goes on to answer that it would block.
    fn receive<A>(
        &self,
        mut call: impl FnMut(&net::UnixDatagram) -> io::Result<(usize, A)>,
        nobody: impl Fn() -> io::Result<A>,
    ) -> io::Result<(usize, A)> {
        self.socket.receive(|socket| match call(socket) {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock
                    && sys::is_receiving_shut_down(socket.as_fd()) =>
            {
                Ok((0, nobody()?))
            }
            answer => answer,
        })
    }

    /// Ends receiving, sending or both. Those who wait go on: receivers with a length of 0, senders
    /// with [`BrokenPipe`](io::ErrorKind::BrokenPipe). Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use hueless_netpoll::net::{Shutdown, UnixDatagram};
    ///
    /// let (a, b) = UnixDatagram::pair()?;
    /// a.shutdown(Shutdown::Both)?;
    /// assert_eq!(a.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.io().shutdown(how)
    }

    /// Closes the socket for all its handles: whoever waits to send or receive, and whoever tries
    /// later, gets an error that [`is_closed`](crate::net::is_closed) recognises. Does not block.
    ///
    /// The descriptor is closed when the last handle is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::{self, UnixDatagram};
    ///
    /// let (a, b) = UnixDatagram::pair()?;
    /// a.close();
    /// assert!(net::is_closed(&a.recv(&mut [0; 16]).unwrap_err()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn close(&self) {
        self.socket.close();
    }
}
