//! Unix datagrams: what arrives, and who waits for room.

mod common;

use std::io::{self, ErrorKind};
use std::os::unix::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{
    Mode, SocketPath, Tasks, Threads, bytes, cases, in_a_process, processor_time, sockets,
};
use hueless_netpoll::net::{Shutdown, UnixDatagram, is_closed};

cases!(
    echo_to_many_clients,
    datagrams_are_whole_and_in_order,
    addresses_of_senders,
    empty_datagrams_and_buffers,
    ten_receivers_of_one_socket,
    receiver_and_sender_at_once,
    connect_chooses_the_peer,
    sender_waits_for_its_own_room,
    sender_waits_for_its_peer_s_room,
    senders_wait_for_a_named_receiver_s_room,
    sender_waits_for_one_while_its_peer_is_full,
    waiting_sender_hears_that_the_receiver_has_gone,
    waiting_sender_s_receiver_connects,
    write_timeout_passes,
    read_timeout_passes,
    racing_setters_do_no_harm,
    nonblocking_answers_at_once,
    shutdown_wakes_receiver,
    shutdown_ends_sending,
    clones_are_handles_of_one_socket,
    errors_are_std_s,
    options_and_debug,
);

/// A socket at a path.
fn bound() -> (UnixDatagram, SocketPath) {
    let path = SocketPath::new();
    (UnixDatagram::bind(&path).unwrap(), path)
}

/// Fills what is full at some point.
fn fill(mut send: impl FnMut() -> io::Result<usize>) -> usize {
    for sent in 0..100_000 {
        match send() {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
                return sent;
            }
        }
    }
    panic!("it never fills");
}

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

/// Sends many datagrams by `send` and receives them elsewhere; all arrive, in order.
fn all_arrive<M: Mode>(
    receiver: UnixDatagram,
    send: impl Fn(&[u8]) -> io::Result<usize> + Send + 'static,
) {
    const DATAGRAMS: u32 = 1000;
    let sent = Arc::new(AtomicUsize::new(0));
    let sender = M::spawn({
        let sent = Arc::clone(&sent);
        move || {
            for number in 0..DATAGRAMS {
                let mut datagram = number.to_le_bytes().to_vec();
                datagram.resize(1000, 0);
                assert_eq!(send(&datagram).unwrap(), 1000);
                sent.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let mut buf = [0; 1000];
    let mut most = 0;
    for number in 0..DATAGRAMS {
        assert_eq!(receiver.recv(&mut buf).unwrap(), 1000);
        assert_eq!(buf[..4], number.to_le_bytes());
        let ahead = sent.load(Ordering::Relaxed).saturating_sub(number as usize);
        most = most.max(ahead);
    }
    sender.join();
    assert!(most < DATAGRAMS as usize, "nobody has waited");
}

fn sender_waits_for_its_own_room<M: Mode>() {
    // The ends of a pair are each other's peers: only what the sender has on the way counts.
    let (a, b) = UnixDatagram::pair().unwrap();
    all_arrive::<M>(b, move |datagram| a.send(datagram));
}

fn sender_waits_for_its_peer_s_room<M: Mode>() {
    let (receiver, path) = bound();
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect(&path).unwrap();
    all_arrive::<M>(receiver, move |datagram| sender.send(datagram));
}

fn senders_wait_for_a_named_receiver_s_room<M: Mode>() {
    let (receiver, path) = bound();
    let sender = UnixDatagram::unbound().unwrap();
    all_arrive::<M>(receiver, move |datagram| sender.send_to(datagram, &path));
    // What fills the queue is others', so the sender has no share in what becomes free.
    const SENDERS: usize = 8;
    const DATAGRAMS: usize = 200;
    let (receiver, path) = bound();
    let addr = receiver.local_addr().unwrap();
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let addr = addr.clone();
            M::spawn(move || {
                for _ in 0..DATAGRAMS {
                    let sender = UnixDatagram::unbound().unwrap();
                    sender.send_to_addr(b"x", &addr).unwrap();
                }
            })
        })
        .collect();
    for _ in 0..SENDERS * DATAGRAMS {
        assert_eq!(receiver.recv(&mut [0; 8]).unwrap(), 1);
    }
    senders.into_iter().for_each(|join| join.join());
    drop(path);
}

/// The system shows a sender as having no room while its peer is full, though it may have room for
/// somebody else.
fn sender_waits_for_one_while_its_peer_is_full<M: Mode>() {
    let ((_full, full_path), (receiver, path)) = (bound(), bound());
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect(&full_path).unwrap();
    sender.set_nonblocking(true).unwrap();
    fill(|| sender.send(b"x"));
    let queued = fill(|| sender.send_to(b"x", &path));
    sender.set_nonblocking(false).unwrap();
    let begun = Arc::new(AtomicBool::new(false));
    let sending = M::spawn({
        let begun = Arc::clone(&begun);
        move || {
            begun.store(true, Ordering::Relaxed);
            for _ in 0..3 {
                sender.send_to(b"last", &path).unwrap();
            }
        }
    });
    while !begun.load(Ordering::Relaxed) {
        hueless_runtime::yield_now();
    }
    for _ in 0..queued {
        assert_eq!(receiver.recv(&mut [0; 8]).unwrap(), 1);
    }
    for _ in 0..3 {
        assert_eq!(receiver.recv(&mut [0; 8]).unwrap(), 4);
    }
    sending.join();
}

fn waiting_sender_hears_that_the_receiver_has_gone<M: Mode>() {
    for connected in [true, false] {
        let (receiver, path) = bound();
        let sender = UnixDatagram::unbound().unwrap();
        if connected {
            sender.connect(&path).unwrap();
        }
        let sending = M::spawn(move || {
            loop {
                let sent = match connected {
                    true => sender.send(b"x"),
                    false => sender.send_to(b"x", &path),
                };
                if let Err(error) = sent {
                    return error;
                }
            }
        });
        for _ in 0..30 {
            receiver.recv(&mut [0; 8]).unwrap();
        }
        drop(receiver);
        let error = sending.join();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
            ),
            "{error:?}"
        );
        assert!(!is_closed(&error));
    }
}

