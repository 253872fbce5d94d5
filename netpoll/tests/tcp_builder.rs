//! A listener's options, and the way to those that have no name here.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use common::{Mode, cases, listener, pair};
use hueless_netpoll::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use socket2::{Domain, SockRef, Socket, Type};

cases!(
    reuse_port_shares_the_address,
    backlog_limits_who_waits,
    hundreds_may_wait_by_default,
    reuse_addr_is_the_default,
    only_v6_keeps_v4_out,
    builder_can_be_used_again,
    errors_are_those_of_bind,
    other_options_go_by_socket2,
);

const LOOPBACK: &str = "127.0.0.1:0";

fn reuse_port_shares_the_address<M: Mode>() {
    const CLIENTS: usize = 64;
    let builder = TcpListener::builder().reuse_port(true);
    let one = builder.bind(LOOPBACK).unwrap();
    let addr = one.local_addr().unwrap();
    let other = builder.bind(addr).unwrap();
    // Who does not say so gets nothing.
    let error = TcpListener::bind(addr).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);

    let listeners = [Arc::new(one), Arc::new(other)];
    let servers = listeners.clone().map(|listener| {
        M::spawn(move || {
            listener
                .incoming()
                .map(|stream| stream.unwrap().write_all(b"x").unwrap())
                .count()
        })
    });
    for _ in 0..CLIENTS {
        let mut client = TcpStream::connect(addr).unwrap();
        client.read_exact(&mut [0]).unwrap();
    }
    for listener in &listeners {
        listener.close();
    }
    let accepted = servers.map(|server| server.join());
    assert_eq!(accepted.iter().sum::<usize>(), CLIENTS);
    // By chance none fails in one of 2^63 runs.
    #[cfg(target_os = "linux")]
    assert!(accepted.iter().all(|&count| count > 0), "{accepted:?}");
}

/// How many of `most` clients get a connection although nobody accepts.
fn connected(addr: SocketAddr, most: usize) -> usize {
    let clients: Vec<_> = (0..most)
        .map_while(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(100)).ok())
        .collect();
    clients.len()
}

fn backlog_limits_who_waits<M: Mode>() {
    let listener = TcpListener::builder().backlog(3).bind(LOOPBACK).unwrap();
    let connected = connected(listener.local_addr().unwrap(), 20);
    // The system takes one more or so.
    assert!((3..=6).contains(&connected), "{connected}");
    // What is beyond the system's limit is cut down to it.
    TcpListener::builder()
        .backlog(u32::MAX)
        .bind(LOOPBACK)
        .unwrap();
}

fn hundreds_may_wait_by_default<M: Mode>() {
    let listener = listener();
    assert_eq!(connected(listener.local_addr().unwrap(), 200), 200);
}

fn reuse_addr_is_the_default<M: Mode>() {
    let builder = TcpListener::builder();
    let listener = builder.bind(LOOPBACK).unwrap();
    let addr = listener.local_addr().unwrap();
    let client = M::spawn(move || {
        let mut client = TcpStream::connect(addr).unwrap();
        client.read_to_end(&mut Vec::new()).unwrap();
    });
    // The server's end ends first, so the system remembers the connection for a minute.
    let (mut server, _) = listener.accept().unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    client.join();
    server.read_to_end(&mut Vec::new()).unwrap();
    drop((server, listener));
    let error = builder.clone().reuse_addr(false).bind(addr).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    builder.bind(addr).unwrap();
}

fn only_v6_keeps_v4_out<M: Mode>() {
    let builder = TcpListener::builder();
    let v6 = match builder.clone().only_v6(true).bind("[::]:0") {
        Ok(v6) => v6,
        Err(error) => {
            eprintln!("there is no IPv6 here, not tried: {error}");
            return;
        }
    };
    let port = v6.local_addr().unwrap().port();
    let error = TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    // So that the other family's port is free.
    let v4 = builder.clone().only_v6(true).bind(("0.0.0.0", port));
    drop(v4.unwrap());

    let both = builder.only_v6(false).bind("[::]:0").unwrap();
    let port = both.local_addr().unwrap().port();
    let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (_, from) = both.accept().unwrap();
    assert!(from.is_ipv6());
    assert_eq!(from.port(), client.local_addr().unwrap().port());
    #[allow(deprecated, reason = "std's methods are there")]
    {
        assert!(v6.only_v6().unwrap());
        assert!(!both.only_v6().unwrap());
        assert!(both.set_only_v6(true).is_err(), "it is bound");
    }
}

fn builder_can_be_used_again<M: Mode>() {
    let builder = TcpListener::builder().backlog(8);
    let listeners = [0; 3].map(|_| builder.bind(LOOPBACK).unwrap());
    for listener in listeners {
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_, from) = listener.accept().unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    }
}

fn errors_are_those_of_bind<M: Mode>() {
    let builder = TcpListener::builder();
    for (addrs, kind) in [
        (vec![], ErrorKind::InvalidInput),
        // An address of documentation, which no machine has.
        (
            vec![SocketAddr::from(([192, 0, 2, 1], 0))],
            ErrorKind::AddrNotAvailable,
        ),
    ] {
        for error in [
            builder.bind(&addrs[..]).unwrap_err(),
            TcpListener::bind(&addrs[..]).unwrap_err(),
            std::net::TcpListener::bind(&addrs[..]).unwrap_err(),
        ] {
            assert_eq!(error.kind(), kind, "{addrs:?}");
        }
    }
}

fn other_options_go_by_socket2<M: Mode>() {
    // Of a socket that is there already.
    let (client, mut server) = pair();
    let socket = SockRef::from(&client);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    socket.set_keepalive(true).unwrap();
    assert!(SockRef::from(&client).keepalive().unwrap());
    let reader = M::spawn(move || server.read(&mut [0]).unwrap_err());
    // With that linger it is reset.
    drop(client);
    assert_eq!(reader.join().kind(), ErrorKind::ConnectionReset);

    // Of one that is still to listen.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(1 << 15).unwrap();
    let any: SocketAddr = LOOPBACK.parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(16).unwrap();
    let listener = TcpListener::from(OwnedFd::from(socket));
    let addr = listener.local_addr().unwrap();
    let client = M::spawn(move || TcpStream::connect(addr).unwrap());
    let (stream, _) = listener.accept().unwrap();
    let size = SockRef::from(&stream).recv_buffer_size().unwrap();
    assert!((1 << 15..=1 << 17).contains(&size), "{size}");
    client.join();
}
