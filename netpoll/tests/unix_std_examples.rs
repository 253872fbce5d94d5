//! What std's documentation shows of Unix sockets, with another `use` line and with paths that are
//! free.

mod common;

extern crate hueless_netpoll as hueless;

use std::io::prelude::*;
use std::time::Duration;
use std::{io, path::Path};

use common::{Mode, SocketPath, cases};
use hueless::net::Shutdown;
use hueless::net::unix::{Incoming, SocketAddr, UnixDatagram, UnixListener, UnixStream};

cases!(
    stream,
    stream_connect,
    stream_connect_addr,
    stream_pair,
    stream_handles_and_addresses,
    stream_settings,
    stream_shutdown,
    listener_serves,
    listener_bind_addr,
    listener_accept,
    listener_settings,
    datagram,
    datagram_bind,
    datagram_unbound_and_pair,
    datagram_connect,
    datagram_handles_and_addresses,
    datagram_receive,
    datagram_send,
    datagram_settings,
    datagram_shutdown,
    socket_addr,
);

/// A stream to a server that says hello and reads to the end.
fn connected<M: Mode>() -> (UnixStream, common::Join<io::Result<String>>) {
    let path = SocketPath::new();
    let listener = UnixListener::bind(&path).unwrap();
    let server = M::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"hello")?;
        stream.shutdown(Shutdown::Write)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    });
    (UnixStream::connect(&path).unwrap(), server)
}

fn stream<M: Mode>() {
    let (mut stream, server) = connected::<M>();
    stream.write_all(b"hello world").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert_eq!(response, "hello");
    drop(stream);
    assert_eq!(server.join().unwrap(), "hello world");
}

fn stream_connect<M: Mode>() {
    let path = SocketPath::new();
    match UnixStream::connect(&path) {
        Ok(sock) => panic!("connected to nobody: {sock:?}"),
        Err(e) => assert_eq!(e.kind(), io::ErrorKind::NotFound),
    }
}

fn stream_connect_addr<M: Mode>() {
    let path = SocketPath::new();
    let listener = UnixListener::bind(&path).unwrap();
    let addr = listener.local_addr().unwrap();
    match UnixStream::connect_addr(&addr) {
        Ok(sock) => assert_eq!(sock.peer_addr().unwrap().as_pathname(), Some(path.as_ref())),
        Err(e) => panic!("not connected: {e:?}"),
    }
}

fn stream_pair<M: Mode>() {
    let (mut sock1, mut sock2) = match UnixStream::pair() {
        Ok((sock1, sock2)) => (sock1, sock2),
        Err(e) => panic!("no pair: {e:?}"),
    };
    sock1.write_all(b"x").unwrap();
    sock2.read_exact(&mut [0]).unwrap();
}

fn stream_handles_and_addresses<M: Mode>() {
    let (socket, server) = connected::<M>();
    let sock_copy = socket.try_clone().expect("no clone");
    let addr = sock_copy.local_addr().expect("no address");
    assert!(addr.is_unnamed());
    let addr = socket.peer_addr().expect("no address");
    assert!(addr.as_pathname().is_some());
    drop((socket, sock_copy));
    let _gone = server.join();
}

