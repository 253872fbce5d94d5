//! What std's documentation shows of `UdpSocket`, with another `use` line and with ports that the
//! system chooses.

mod common;

extern crate hueless_netpoll as hueless;

use std::io;
use std::time::Duration;

use common::{Mode, cases};
use hueless::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};

cases!(
    echo_reversed,
    bind,
    receive_and_peek_from,
    send_to,
    addresses,
    clone,
    timeouts,
    options,
    take_error,
    connected,
    nonblocking,
);

/// A socket, and the address by which it is reached.
fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("no socket");
    let addr = socket.local_addr().expect("no address");
    (socket, addr)
}

/// The type's own example: what has come goes back the other way round.
fn echo_reversed<M: Mode>() {
    let (socket, addr) = bound();
    let server = M::spawn(move || -> io::Result<()> {
        let mut buf = [0; 10];
        let (amt, src) = socket.recv_from(&mut buf)?;
        let buf = &mut buf[..amt];
        buf.reverse();
        socket.send_to(buf, src)?;
        Ok(())
    });
    let client = bound().0;
    client.send_to(b"1234", addr).unwrap();
    let mut buf = [0; 10];
    let (amt, _) = client.recv_from(&mut buf).unwrap();
    assert_eq!(&buf[..amt], b"4321");
    server.join().unwrap();
}

fn bind<M: Mode>() {
    let (first, taken) = bound();
    let addrs = [taken, SocketAddr::from(([127, 0, 0, 1], 0))];
    let second = UdpSocket::bind(&addrs[..]).expect("neither address can be bound");
    assert_ne!(second.local_addr().unwrap(), first.local_addr().unwrap());
}

fn receive_and_peek_from<M: Mode>() {
    let (socket, addr) = bound();
    let (sender, from) = bound();
    let sending = M::spawn(move || sender.send_to(&[7; 10], addr).expect("not sent"));
    let mut buf = [0; 10];
    let (number_of_bytes, src_addr) = socket.peek_from(&mut buf).expect("nothing received");
    assert_eq!((number_of_bytes, src_addr), (10, from));
    let (number_of_bytes, src_addr) = socket.recv_from(&mut buf).expect("nothing received");
    let filled_buf = &mut buf[..number_of_bytes];
    assert_eq!((&*filled_buf, src_addr), (&[7; 10][..], from));
    sending.join();
}

fn send_to<M: Mode>() {
    let (socket, _) = bound();
    let (receiver, to) = bound();
    socket.send_to(&[0; 10], to.to_string()).expect("not sent");
    assert_eq!(receiver.recv(&mut [0; 16]).unwrap(), 10);
}

fn addresses<M: Mode>() {
    let (socket, addr) = bound();
    assert_eq!(
        socket.local_addr().unwrap(),
        SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 1), addr.port()))
    );
    assert_eq!(
        socket.peer_addr().unwrap_err().kind(),
        io::ErrorKind::NotConnected
    );
    socket.connect("127.0.0.1:41203").expect("not connected");
    assert_eq!(
        socket.peer_addr().unwrap(),
        SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 1), 41203))
    );
}

fn clone<M: Mode>() {
    let (socket, addr) = bound();
    let socket_clone = socket.try_clone().expect("no clone");
    assert_eq!(socket_clone.local_addr().unwrap(), addr);
}

fn timeouts<M: Mode>() {
    let (socket, _) = bound();
    socket.set_read_timeout(None).expect("not set");
    assert_eq!(socket.read_timeout().unwrap(), None);
    socket.set_write_timeout(None).expect("not set");
    assert_eq!(socket.write_timeout().unwrap(), None);
    let err = socket.set_read_timeout(Some(Duration::new(0, 0)));
    assert_eq!(err.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let err = socket.set_write_timeout(Some(Duration::new(0, 0)));
    assert_eq!(err.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

fn options<M: Mode>() {
    let (socket, _) = bound();
    socket.set_broadcast(false).expect("not set");
    assert!(!socket.broadcast().unwrap());
    socket.set_multicast_loop_v4(false).expect("not set");
    assert!(!socket.multicast_loop_v4().unwrap());
    socket.set_multicast_ttl_v4(42).expect("not set");
    assert_eq!(socket.multicast_ttl_v4().unwrap(), 42);
    socket.set_ttl(42).expect("not set");
    assert_eq!(socket.ttl().unwrap(), 42);
    if let Ok(socket) = UdpSocket::bind("[::1]:0") {
        socket.set_multicast_loop_v6(false).expect("not set");
        assert!(!socket.multicast_loop_v6().unwrap());
    }
}

fn take_error<M: Mode>() {
    let (socket, _) = bound();
    match socket.take_error() {
        Ok(Some(error)) => panic!("the socket's error: {error:?}"),
        Ok(None) => {}
        Err(error) => panic!("take_error failed: {error:?}"),
    }
}

fn connected<M: Mode>() {
    let (socket, addr) = bound();
    let (peer, to) = bound();
    socket.connect(to).expect("not connected");
    socket.send(&[0, 1, 2]).expect("not sent");
    peer.connect(addr).expect("not connected");
    let mut buf = [0; 10];
    match peer.peek(&mut buf) {
        Ok(received) => assert_eq!(received, 3),
        Err(e) => panic!("peek failed: {e:?}"),
    }
    match peer.recv(&mut buf) {
        Ok(received) => assert_eq!(&buf[..received], [0, 1, 2]),
        Err(e) => panic!("recv failed: {e:?}"),
    }
}

fn nonblocking<M: Mode>() {
    let (socket, addr) = bound();
    socket.set_nonblocking(true).unwrap();
    let sending = M::spawn(move || bound().0.send_to(b"bytes", addr).unwrap());
    let mut buf = [0; 10];
    let (num_bytes_read, _) = loop {
        match socket.recv_from(&mut buf) {
            Ok(n) => break n,
            Err(ref e) if e.kind() == io::ErrorKind::WouldBlock => hueless_runtime::yield_now(),
            Err(e) => panic!("another error: {e}"),
        }
    };
    assert_eq!(&buf[..num_bytes_read], b"bytes");
    sending.join();
}
