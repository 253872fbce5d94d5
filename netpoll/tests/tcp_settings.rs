//! TCP: connecting, time-outs, and what can be set and asked.

mod common;

use std::io::{self, ErrorKind, Read, Write};
use std::net;
use std::time::{Duration, Instant};

use common::{Mode, bytes, cases, listener, pair};
use hueless_netpoll::net::{TcpListener, TcpStream};

cases!(
    connect_refused,
    connect_tries_each_address,
    connect_timeout_passes,
    read_timeout_passes,
    write_timeout_passes,
    timeout_settings,
    nonblocking_answers_at_once,
    addresses_options_and_debug,
);

/// An address of this machine where nobody listens.
fn deserted() -> net::SocketAddr {
    listener().local_addr().unwrap()
}

fn connect_refused<M: Mode>() {
    let error = TcpStream::connect(deserted()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let error = TcpStream::connect_timeout(&deserted(), Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

fn connect_tries_each_address<M: Mode>() {
    let listener = listener();
    let addrs = [deserted(), listener.local_addr().unwrap()];
    let stream = TcpStream::connect(&addrs[..]).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), addrs[1]);
    let error = TcpStream::connect(&[][..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let bound = TcpListener::bind(&[addrs[1], "127.0.0.1:0".parse().unwrap()][..]).unwrap();
    assert_ne!(bound.local_addr().unwrap(), addrs[1]);
    let error = TcpListener::bind(addrs[1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

/// A listener whose queue is full answers nobody.
fn connect_timeout_passes<M: Mode>() {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    shrink_backlog(&listener);
    let addr = listener.local_addr().unwrap();
    let timeout = Duration::from_millis(50);
    let mut connected = Vec::new();
    let start = loop {
        let start = Instant::now();
        match TcpStream::connect_timeout(&addr, timeout) {
            Ok(stream) => connected.push(stream),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                break start;
            }
        }
        assert!(connected.len() < 100, "the queue never fills");
    };
    assert!(start.elapsed() >= timeout);
    let zero = TcpStream::connect_timeout(&addr, Duration::ZERO).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
}

fn shrink_backlog(listener: &net::TcpListener) {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open; the call touches no memory of ours.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
}

fn read_timeout_passes<M: Mode>() {
    let (client, mut server) = pair();
    let timeout = Duration::from_millis(30);
    server.set_read_timeout(Some(timeout)).unwrap();
    for _ in 0..3 {
        let start = Instant::now();
        let error = server.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
        assert!(start.elapsed() >= timeout);
    }
    // What comes in time is read, and a longer time-out lets it come later.
    server.set_read_timeout(Some(Duration::MAX)).unwrap();
    let writer = M::spawn(move || (&client).write_all(b"x").unwrap());
    assert_eq!(server.read(&mut [0]).unwrap(), 1);
    writer.join();
    // Peeking has the same limit.
    let (_client, server) = pair();
    server.set_read_timeout(Some(timeout)).unwrap();
    let error = server.peek(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

fn write_timeout_passes<M: Mode>() {
    let (mut client, mut server) = pair();
    let timeout = Duration::from_millis(30);
    client.set_write_timeout(Some(timeout)).unwrap();
    let block = bytes(1, 1 << 20);
    let (error, start) = loop {
        let start = Instant::now();
        match client.write(&block) {
            Ok(written) => assert_ne!(written, 0),
            Err(error) => break (error, start),
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(start.elapsed() >= timeout);
    // Once the peer reads, there is room again.
    client.set_write_timeout(None).unwrap();
    let reader = M::spawn(move || io::copy(&mut server, &mut io::sink()).unwrap());
    client.write_all(&block).unwrap();
    drop(client);
    assert!(reader.join() > block.len() as u64);
}

fn timeout_settings<M: Mode>() {
    let (client, _server) = pair();
    assert_eq!(client.read_timeout().unwrap(), None);
    for timeout in [Duration::from_nanos(1), Duration::from_secs(1 << 30)] {
        client.set_read_timeout(Some(timeout)).unwrap();
        client.set_write_timeout(Some(timeout * 2)).unwrap();
        assert_eq!(client.read_timeout().unwrap(), Some(timeout));
        assert_eq!(client.write_timeout().unwrap(), Some(timeout * 2));
    }
    let zero = client.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    let zero = client.set_write_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    client.set_read_timeout(Some(Duration::MAX)).unwrap();
    assert!(client.read_timeout().unwrap() > Some(Duration::from_secs(1 << 33)));
    client.set_read_timeout(None).unwrap();
    assert_eq!(client.read_timeout().unwrap(), None);
}

fn nonblocking_answers_at_once<M: Mode>() {
    let (client, server) = pair();
    client.set_nonblocking(true).unwrap();
    let error = (&client).read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    client.set_nonblocking(false).unwrap();
    let writer = M::spawn(move || (&server).write_all(b"x").unwrap());
    assert_eq!((&client).read(&mut [0]).unwrap(), 1);
    writer.join();
}

fn addresses_options_and_debug<M: Mode>() {
    let listener = listener();
    let addr = listener.local_addr().unwrap();
    let client = TcpStream::connect(("localhost", addr.port())).unwrap();
    let (server, from) = listener.accept().unwrap();
    assert_eq!(client.peer_addr().unwrap(), addr);
    assert_eq!(server.peer_addr().unwrap(), from);
    client.set_nodelay(true).unwrap();
    assert!(client.nodelay().unwrap());
    client.set_ttl(77).unwrap();
    assert_eq!(client.ttl().unwrap(), 77);
    listener.set_ttl(78).unwrap();
    assert_eq!(listener.ttl().unwrap(), 78);
    assert!(client.take_error().unwrap().is_none());
    assert!(listener.take_error().unwrap().is_none());
    assert!(format!("{client:?}").starts_with("TcpStream { addr: 127.0.0.1:"));
    let std = net::TcpListener::from(listener.try_clone().unwrap());
    assert_eq!(
        format!("{listener:?}").split("fd").next(),
        format!("{std:?}").split("fd").next()
    );
}
