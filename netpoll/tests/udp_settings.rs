//! UDP: what the settings do, and what addresses a socket has to do with.

mod common;

use std::io::ErrorKind;
use std::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::udp::{addr, pair, socket};
use common::{Mode, cases};
use hueless_netpoll::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

cases!(
    read_timeout_passes,
    timeout_settings,
    racing_setters_do_no_harm,
    past_deadlines_never_hang,
    nonblocking_answers_at_once,
    binds_and_connects_to_the_first_that_goes,
    sends_to_the_first_address,
    clones_are_handles_of_one_socket,
    options_and_debug,
    broadcast_is_asked_for,
    groups_v4,
    groups_v6_are_joined_and_left,
);

fn read_timeout_passes<M: Mode>() {
    let (a, b) = pair();
    let timeout = Duration::from_millis(20);
    b.set_read_timeout(Some(timeout)).unwrap();
    let receives: [fn(&UdpSocket) -> std::io::Result<usize>; 4] = [
        |socket| socket.recv(&mut [0]),
        |socket| socket.recv_from(&mut [0]).map(|(len, _)| len),
        |socket| socket.peek(&mut [0]),
        |socket| socket.peek_from(&mut [0]).map(|(len, _)| len),
    ];
    for receive in receives {
        let start = Instant::now();
        let error = receive(&b).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
        assert!(start.elapsed() >= timeout);
    }
    b.set_read_timeout(Some(Duration::MAX)).unwrap();
    let sender = M::spawn(move || a.send(b"x").unwrap());
    assert_eq!(b.recv(&mut [0]).unwrap(), 1);
    sender.join();
}

fn timeout_settings<M: Mode>() {
    let socket = socket();
    assert_eq!(socket.read_timeout().unwrap(), None);
    assert_eq!(socket.write_timeout().unwrap(), None);
    for timeout in [Duration::from_nanos(1), Duration::from_secs(1 << 30)] {
        socket.set_read_timeout(Some(timeout)).unwrap();
        socket.set_write_timeout(Some(timeout * 2)).unwrap();
        assert_eq!(socket.read_timeout().unwrap(), Some(timeout));
        assert_eq!(socket.write_timeout().unwrap(), Some(timeout * 2));
    }
    let zero = socket.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    let zero = socket.set_write_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    socket.set_read_timeout(None).unwrap();
    assert_eq!(socket.read_timeout().unwrap(), None);
}