/// Another receiver gets the name, and is full too.
#[test]
fn waiting_for_a_restarted_receiver_is_no_spinning() {
    fn waiting<M: Mode>() {
        let (old, path) = bound();
        fill_from_outside(&path);
        let before = sockets();
        let path = Arc::new(path);
        let sending = M::spawn({
            let path = Arc::clone(&path);
            move || {
                let sender = UnixDatagram::unbound().unwrap();
                sender.send_to(b"last", &*path).unwrap()
            }
        });
        // Its own, and the one that waits on its behalf.
        while sockets() < before + 2 {
            std::thread::yield_now();
        }
        let (new, new_path) = bound();
        let filled = fill_from_outside(&new_path);
        std::fs::rename(&new_path, &*path).unwrap();
        drop(old);
        let (start, used) = (Instant::now(), processor_time());
        std::thread::sleep(Duration::from_millis(500));
        let (passed, used) = (start.elapsed(), processor_time() - used);
        assert!(used < passed / 4, "{used:?} of {passed:?}");
        let mut buf = [0; 8];
        for _ in 0..filled {
            assert_eq!(new.recv(&mut buf).unwrap(), 1);
        }
        assert_eq!(new.recv(&mut buf).unwrap(), 4);
        assert_eq!(sending.join(), 4);
    }
    in_a_process("waiting_for_a_restarted_receiver_is_no_spinning", || {
        waiting::<Threads>();
        waiting::<Tasks>();
    });
}

/// Fills the queue of the receiver at `path` and says how many datagrams that took.
fn fill_from_outside(path: &SocketPath) -> usize {
    let filler = net::UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    fill(|| filler.send_to(b"x", path))
}

