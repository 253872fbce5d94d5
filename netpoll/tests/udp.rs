//! UDP: what arrives, and who waits for it.

mod common;

use std::io::ErrorKind;
use std::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::udp::{addr, pair, socket};
use common::{Mode, bytes, cases};
use hueless_netpoll::net::{UdpSocket, is_closed};

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
);

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
