//! Sockets for the tests of UDP.

use hueless_netpoll::net::{SocketAddr, UdpSocket};

pub(crate) fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

pub(crate) fn addr(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().unwrap()
}

/// Two sockets, connected to each other.
pub(crate) fn pair() -> (UdpSocket, UdpSocket) {
    let (a, b) = (socket(), socket());
    a.connect(addr(&b)).unwrap();
    b.connect(addr(&a)).unwrap();
    (a, b)
}