/// As in Go's test of racing deadlines: those who set and those who wait disturb each other in
/// nothing but the time.
fn racing_setters_do_no_harm<M: Mode>() {
    let (a, b) = pair();
    let b = Arc::new(b);
    let ended = Arc::new(AtomicBool::new(false));
    let setters: Vec<_> = (0..4)
        .map(|setter| {
            let (b, ended) = (Arc::clone(&b), Arc::clone(&ended));
            M::spawn(move || {
                for round in 0.. {
                    let timeout = match (setter + round) % 3 {
                        0 => None,
                        n => Some(Duration::from_micros(n * 100)),
                    };
                    b.set_read_timeout(timeout).unwrap();
                    b.set_write_timeout(timeout).unwrap();
                    if ended.load(Ordering::Relaxed) {
                        return;
                    }
                    hueless_runtime::yield_now();
                }
            })
        })
        .collect();
    let mut got = 0;
    while got < 200 {
        a.send(&[got]).unwrap();
        let mut number = [0];
        loop {
            match b.recv(&mut number) {
                Ok(len) => break assert_eq!((len, number[0]), (1, got)),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        got += 1;
    }
    ended.store(true, Ordering::Relaxed);
    setters.into_iter().for_each(|join| join.join());
}

/// As in Go's tests of past deadlines: the shortest time-out is over before the wait begins.
fn past_deadlines_never_hang<M: Mode>() {
    let (a, b) = pair();
    b.set_read_timeout(Some(Duration::from_nanos(1))).unwrap();
    for _ in 0..200 {
        let error = b.recv(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    // What is there is received, however little time there is.
    a.send(b"x").unwrap();
    b.set_read_timeout(None).unwrap();
    b.peek(&mut [0]).unwrap();
    b.set_read_timeout(Some(Duration::from_nanos(1))).unwrap();
    assert_eq!(b.recv(&mut [0]).unwrap(), 1);
}

fn nonblocking_answers_at_once<M: Mode>() {
    let (a, b) = pair();
    b.set_nonblocking(true).unwrap();
    assert_eq!(b.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let clone = b.try_clone().unwrap();
    let error = clone.recv_from(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    b.set_nonblocking(false).unwrap();
    let sender = M::spawn(move || a.send(b"x").unwrap());
    assert_eq!(b.recv(&mut [0]).unwrap(), 1);
    sender.join();
}

fn binds_and_connects_to_the_first_that_goes<M: Mode>() {
    let taken = socket();
    let error = UdpSocket::bind(addr(&taken)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let addrs = [addr(&taken), "127.0.0.1:0".parse().unwrap()];
    let bound = UdpSocket::bind(&addrs[..]).unwrap();
    assert_ne!(addr(&bound), addrs[0]);
    // A socket of the other family cannot be the peer.
    let addrs = ["[::1]:9".parse().unwrap(), addr(&taken)];
    bound.connect(&addrs[..]).unwrap();
    assert_eq!(bound.peer_addr().unwrap(), addr(&taken));
    for error in [
        UdpSocket::bind(&[][..]).unwrap_err(),
        bound.connect(&[][..]).unwrap_err(),
        bound.send_to(b"x", &[][..]).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    let ours = bound.send_to(b"x", &[][..]).unwrap_err().to_string();
    let stds = net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_eq!(ours, stds.send_to(b"x", &[][..]).unwrap_err().to_string());
}

fn sends_to_the_first_address<M: Mode>() {
    let (a, b, c) = (socket(), socket(), socket());
    a.send_to(b"x", &[addr(&b), addr(&c)][..]).unwrap();
    assert_eq!(b.recv_from(&mut [0]).unwrap(), (1, addr(&a)));
    c.set_nonblocking(true).unwrap();
    assert_eq!(c.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    // A name is looked up.
    a.send_to(b"x", ("localhost", addr(&b).port()))
        .or_else(|_| a.send_to(b"x", ("127.0.0.1", addr(&b).port())))
        .unwrap();
    let too_long = vec![0; 1 << 17];
    let error = a.send_to(&too_long, addr(&b)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
}

fn clones_are_handles_of_one_socket<M: Mode>() {
    let (a, b) = pair();
    let clone = b.try_clone().unwrap();
    b.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
    assert_eq!(clone.read_timeout().unwrap(), Some(Duration::from_secs(9)));
    b.set_read_timeout(None).unwrap();
    let receiver = M::spawn(move || {
        clone.recv(&mut [0]).unwrap();
        clone
    });
    a.send(b"x").unwrap();
    let clone = receiver.join();
    // One handle goes on to work when the other has gone.
    drop(b);
    let receiver = M::spawn(move || clone.recv(&mut [0]).unwrap());
    a.send(b"x").unwrap();
    assert_eq!(receiver.join(), 1);
}

fn options_and_debug<M: Mode>() {
    let socket = socket();
    socket.set_ttl(77).unwrap();
    assert_eq!(socket.ttl().unwrap(), 77);
    socket.set_multicast_ttl_v4(7).unwrap();
    assert_eq!(socket.multicast_ttl_v4().unwrap(), 7);
    for on in [false, true] {
        socket.set_multicast_loop_v4(on).unwrap();
        assert_eq!(socket.multicast_loop_v4().unwrap(), on);
        socket.set_broadcast(on).unwrap();
        assert_eq!(socket.broadcast().unwrap(), on);
    }
    assert!(socket.take_error().unwrap().is_none());
    let debug = format!("{socket:?}");
    let std = net::UdpSocket::from(socket);
    assert_eq!(debug, format!("{std:?}"));
    if let Ok(v6) = UdpSocket::bind("[::1]:0") {
        v6.set_multicast_loop_v6(false).unwrap();
        assert!(!v6.multicast_loop_v6().unwrap());
    }
}

fn broadcast_is_asked_for<M: Mode>() {
    let socket = socket();
    let everybody = SocketAddr::from(([127, 255, 255, 255], addr(&socket).port()));
    let error = socket.send_to(b"x", everybody).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    socket.set_broadcast(true).unwrap();
    assert_eq!(socket.send_to(b"x", everybody).unwrap(), 1);
}

fn groups_v4<M: Mode>() {
    let receiver = UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = addr(&receiver).port();
    let group = Ipv4Addr::new(239, 255, 77, 77);
    receiver
        .join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
        .unwrap();
    let receiver = Arc::new(receiver);
    let receiving = M::spawn({
        let receiver = Arc::clone(&receiver);
        move || {
            let mut buf = [0; 8];
            let (len, _) = receiver.recv_from(&mut buf).unwrap();
            buf[..len].to_vec()
        }
    });
    // Bound to the interface that it is to leave by.
    let sender = socket();
    sender.send_to(b"group", (group, port)).unwrap();
    assert_eq!(receiving.join(), b"group");
    receiver
        .leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
        .unwrap();
    let error = receiver
        .leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

/// The loopback interface sends nothing to them.
fn groups_v6_are_joined_and_left<M: Mode>() {
    const LOOPBACK: u32 = 1;
    let Ok(socket) = UdpSocket::bind("[::]:0") else {
        // A machine without IPv6.
        assert!(net::UdpSocket::bind("[::]:0").is_err());
        return;
    };
    let group = Ipv6Addr::new(0xff11, 0, 0, 0, 0, 0, 0, 0x7777);
    socket.join_multicast_v6(&group, LOOPBACK).unwrap();
    socket.leave_multicast_v6(&group, LOOPBACK).unwrap();
    let error = socket.leave_multicast_v6(&group, LOOPBACK).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn names_are_looked_up() {
    let mut addrs = ("localhost", 0).to_socket_addrs().unwrap();
    assert!(addrs.next().unwrap().ip().is_loopback());
    let socket = UdpSocket::bind("localhost:0").unwrap();
    assert!(addr(&socket).ip().is_loopback());
}