fn stream_settings<M: Mode>() {
    let (socket, server) = connected::<M>();
    socket
        .set_read_timeout(Some(Duration::new(1, 0)))
        .expect("not set");
    assert_eq!(socket.read_timeout().unwrap(), Some(Duration::new(1, 0)));
    socket
        .set_write_timeout(Some(Duration::new(1, 0)))
        .expect("not set");
    assert_eq!(socket.write_timeout().unwrap(), Some(Duration::new(1, 0)));
    let err = socket.set_read_timeout(Some(Duration::new(0, 0)));
    assert_eq!(err.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let err = socket.set_write_timeout(Some(Duration::new(0, 0)));
    assert_eq!(err.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    socket.set_nonblocking(true).expect("not set");
    if let Ok(Some(err)) = socket.take_error() {
        panic!("the socket's error: {err:?}");
    }
    drop(socket);
    let _gone = server.join();
}

fn stream_shutdown<M: Mode>() {
    let (socket, server) = connected::<M>();
    socket.shutdown(Shutdown::Both).expect("not shut down");
    let _gone = server.join();
}

/// The example of `incoming`, and that of the iterator.
fn listener_serves<M: Mode>() {
    fn handle_client(mut stream: UnixStream) {
        stream.write_all(b"served").unwrap();
    }
    let path = SocketPath::new();
    let listener = UnixListener::bind(&path).unwrap();
    let server = M::spawn(move || {
        let incoming: Incoming<'_> = listener.incoming();
        let mut handling = Vec::new();
        for stream in incoming.take(2) {
            match stream {
                Ok(stream) => handling.push(M::spawn(|| handle_client(stream))),
                Err(err) => panic!("none accepted: {err}"),
            }
        }
        for stream in &listener {
            handle_client(stream.unwrap());
            listener.close();
        }
        handling.into_iter().for_each(|client| client.join());
    });
    for _ in 0..3 {
        let mut text = String::new();
        let mut client = UnixStream::connect(&path).unwrap();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, "served");
    }
    server.join();
}

fn listener_bind_addr<M: Mode>() {
    let (path, other) = (SocketPath::new(), SocketPath::new());
    let listener1 = UnixListener::bind(&path).unwrap();
    let addr1 = listener1.local_addr().unwrap();
    assert!(UnixListener::bind_addr(&addr1).is_err());
    let addr2 = SocketAddr::from_pathname(&other).unwrap();
    let listener2 = match UnixListener::bind_addr(&addr2) {
        Ok(sock) => sock,
        Err(err) => panic!("not bound: {err:?}"),
    };
    assert_eq!(
        listener2.local_addr().unwrap().as_pathname(),
        Some(other.as_ref())
    );
}

fn listener_accept<M: Mode>() {
    let path = SocketPath::new();
    let listener = UnixListener::bind(&path).unwrap();
    let client = M::spawn(move || UnixStream::connect(&path).unwrap());
    match listener.accept() {
        Ok((_socket, addr)) => assert!(addr.is_unnamed()),
        Err(e) => panic!("accept failed: {e:?}"),
    }
    client.join();
}

fn listener_settings<M: Mode>() {
    let path = SocketPath::new();
    let listener = UnixListener::bind(&path).unwrap();
    let listener_copy = listener.try_clone().expect("no clone");
    let addr = listener_copy.local_addr().expect("no address");
    assert_eq!(addr.as_pathname(), Some(path.as_ref()));
    listener.set_nonblocking(true).expect("not set");
    if let Ok(Some(err)) = listener.take_error() {
        panic!("the listener's error: {err:?}");
    }
}

fn datagram<M: Mode>() {
    let path = SocketPath::new();
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.send_to(b"hello world", &path).unwrap();
    let mut buf = [0; 100];
    let (count, address) = socket.recv_from(&mut buf).unwrap();
    assert_eq!(&buf[..count], b"hello world");
    assert_eq!(address.as_pathname(), Some(path.as_ref()));
}

fn datagram_bind<M: Mode>() {
    let (path, other) = (SocketPath::new(), SocketPath::new());
    let sock1 = match UnixDatagram::bind(&path) {
        Ok(sock) => sock,
        Err(e) => panic!("not bound: {e:?}"),
    };
    let addr1 = sock1.local_addr().unwrap();
    assert!(UnixDatagram::bind_addr(&addr1).is_err());
    let addr2 = SocketAddr::from_pathname(&other).unwrap();
    let sock2 = UnixDatagram::bind_addr(&addr2).unwrap();
    sock2.send_to_addr(b"x", &addr1).unwrap();
    assert_eq!(sock1.recv(&mut [0]).unwrap(), 1);
}

fn datagram_unbound_and_pair<M: Mode>() {
    match UnixDatagram::unbound() {
        Ok(sock) => assert!(sock.local_addr().unwrap().is_unnamed()),
        Err(e) => panic!("no socket: {e:?}"),
    }
    let (sock1, sock2) = match UnixDatagram::pair() {
        Ok((sock1, sock2)) => (sock1, sock2),
        Err(e) => panic!("no pair: {e:?}"),
    };
    sock1.send(b"x").unwrap();
    assert_eq!(sock2.recv(&mut [0]).unwrap(), 1);
}

fn datagram_connect<M: Mode>() {
    let sock = UnixDatagram::unbound().unwrap();
    let path = SocketPath::new();
    match sock.connect(&path) {
        Ok(()) => panic!("connected to nobody"),
        Err(e) => assert_eq!(e.kind(), io::ErrorKind::NotFound),
    }
    let bound = UnixDatagram::bind(&path).unwrap();
    let addr = bound.local_addr().unwrap();
    match sock.connect_addr(&addr) {
        Ok(()) => sock.send(b"x").unwrap(),
        Err(e) => panic!("not connected: {e:?}"),
    };
    assert_eq!(bound.recv(&mut [0]).unwrap(), 1);
}

fn datagram_handles_and_addresses<M: Mode>() {
    let path = SocketPath::new();
    let sock = UnixDatagram::bind(&path).unwrap();
    let sock_copy = sock.try_clone().expect("no clone");
    let addr = sock_copy.local_addr().expect("no address");
    assert_eq!(addr.as_pathname(), Some(path.as_ref()));
    sock.connect(&path).unwrap();
    let addr = sock.peer_addr().expect("no address");
    assert_eq!(addr.as_pathname(), Some::<&Path>(path.as_ref()));
}

fn datagram_receive<M: Mode>() {
    let path = SocketPath::new();
    let sock = UnixDatagram::bind(&path).unwrap();
    let sender = M::spawn(move || {
        let sock = UnixDatagram::unbound().unwrap();
        sock.send_to(&[1; 4], &path).unwrap();
        sock.send_to(&[2; 10], &path).unwrap();
    });
    let mut buf = vec![0; 10];
    let (size, sender_addr) = sock.recv_from(buf.as_mut_slice()).unwrap();
    assert_eq!(size, 4);
    assert!(sender_addr.is_unnamed());
    let size = sock.recv(buf.as_mut_slice()).expect("nothing received");
    assert_eq!(buf[..size], [2; 10]);
    sender.join();
}

fn datagram_send<M: Mode>() {
    let path = SocketPath::new();
    let bound = UnixDatagram::bind(&path).unwrap();
    let addr = bound.local_addr().unwrap();
    let sock = UnixDatagram::unbound().unwrap();
    sock.send_to(b"a first message here", &path)
        .expect("not sent");
    sock.send_to_addr(b"to the same by address", &addr)
        .expect("not sent");
    sock.connect(&path).expect("not connected");
    sock.send(b"a first message here").expect("not sent");
    let mut buf = [0; 32];
    for expected in [20, 22, 20] {
        assert_eq!(bound.recv(&mut buf).unwrap(), expected);
    }
}

fn datagram_settings<M: Mode>() {
    let sock = UnixDatagram::unbound().unwrap();
    sock.set_read_timeout(Some(Duration::new(1, 0)))
        .expect("not set");
    assert_eq!(sock.read_timeout().unwrap(), Some(Duration::new(1, 0)));
    sock.set_write_timeout(Some(Duration::new(1, 0)))
        .expect("not set");
    assert_eq!(sock.write_timeout().unwrap(), Some(Duration::new(1, 0)));
    let err = sock.set_read_timeout(Some(Duration::new(0, 0)));
    assert_eq!(err.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let err = sock.set_write_timeout(Some(Duration::new(0, 0)));
    assert_eq!(err.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    sock.set_nonblocking(true).expect("not set");
    if let Ok(Some(err)) = sock.take_error() {
        panic!("the socket's error: {err:?}");
    }
}

fn datagram_shutdown<M: Mode>() {
    let sock = UnixDatagram::unbound().unwrap();
    sock.shutdown(Shutdown::Both).expect("not shut down");
}

fn socket_addr<M: Mode>() {
    let path = SocketPath::new();
    let addr = SocketAddr::from_pathname(&path).unwrap();
    assert_eq!(addr.as_pathname(), Some(path.as_ref()));
    assert!(SocketAddr::from_pathname("/path/with/\0/null/byte").is_err());
    let socket = UnixListener::bind_addr(&addr).unwrap();
    assert!(!socket.local_addr().unwrap().is_unnamed());
    let unbound = UnixDatagram::unbound().unwrap();
    assert!(unbound.local_addr().unwrap().is_unnamed());
    assert_eq!(unbound.local_addr().unwrap().as_pathname(), None);
}
