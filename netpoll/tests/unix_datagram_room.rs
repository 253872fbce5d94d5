//! Unix datagrams: who waits for room.

mod common;

use std::io::{self, ErrorKind};
use std::os::unix::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::unix::{bound, fill};
use common::{Mode, SocketPath, Tasks, Threads, cases, in_a_process, processor_time, sockets};
use hueless_netpoll::net::{UnixDatagram, is_closed};

cases!(
    sender_waits_for_its_own_room,
    sender_waits_for_its_peer_s_room,
    senders_wait_for_a_named_receiver_s_room,
    sender_waits_for_one_while_its_peer_is_full,
    waiting_sender_hears_that_the_receiver_has_gone,
    waiting_sender_s_receiver_connects,
    write_timeout_passes,
    racing_setters_do_no_harm,
);

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
