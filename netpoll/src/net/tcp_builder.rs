//! What can be chosen of a `TcpListener` before it listens.

use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::AsFd;

use socket2::{Domain, Protocol, Socket, Type};

use crate::net::TcpListener;
use crate::net::addr::{ToSocketAddrs, each_addr};
use crate::sys;

/// How many connections may wait to be accepted unless something else is said. A task may be late to
/// accept, when its worker is busy; std's 128 would then turn clients away for seconds.
const BACKLOG: u32 = 4096;

/// Options of a [`TcpListener`] that must be set before it listens; see
/// [`TcpListener::builder`].
///
/// What is not here can be set on a socket of the `socket2` crate, which then becomes a listener by
/// way of its descriptor: `TcpListener::from(OwnedFd::from(socket))`. Options that can be set later
/// are reached without that, by `SockRef::from(&listener)`.
///
/// # Examples
///
/// ```
/// use hueless_netpoll::net::TcpListener;
///
/// // Two processes, say: the system spreads the connections over both listeners.
/// let one = TcpListener::builder().reuse_port(true).bind("127.0.0.1:0")?;
/// let other = TcpListener::builder().reuse_port(true).bind(one.local_addr()?)?;
/// assert_eq!(one.local_addr()?, other.local_addr()?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until `bind` is called"]
pub struct TcpListenerBuilder {
    backlog: u32,
    reuse_addr: bool,
    reuse_port: bool,
    only_v6: Option<bool>,
}

/// The options that [`TcpListener::bind`] takes.
impl Default for TcpListenerBuilder {
    fn default() -> Self {
        Self {
            backlog: BACKLOG,
            reuse_addr: true,
            reuse_port: false,
            only_v6: None,
        }
    }
}

impl TcpListenerBuilder {
    /// How many connections may wait to be accepted, if the system allows as many (on Linux
    /// `net.core.somaxconn`); 4096 unless set. More than that get no answer until there is room.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::builder().backlog(16).bind("127.0.0.1:0")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn backlog(self, connections: u32) -> Self {
        Self {
            backlog: connections,
            ..self
        }
    }

    /// Whether an address can be bound whose last connections are still winding down
    /// (`SO_REUSEADDR`). They can unless this is set to false.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// let listener = TcpListener::builder().reuse_addr(false).bind("127.0.0.1:0")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reuse_addr(self, reuse: bool) -> Self {
        Self {
            reuse_addr: reuse,
            ..self
        }
    }

    /// Whether several listeners may have the same address, if all of them say so (`SO_REUSEPORT`).
    /// On Linux the system spreads new connections over them. Not so unless set.
    ///
    /// Within one process that is seldom of use: several tasks may accept from one listener.
    ///
    /// # Examples
    ///
    /// See [`TcpListenerBuilder`].
    pub fn reuse_port(self, reuse: bool) -> Self {
        Self {
            reuse_port: reuse,
            ..self
        }
    }

    /// Whether a listener on an IPv6 address takes IPv6 connections only (`IPV6_V6ONLY`), or those of
    /// IPv4 as well. The system's own choice unless set. Nothing is changed for IPv4 addresses.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use hueless_netpoll::net::TcpListener;
    ///
    /// // Both families on one port, each with a listener of its own.
    /// let v6 = TcpListener::builder().only_v6(true).bind("[::]:0")?;
    /// let v4 = TcpListener::bind(("0.0.0.0", v6.local_addr()?.port()))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn only_v6(self, only: bool) -> Self {
        Self {
            only_v6: Some(only),
            ..self
        }
    }

    /// Makes a listener on the first address of `addr` that can be bound, as [`TcpListener::bind`]
    /// does. Blocks the task, not the worker, if a name must be looked up.
    ///
    /// # Errors
    /// That of the last address tried, or `InvalidInput` if there is none.
    ///
    /// # Examples
    ///
    /// See [`TcpListenerBuilder`].
    pub fn bind<A: ToSocketAddrs>(&self, addr: A) -> io::Result<TcpListener> {
        each_addr(addr, |addr| self.bind_one(addr))
    }

    fn bind_one(&self, addr: SocketAddr) -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(self.reuse_addr)?;
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if let (true, Some(only)) = (addr.is_ipv6(), self.only_v6) {
            socket.set_only_v6(only)?;
        }
        socket.bind(&addr.into())?;
        sys::listen(
            socket.as_fd(),
            self.backlog.try_into().unwrap_or(libc::c_int::MAX),
        )?;
        TcpListener::from_std(net::TcpListener::from(socket))
    }
}
