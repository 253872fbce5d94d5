//! UDP: what arrives, what waits, what the settings do.

mod common;

use std::io::ErrorKind;
use std::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Mode, bytes, cases};
use hueless_netpoll::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket, is_closed};

cases!(
    echo_to_many_clients,
    datagrams_are_whole_and_say_whence,
    what_is_too_long_for_the_buffer_is_lost,
    empty_datagrams_arrive,
    empty_buffers_take_a_datagram,
    nothing_is_left_behind_a_datagram,
    ten_receivers_of_one_socket,
    receiver_and_sender_at_once,
    connected_hears_its_peer_only,
    refused_is_an_error_of_who_waits,
    peek_takes_nothing,
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

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

fn addr(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().unwrap()
}

/// Two sockets, connected to each other.
fn pair() -> (UdpSocket, UdpSocket) {
    let (a, b) = (socket(), socket());
    a.connect(addr(&b)).unwrap();
    b.connect(addr(&a)).unwrap();
    (a, b)
}

fn echo_to_many_clients<M: Mode>() {
    const CLIENTS: usize = 32;
    const ROUNDS: usize = 50;
    let server = socket();
    let to = addr(&server);
    let serving = M::spawn(move || {
        let mut buf = [0; 2048];
        for _ in 0..CLIENTS * ROUNDS {
            let (len, from) = server.recv_from(&mut buf).unwrap();
            assert_eq!(server.send_to(&buf[..len], from).unwrap(), len);
        }
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            M::spawn(move || {
                let socket = socket();
                let mut buf = [0; 2048];
                for round in 0..ROUNDS {
                    let sent = bytes(client * ROUNDS + round, round * 37);
                    socket.send_to(&sent, to).unwrap();
                    let (len, from) = socket.recv_from(&mut buf).unwrap();
                    assert_eq!(from, to);
                    assert_eq!(buf[..len], sent);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|join| join.join());
    serving.join();
}

fn datagrams_are_whole_and_say_whence<M: Mode>() {
    let (a, b, to) = (socket(), socket(), socket());
    let (from_a, from_b) = (addr(&a), addr(&b));
    let receiver_addr = addr(&to);
    let receiver = M::spawn(move || {
        let mut buf = [0; 100];
        (0..2)
            .map(|_| {
                let (len, from) = to.recv_from(&mut buf).unwrap();
                (buf[..len].to_vec(), from)
            })
            .collect::<Vec<_>>()
    });
    a.send_to(b"first", receiver_addr).unwrap();
    b.send_to(b"second datagram", receiver_addr).unwrap();
    assert_eq!(
        receiver.join(),
        [
            (b"first".to_vec(), from_a),
            (b"second datagram".to_vec(), from_b)
        ]
    );
}

fn what_is_too_long_for_the_buffer_is_lost<M: Mode>() {
    let (a, b) = pair();
    let receiver = M::spawn(move || {
        let mut buf = [0; 4];
        assert_eq!(b.recv(&mut buf).unwrap(), 4);
        assert_eq!(&buf, b"long");
        assert_eq!(b.recv(&mut buf).unwrap(), 3);
        assert_eq!(&buf[..3], b"end");
    });
    a.send(b"longer").unwrap();
    a.send(b"end").unwrap();
    receiver.join();
}

/// As in Go's tests of this: an empty datagram is one, and no end.
fn empty_datagrams_arrive<M: Mode>() {
    let (a, b) = pair();
    let from = addr(&a);
    let receiver = M::spawn(move || {
        let mut buf = [1; 8];
        assert_eq!(b.recv(&mut buf).unwrap(), 0);
        assert_eq!(b.recv_from(&mut buf).unwrap(), (0, from));
        assert_eq!(b.peek(&mut buf).unwrap(), 0);
        assert_eq!(b.peek_from(&mut buf).unwrap(), (0, from));
        assert_eq!(b.recv(&mut buf).unwrap(), 0);
        assert_eq!(b.recv(&mut buf).unwrap(), 1);
    });
    for _ in 0..3 {
        assert_eq!(a.send(&[]).unwrap(), 0);
    }
    a.send(b"x").unwrap();
    receiver.join();
}

/// As in Go's tests of this.
fn empty_buffers_take_a_datagram<M: Mode>() {
    let (a, b) = pair();
    let from = addr(&a);
    let receiver = M::spawn(move || {
        assert_eq!(b.recv(&mut []).unwrap(), 0);
        assert_eq!(b.recv_from(&mut []).unwrap(), (0, from));
        assert_eq!(b.recv(&mut [0; 8]).unwrap(), 3);
    });
    for sent in [b"one", b"two", b"end"] {
        a.send(sent).unwrap();
    }
    receiver.join();
}

/// Each datagram is shorter than the buffer, and they come while nobody waits, so no event tells of
/// them one by one.
fn nothing_is_left_behind_a_datagram<M: Mode>() {
    const DATAGRAMS: u8 = 100;
    let (a, b) = pair();
    let receiver = M::spawn(move || {
        let mut buf = [0; 1000];
        // A wait, so that the socket is being watched.
        b.recv(&mut buf).unwrap();
        b.send(b"go on").unwrap();
        for number in 0..DATAGRAMS {
            assert_eq!(b.recv(&mut buf).unwrap(), 1);
            assert_eq!(buf[0], number);
        }
    });
    a.send(b"begin").unwrap();
    a.recv(&mut [0; 8]).unwrap();
    for number in 0..DATAGRAMS {
        a.send(&[number]).unwrap();
    }
    receiver.join();
}

/// Each datagram goes to one of them; at the end, all ten wake.
fn ten_receivers_of_one_socket<M: Mode>() {
    const RECEIVERS: usize = 10;
    const ROUNDS: usize = 200;
    let (a, b) = pair();
    let b = Arc::new(b);
    let taken = Arc::new(AtomicUsize::new(0));
    let receivers: Vec<_> = (0..RECEIVERS)
        .map(|_| {
            let (b, taken) = (Arc::clone(&b), Arc::clone(&taken));
            M::spawn(move || {
                let mut buf = [0; 64];
                while let Ok(len) = b.recv(&mut buf) {
                    taken.fetch_add(1, Ordering::Relaxed);
                    b.send(&buf[..len]).unwrap();
                }
            })
        })
        .collect();
    for round in 0..ROUNDS {
        let burst = 1 + round % 20;
        for _ in 0..burst {
            a.send(b"x").unwrap();
        }
        for _ in 0..burst {
            a.recv(&mut [0]).unwrap();
        }
    }
    b.close();
    receivers.into_iter().for_each(|join| join.join());
    let sent: usize = (0..ROUNDS).map(|round| 1 + round % 20).sum();
    assert_eq!(taken.load(Ordering::Relaxed), sent);
}

fn receiver_and_sender_at_once<M: Mode>() {
    const ROUNDS: u32 = 5000;
    let (a, b) = pair();
    let (a, b) = (Arc::new(a), Arc::new(b));
    let (hers, his) = (Arc::clone(&a), Arc::clone(&b));
    // Each end has a task that only sends and one that only receives; a token a datagram keeps the
    // system's buffers from running over.
    let echo = M::spawn(move || {
        let mut number = [0; 4];
        for _ in 0..ROUNDS {
            assert_eq!(his.recv(&mut number).unwrap(), 4);
            b.send(&number).unwrap();
        }
    });
    let received = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&received);
    let receiver = M::spawn(move || {
        let mut number = [0; 4];
        for round in 0..ROUNDS {
            assert_eq!(hers.recv(&mut number).unwrap(), 4);
            assert_eq!(u32::from_le_bytes(number), round);
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    for round in 0..ROUNDS {
        while round as usize > received.load(Ordering::Relaxed) + 50 {
            hueless_runtime::sleep(Duration::from_micros(50));
        }
        a.send(&round.to_le_bytes()).unwrap();
    }
    receiver.join();
    echo.join();
}

fn connected_hears_its_peer_only<M: Mode>() {
    let (a, b) = pair();
    let stranger = socket();
    let error = stranger.peer_addr().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert_eq!(a.peer_addr().unwrap(), addr(&b));
    let to = addr(&b);
    let receiver = M::spawn(move || {
        let mut buf = [0; 16];
        let len = b.recv(&mut buf).unwrap();
        buf[..len].to_vec()
    });
    stranger.send_to(b"stranger", to).unwrap();
    a.send(b"peer").unwrap();
    assert_eq!(receiver.join(), b"peer");
    let error = stranger.send(b"x").unwrap_err();
    let stds = net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_eq!(error.kind(), stds.send(b"x").unwrap_err().kind());
}

/// The answer that nobody is there comes while the socket waits.
fn refused_is_an_error_of_who_waits<M: Mode>() {
    let a = Arc::new(socket());
    let deserted = addr(&socket());
    a.connect(deserted).unwrap();
    let told = Arc::new(AtomicBool::new(false));
    let receiver = M::spawn({
        let (a, told) = (Arc::clone(&a), Arc::clone(&told));
        move || {
            let error = a.recv(&mut [0]).unwrap_err();
            told.store(true, Ordering::Relaxed);
            error
        }
    });
    // An answer may be told to the next send instead.
    while !told.load(Ordering::Relaxed) {
        if let Err(error) = a.send(b"x") {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        }
        hueless_runtime::yield_now();
    }
    let error = receiver.join();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(!is_closed(&error));
}

fn peek_takes_nothing<M: Mode>() {
    let (a, b) = pair();
    let from = addr(&a);
    let receiver = M::spawn(move || {
        let mut buf = [0; 8];
        assert_eq!(b.peek(&mut buf).unwrap(), 2);
        assert_eq!(b.peek_from(&mut buf[..1]).unwrap(), (1, from));
        assert_eq!(b.peek_from(&mut buf).unwrap(), (2, from));
        assert_eq!(b.recv_from(&mut buf).unwrap(), (2, from));
        assert_eq!(&buf[..2], b"ab");
        assert_eq!(b.recv(&mut buf).unwrap(), 3);
    });
    a.send(b"ab").unwrap();
    a.send(b"cde").unwrap();
    receiver.join();
}

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

/// Tasks unwind out of their waits when their runtime is dropped.
#[test]
fn cancelled_receivers_take_nothing() {
    common::Threads::run(|| ());
    let (a, b) = pair();
    let b = Arc::new(b);
    for round in 0..10 {
        let runtime = hueless_runtime::runtime::Builder::new()
            .workers(2)
            .build()
            .unwrap();
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let b = Arc::clone(&b);
                runtime.spawn(move || b.recv(&mut [0; 8]).unwrap())
            })
            .collect();
        let sender = runtime.spawn({
            let b = Arc::clone(&b);
            move || b.send(&[round]).unwrap()
        });
        sender.join().unwrap();
        assert_eq!(a.recv(&mut [0]).unwrap(), 1);
        drop(runtime);
        for receiver in receivers {
            assert!(receiver.join().unwrap_err().is_cancelled());
        }
    }
    a.send(b"kept").unwrap();
    assert_eq!(b.recv(&mut [0; 8]).unwrap(), 4);
}

/// What std's type is, ours is.
#[test]
fn type_has_std_s_auto_traits() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}
    check::<UdpSocket>();
    check::<net::UdpSocket>();
}

#[test]
fn names_are_looked_up() {
    let mut addrs = ("localhost", 0).to_socket_addrs().unwrap();
    assert!(addrs.next().unwrap().ip().is_loopback());
    let socket = UdpSocket::bind("localhost:0").unwrap();
    assert!(addr(&socket).ip().is_loopback());
}
