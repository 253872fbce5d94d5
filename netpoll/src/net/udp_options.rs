//! A `UdpSocket`'s settings. They belong to the socket and hold for all its handles.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::net::UdpSocket;

impl UdpSocket {
    /// Allows sending to broadcast addresses (`SO_BROADCAST`). Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_broadcast(true)?;
    /// assert!(socket.broadcast()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.socket.io().set_broadcast(broadcast)
    }

    /// Whether sending to broadcast addresses is allowed (`SO_BROADCAST`). Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`set_broadcast`](Self::set_broadcast).
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket.io().broadcast()
    }

    /// Sets the time to live of the packets sent (`IP_TTL`). Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_ttl(100)?;
    /// assert_eq!(socket.ttl()?, 100);
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

    /// Makes what is sent to groups come back to this machine's members (`IP_MULTICAST_LOOP`).
    /// Of no effect on IPv6 sockets. Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_multicast_loop_v4(false)?;
    /// assert!(!socket.multicast_loop_v4()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_multicast_loop_v4(&self, multicast_loop_v4: bool) -> io::Result<()> {
        self.socket.io().set_multicast_loop_v4(multicast_loop_v4)
    }

    /// Whether what is sent to groups comes back (`IP_MULTICAST_LOOP`). Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`set_multicast_loop_v4`](Self::set_multicast_loop_v4).
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.socket.io().multicast_loop_v4()
    }

    /// Sets the time to live of the packets sent to groups (`IP_MULTICAST_TTL`): 1, the initial
    /// state, keeps them in the local network. Of no effect on IPv6 sockets. Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_multicast_ttl_v4(42)?;
    /// assert_eq!(socket.multicast_ttl_v4()?, 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_multicast_ttl_v4(&self, multicast_ttl_v4: u32) -> io::Result<()> {
        self.socket.io().set_multicast_ttl_v4(multicast_ttl_v4)
    }

    /// The time to live of the packets sent to groups (`IP_MULTICAST_TTL`). Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`set_multicast_ttl_v4`](Self::set_multicast_ttl_v4).
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.socket.io().multicast_ttl_v4()
    }

    /// Makes what is sent to groups come back to this machine's members (`IPV6_MULTICAST_LOOP`).
    /// Of no effect on IPv4 sockets. Does not block.
    ///
    /// # Errors
    /// When the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_netpoll::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("[::1]:0")?;
    /// socket.set_multicast_loop_v6(false)?;
    /// assert!(!socket.multicast_loop_v6()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_multicast_loop_v6(&self, multicast_loop_v6: bool) -> io::Result<()> {
        self.socket.io().set_multicast_loop_v6(multicast_loop_v6)
    }

    /// Whether what is sent to groups comes back (`IPV6_MULTICAST_LOOP`). Does not block.
    ///
    /// # Errors
    /// When the system refuses to tell.
    ///
    /// # Examples
    ///
    /// See [`set_multicast_loop_v6`](Self::set_multicast_loop_v6).
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.socket.io().multicast_loop_v6()
    }

    /// Joins the group `multiaddr`, so that what is sent to it is received
    /// (`IP_ADD_MEMBERSHIP`). Does not block.
    ///
    /// `interface` is the address of the interface that is meant;
    /// [`UNSPECIFIED`](Ipv4Addr::UNSPECIFIED) leaves the choice to the system.
    ///
    /// # Errors
    /// When the system refuses: there is no such interface, for example.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use hueless_netpoll::net::{Ipv4Addr, UdpSocket};
    ///
    /// let socket = UdpSocket::bind("0.0.0.0:5353")?;
    /// let group = Ipv4Addr::new(224, 0, 0, 251);
    /// socket.join_multicast_v4(&group, &Ipv4Addr::UNSPECIFIED)?;
    /// let (len, from) = socket.recv_from(&mut [0; 1500])?;
    /// socket.leave_multicast_v4(&group, &Ipv4Addr::UNSPECIFIED)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn join_multicast_v4(&self, multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket.io().join_multicast_v4(multiaddr, interface)
    }

    /// Joins the group `multiaddr`, so that what is sent to it is received
    /// (`IPV6_ADD_MEMBERSHIP`). Does not block.
    ///
    /// `interface` is the number of the interface that is meant; 0 leaves the choice to the system.
    ///
    /// # Errors
    /// When the system refuses: there is no such interface, for example.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use hueless_netpoll::net::{Ipv6Addr, UdpSocket};
    ///
    /// let socket = UdpSocket::bind("[::]:5353")?;
    /// let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
    /// socket.join_multicast_v6(&group, 0)?;
    /// let (len, from) = socket.recv_from(&mut [0; 1500])?;
    /// socket.leave_multicast_v6(&group, 0)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket.io().join_multicast_v6(multiaddr, interface)
    }

    /// Leaves a group that was joined by [`join_multicast_v4`](Self::join_multicast_v4)
    /// (`IP_DROP_MEMBERSHIP`). Does not block.
    ///
    /// # Errors
    /// When the system refuses, of a group that was not joined for example.
    ///
    /// # Examples
    ///
    /// See [`join_multicast_v4`](Self::join_multicast_v4).
    pub fn leave_multicast_v4(&self, multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket.io().leave_multicast_v4(multiaddr, interface)
    }

    /// Leaves a group that was joined by [`join_multicast_v6`](Self::join_multicast_v6)
    /// (`IPV6_DROP_MEMBERSHIP`). Does not block.
    ///
    /// # Errors
    /// When the system refuses, of a group that was not joined for example.
    ///
    /// # Examples
    ///
    /// See [`join_multicast_v6`](Self::join_multicast_v6).
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket.io().leave_multicast_v6(multiaddr, interface)
    }
}
