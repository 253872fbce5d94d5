//! Unix datagrams: what arrives, and what the settings do.

mod common;

use std::io::{self, ErrorKind};
use std::os::unix::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::unix::{bound, fill};
use common::{Mode, SocketPath, bytes, cases};
use hueless_netpoll::net::{Shutdown, UnixDatagram};

cases!(
    echo_to_many_clients,
    datagrams_are_whole_and_in_order,
    addresses_of_senders,
    empty_datagrams_and_buffers,
    ten_receivers_of_one_socket,
    receiver_and_sender_at_once,
    connect_chooses_the_peer,
    read_timeout_passes,
    nonblocking_answers_at_once,
    shutdown_wakes_receiver,
    shutdown_ends_sending,
    clones_are_handles_of_one_socket,
    errors_are_std_s,
    options_and_debug,
);

fn echo_to_many_clients<M: Mode>() {
    const CLIENTS: usize = 32;
    const ROUNDS: usize = 50;
    let (server, server_path) = bound();
    let serving = M::spawn(move || {
        let mut buf = [0; 2048];
        for _ in 0..CLIENTS * ROUNDS {
            let (len, from) = server.recv_from(&mut buf).unwrap();
            assert_eq!(server.send_to_addr(&buf[..len], &from).unwrap(), len);
        }
    });
    let server_path = Arc::new(server_path);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let server_path = Arc::clone(&server_path);
            M::spawn(move || {
                let (socket, _path) = bound();
                let mut buf = [0; 2048];
                for round in 0..ROUNDS {
                    let sent = bytes(client * ROUNDS + round, round * 37);
                    socket.send_to(&sent, &*server_path).unwrap();
                    let (len, from) = socket.recv_from(&mut buf).unwrap();
                    assert_eq!(from.as_pathname(), Some((*server_path).as_ref()));
                    assert_eq!(buf[..len], sent);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|join| join.join());
    serving.join();
}

fn datagrams_are_whole_and_in_order<M: Mode>() {
    const DATAGRAMS: usize = 2000;
    let (a, b) = UnixDatagram::pair().unwrap();
    let receiver = M::spawn(move || {
        let mut buf = [0; 256];
        for number in 0..DATAGRAMS {
            let len = b.recv(&mut buf).unwrap();
            assert_eq!(buf[..len], bytes(number, number % 200));
        }
        // What is too long is cut off.
        assert_eq!(b.recv(&mut buf[..3]).unwrap(), 3);
        assert_eq!(b.recv(&mut buf).unwrap(), 3);
    });
    for number in 0..DATAGRAMS {
        a.send(&bytes(number, number % 200)).unwrap();
    }
    a.send(b"longer").unwrap();
    a.send(b"end").unwrap();
    receiver.join();
}

fn addresses_of_senders<M: Mode>() {
    let (to, path) = bound();
    let receiver = M::spawn(move || {
        (0..3)
            .map(|_| to.recv_from(&mut [0; 8]).unwrap().1)
            .collect::<Vec<_>>()
    });
    let (named, named_path) = bound();
    assert_eq!(
        named.local_addr().unwrap().as_pathname(),
        Some(named_path.as_ref())
    );
    named.send_to(b"x", &path).unwrap();
    let unnamed = UnixDatagram::unbound().unwrap();
    unnamed.send_to(b"x", &path).unwrap();
    let third = abstract_or_named();
    third.0.send_to(b"x", &path).unwrap();
    let senders = receiver.join();
    assert_eq!(senders[0].as_pathname(), Some(named_path.as_ref()));
    assert!(senders[1].is_unnamed());
    assert_eq!(
        format!("{:?}", senders[2]),
        format!("{:?}", third.0.local_addr().unwrap())
    );
}

/// As in Go's test of addresses that the system chooses: on Linux, an abstract one.
fn abstract_or_named() -> (UnixDatagram, Option<SocketPath>) {
    if cfg!(target_os = "linux") {
        let unnamed = UnixDatagram::unbound().unwrap().local_addr().unwrap();
        let socket = UnixDatagram::bind_addr(&unnamed).unwrap();
        let addr = socket.local_addr().unwrap();
        assert!(!addr.is_unnamed() && addr.as_pathname().is_none());
        (socket, None)
    } else {
        let (socket, path) = bound();
        (socket, Some(path))
    }
}

/// As in Go's tests of this.
fn empty_datagrams_and_buffers<M: Mode>() {
    let (a, b) = UnixDatagram::pair().unwrap();
    let receiver = M::spawn(move || {
        assert_eq!(b.recv(&mut [0; 8]).unwrap(), 0);
        assert_eq!(b.recv_from(&mut [0; 8]).unwrap().0, 0);
        assert_eq!(b.recv(&mut []).unwrap(), 0);
        assert_eq!(b.recv_from(&mut []).unwrap().0, 0);
        assert_eq!(b.recv(&mut [0; 8]).unwrap(), 3);
    });
    for sent in [&b""[..], b"", b"one", b"two", b"end"] {
        assert_eq!(a.send(sent).unwrap(), sent.len());
    }
    receiver.join();
}

fn ten_receivers_of_one_socket<M: Mode>() {
    const RECEIVERS: usize = 10;
    const DATAGRAMS: usize = 5000;
    let (a, b) = UnixDatagram::pair().unwrap();
    let b = Arc::new(b);
    let taken = Arc::new(AtomicUsize::new(0));
    let receivers: Vec<_> = (0..RECEIVERS)
        .map(|_| {
            let (b, taken) = (Arc::clone(&b), Arc::clone(&taken));
            M::spawn(move || {
                while b.recv(&mut [0; 64]).unwrap() == 1 {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for _ in 0..DATAGRAMS {
        a.send(b"x").unwrap();
    }
    for _ in 0..RECEIVERS {
        a.send(b"end").unwrap();
    }
    receivers.into_iter().for_each(|join| join.join());
    assert_eq!(taken.load(Ordering::Relaxed), DATAGRAMS);
}

fn receiver_and_sender_at_once<M: Mode>() {
    const ROUNDS: u32 = 3000;
    let (a, b) = UnixDatagram::pair().unwrap();
    let tasks: Vec<_> = [Arc::new(a), Arc::new(b)]
        .into_iter()
        .flat_map(|end| {
            let sender = M::spawn({
                let end = Arc::clone(&end);
                move || {
                    for round in 0..ROUNDS {
                        end.send(&round.to_le_bytes()).unwrap();
                    }
                }
            });
            let receiver = M::spawn(move || {
                let mut number = [0; 4];
                for round in 0..ROUNDS {
                    assert_eq!(end.recv(&mut number).unwrap(), 4);
                    assert_eq!(u32::from_le_bytes(number), round);
                }
            });
            [sender, receiver]
        })
        .collect();
    tasks.into_iter().for_each(|join| join.join());
}

fn connect_chooses_the_peer<M: Mode>() {
    let (first, first_path) = bound();
    let (second, _second_path) = bound();
    let socket = UnixDatagram::unbound().unwrap();
    let error = socket.peer_addr().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    socket.connect(&first_path).unwrap();
    let peer = socket.peer_addr().unwrap();
    assert_eq!(peer.as_pathname(), Some(first_path.as_ref()));
    socket.send(b"1").unwrap();
    socket.connect_addr(&second.local_addr().unwrap()).unwrap();
    socket.send(b"22").unwrap();
    assert_eq!(first.recv(&mut [0; 8]).unwrap(), 1);
    assert_eq!(second.recv(&mut [0; 8]).unwrap(), 2);
}

fn read_timeout_passes<M: Mode>() {
    let (a, b) = UnixDatagram::pair().unwrap();
    let timeout = Duration::from_millis(20);
    b.set_read_timeout(Some(timeout)).unwrap();
    for round in 0..4 {
        let start = Instant::now();
        let error = match round % 2 {
            0 => b.recv(&mut [0]).unwrap_err(),
            _ => b.recv_from(&mut [0]).unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
        assert!(start.elapsed() >= timeout);
    }
    b.set_read_timeout(Some(Duration::from_nanos(1))).unwrap();
    for _ in 0..100 {
        let error = b.recv(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    a.send(b"x").unwrap();
    assert_eq!(b.recv(&mut [0]).unwrap(), 1);
    let zero = b.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    let zero = b.set_write_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
}

fn nonblocking_answers_at_once<M: Mode>() {
    let (receiver, path) = bound();
    let sender = UnixDatagram::unbound().unwrap();
    for socket in [&receiver, &sender] {
        socket.set_nonblocking(true).unwrap();
    }
    let error = receiver.recv(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let queued = fill(|| sender.send_to(b"x", &path));
    sender.connect(&path).unwrap();
    let error = sender.send(b"x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    sender.set_nonblocking(false).unwrap();
    let sending = M::spawn(move || sender.send(b"last").unwrap());
    for _ in 0..queued {
        receiver.recv(&mut [0]).unwrap();
    }
    receiver.set_nonblocking(false).unwrap();
    assert_eq!(receiver.recv(&mut [0; 8]).unwrap(), 4);
    sending.join();
}

/// With an empty datagram, as std's. One receives on a clone, once it has said that it begins.
fn shutdown_wakes_receiver<M: Mode>() {
    for round in 0..50 {
        let (a, b) = UnixDatagram::pair().unwrap();
        let clone = b.try_clone().unwrap();
        let receiver = M::spawn(move || {
            clone.send(b"x").unwrap();
            match round % 2 {
                0 => clone.recv(&mut [0]).unwrap(),
                _ => {
                    let (len, from) = clone.recv_from(&mut [0]).unwrap();
                    assert!(from.is_unnamed());
                    len
                }
            }
        });
        a.recv(&mut [0]).unwrap();
        b.shutdown(Shutdown::Read).unwrap();
        assert_eq!(receiver.join(), 0);
    }
    let (std, _peer) = net::UnixDatagram::pair().unwrap();
    std.shutdown(Shutdown::Read).unwrap();
    assert_eq!(std.recv(&mut [0]).unwrap(), 0);
    assert!(std.recv_from(&mut [0]).unwrap().1.is_unnamed());
}

fn shutdown_ends_sending<M: Mode>() {
    let (a, b) = UnixDatagram::pair().unwrap();
    a.shutdown(Shutdown::Write).unwrap();
    let error = a.send(b"x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    // Not the other way.
    b.send(b"x").unwrap();
    assert_eq!(a.recv(&mut [0]).unwrap(), 1);
    a.shutdown(Shutdown::Both).unwrap();
    assert_eq!(b.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

fn clones_are_handles_of_one_socket<M: Mode>() {
    let (a, b) = UnixDatagram::pair().unwrap();
    let clone = b.try_clone().unwrap();
    b.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
    assert_eq!(clone.read_timeout().unwrap(), Some(Duration::from_secs(9)));
    b.set_read_timeout(None).unwrap();
    drop(b);
    let receiver = M::spawn(move || clone.recv(&mut [0]).unwrap());
    a.send(b"x").unwrap();
    assert_eq!(receiver.join(), 1);
}

fn errors_are_std_s<M: Mode>() {
    let (taken, path) = bound();
    let nowhere = SocketPath::new();
    let ours = UnixDatagram::unbound().unwrap();
    let stds = net::UnixDatagram::unbound().unwrap();
    let long = "x".repeat(200);
    let same = |ours: io::Error, stds: io::Error| {
        assert_eq!(ours.kind(), stds.kind());
        assert_eq!(ours.to_string(), stds.to_string());
    };
    for path in [
        path.as_ref(),
        "/no/such/path".as_ref(),
        long.as_ref(),
        "a\0b".as_ref(),
    ] {
        same(
            UnixDatagram::bind(path).unwrap_err(),
            net::UnixDatagram::bind(path).unwrap_err(),
        );
    }
    for path in [
        nowhere.as_ref(),
        "".as_ref(),
        long.as_ref(),
        "a\0b".as_ref(),
    ] {
        same(
            ours.connect(path).unwrap_err(),
            stds.connect(path).unwrap_err(),
        );
        same(
            ours.send_to(b"x", path).unwrap_err(),
            stds.send_to(b"x", path).unwrap_err(),
        );
    }
    same(ours.send(b"x").unwrap_err(), stds.send(b"x").unwrap_err());
    drop(taken);
    same(
        ours.send_to(b"x", &path).unwrap_err(),
        stds.send_to(b"x", &path).unwrap_err(),
    );
    same(
        ours.connect(&path).unwrap_err(),
        stds.connect(&path).unwrap_err(),
    );
}

fn options_and_debug<M: Mode>() {
    let (socket, _path) = bound();
    assert!(socket.take_error().unwrap().is_none());
    let debug = format!("{socket:?}");
    let std = net::UnixDatagram::from(socket);
    assert_eq!(debug, format!("{std:?}"));
}

/// What std's type is, ours is.
#[test]
fn type_has_std_s_auto_traits() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}
    check::<UnixDatagram>();
    check::<net::UnixDatagram>();
}