/// Once it has another peer it takes nothing from this sender; once the sender is the peer, it takes
/// what the sender has room for.
fn waiting_sender_s_receiver_connects<M: Mode>() {
    let (receiver, path) = bound();
    let (sender, sender_path) = bound();
    let receiver = Arc::new(receiver);
    let sent = Arc::new(AtomicUsize::new(0));
    let sending = M::spawn({
        let sent = Arc::clone(&sent);
        move || {
            loop {
                if let Err(error) = sender.send_to(b"x", &path) {
                    return error;
                }
                sent.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    for _ in 0..30 {
        receiver.recv(&mut [0; 8]).unwrap();
    }
    receiver.connect(&sender_path).unwrap();
    for _ in 0..300 {
        receiver.recv(&mut [0; 8]).unwrap();
    }
    let (_other, other_path) = bound();
    receiver.connect(&other_path).unwrap();
    // Nothing more comes, and what has been sent by then makes room.
    let draining = M::spawn({
        let receiver = Arc::clone(&receiver);
        move || {
            let timeout = Some(Duration::from_millis(200));
            receiver.set_read_timeout(timeout).unwrap();
            while receiver.recv(&mut [0; 8]).is_ok() {}
        }
    });
    let error = sending.join();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    draining.join();
    assert!(sent.load(Ordering::Relaxed) >= 330);
}

fn write_timeout_passes<M: Mode>() {
    let timeout = Duration::from_millis(30);
    // For its own room, for its peer's, for a named receiver's.
    let (a, _b) = UnixDatagram::pair().unwrap();
    let (_first, first_path) = bound();
    let (second, second_path) = bound();
    let to_peer = UnixDatagram::unbound().unwrap();
    to_peer.connect(&first_path).unwrap();
    let to_named = UnixDatagram::unbound().unwrap();
    for socket in [&a, &to_peer, &to_named] {
        socket.set_write_timeout(Some(timeout)).unwrap();
        let mut start = Instant::now();
        fill(|| {
            start = Instant::now();
            match socket.peer_addr() {
                Ok(_) => socket.send(b"x"),
                Err(_) => socket.send_to(b"x", &second_path),
            }
        });
        assert!(start.elapsed() >= timeout);
    }
    // Once there is room, it goes on.
    second.recv(&mut [0; 8]).unwrap();
    to_named.send_to(b"x", &second_path).unwrap();
    // A time-out that is longer than the turns of such a wait.
    let timeout = Duration::from_millis(120);
    to_named.set_write_timeout(Some(timeout)).unwrap();
    let start = Instant::now();
    let error = to_named.send_to(b"x", &second_path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(start.elapsed() >= timeout);
    to_named
        .set_write_timeout(Some(Duration::from_nanos(1)))
        .unwrap();
    let error = to_named.send_to(b"x", &second_path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
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

/// As in Go's test of racing deadlines: all that is sent arrives, once.
fn racing_setters_do_no_harm<M: Mode>() {
    const DATAGRAMS: usize = 1000;
    let (receiver, path) = bound();
    let sender = Arc::new(UnixDatagram::unbound().unwrap());
    let receiver = Arc::new(receiver);
    let ended = Arc::new(AtomicBool::new(false));
    let setters: Vec<_> = [&sender, &receiver]
        .map(Arc::clone)
        .into_iter()
        .map(|socket| {
            let ended = Arc::clone(&ended);
            M::spawn(move || {
                for round in 0_u64.. {
                    let timeout = match round % 3 {
                        0 => None,
                        n => Some(Duration::from_micros(n * 50)),
                    };
                    socket.set_read_timeout(timeout).unwrap();
                    socket.set_write_timeout(timeout).unwrap();
                    if ended.load(Ordering::Relaxed) {
                        return;
                    }
                    hueless_runtime::yield_now();
                }
            })
        })
        .collect();
    let sending = M::spawn(move || {
        for number in 0..DATAGRAMS {
            while let Err(error) = sender.send_to(&number.to_le_bytes(), &path) {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
        }
    });
    for number in 0..DATAGRAMS {
        let mut got = [0; 8];
        while let Err(error) = receiver.recv(&mut got) {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        assert_eq!(usize::from_le_bytes(got), number);
    }
    sending.join();
    ended.store(true, Ordering::Relaxed);
    setters.into_iter().for_each(|join| join.join());
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

/// Tasks unwind out of their waits when their runtime is dropped.
#[test]
fn cancelled_waiters_leave_the_sockets_alone() {
    common::Threads::run(|| ());
    let (receiver, path) = bound();
    let (path, receiver) = (Arc::new(path), Arc::new(receiver));
    let (a, b) = UnixDatagram::pair().unwrap();
    let b = Arc::new(b);
    let mut left = 0;
    for _ in 0..10 {
        let runtime = hueless_runtime::runtime::Builder::new()
            .workers(2)
            .build()
            .unwrap();
        let sent = Arc::new(AtomicUsize::new(0));
        let mut waiting: Vec<_> = (0..3)
            .map(|_| {
                let (path, sent) = (Arc::clone(&path), Arc::clone(&sent));
                runtime.spawn(move || {
                    let sender = UnixDatagram::unbound().unwrap();
                    loop {
                        sender.send_to(b"x", &*path).unwrap();
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        waiting.extend((0..3).map(|_| {
            let b = Arc::clone(&b);
            runtime.spawn(move || {
                b.recv(&mut [0]).unwrap();
            })
        }));
        for _ in 0..20 {
            receiver.recv(&mut [0]).unwrap();
        }
        drop(runtime);
        for task in waiting {
            assert!(task.join().unwrap_err().is_cancelled());
        }
        left += sent.load(Ordering::Relaxed);
        left -= 20;
    }
    // What was sent is there, and nothing more.
    receiver.set_nonblocking(true).unwrap();
    for _ in 0..left {
        receiver.recv(&mut [0]).unwrap();
    }
    assert!(receiver.recv(&mut [0]).is_err());
    a.send(b"kept").unwrap();
    assert_eq!(b.recv(&mut [0; 8]).unwrap(), 4);
}

/// What std's type is, ours is.
#[test]
fn type_has_std_s_auto_traits() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}
    check::<UnixDatagram>();
    check::<net::UnixDatagram>();
}
