//! Descriptors of datagram and Unix sockets: what happens when they come from std, go back to it, are
//! reused, or run out.
//!
//! The tests count the process's descriptors, so they run one at a time.

mod common;

use std::io::{Read, Write};
use std::net;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::{Mode, SocketPath, cases, descriptors, sockets, targets};
use hueless_netpoll::net::{UdpSocket, UnixDatagram, UnixListener, UnixStream};
use hueless_runtime::blocking;

cases!(
    by crate::alone:
    udp_sockets_go_to_std_and_back,
    datagram_sockets_go_to_std_and_back,
    streams_go_to_std_and_back,
    listeners_go_to_std_and_back,
    conversion_ends_the_registration,
    reused_numbers_see_no_old_events,
    waits_for_a_receiver_leave_nothing,
    thousands_come_and_go,
    all_close_on_exec,
);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `test` while no other test runs, and checks that it leaves no socket open.
fn alone<M: Mode>(test: fn()) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let before = sockets();
    M::run(test);
    assert_eq!(sockets(), before);
}

const SECOND: Duration = Duration::from_secs(1);
const HALF_MINUTE: Duration = Duration::from_secs(30);

/// Sends `socket`, of which `echoes` waits for something to give back, through all conversions. After
/// each it works, and its time-outs are as they were.
macro_rules! round_trips {
    ($ours:ty, $stds:ty, $socket:expr, $exchange:expr, $std_exchange:expr) => {{
        let mut socket: $ours = $socket;
        socket.set_read_timeout(Some(HALF_MINUTE)).unwrap();
        socket.set_write_timeout(Some(SECOND)).unwrap();
        $exchange(&socket);

        let number = socket.as_raw_fd();
        let std = <$stds>::from(socket);
        assert_eq!(std.as_raw_fd(), number);
        assert_eq!(std.read_timeout().unwrap(), Some(HALF_MINUTE));
        assert_eq!(std.write_timeout().unwrap(), Some(SECOND));
        // In blocking mode again: it waits for the answer.
        blocking(|| $std_exchange(&std));

        std.set_write_timeout(None).unwrap();
        socket = <$ours>::from(std);
        assert_eq!(socket.as_raw_fd(), number);
        assert_eq!(socket.read_timeout().unwrap(), Some(HALF_MINUTE));
        assert_eq!(socket.write_timeout().unwrap(), None);
        $exchange(&socket);

        socket = <$ours>::from(OwnedFd::from(socket));
        $exchange(&socket);
        let number = socket.into_raw_fd();
        // SAFETY: `into_raw_fd` has given up the descriptor.
        socket = unsafe { <$ours>::from_raw_fd(number) };
        $exchange(&socket);
        socket
    }};
}

fn udp_sockets_go_to_std_and_back<M: Mode>() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    let server = M::spawn(move || {
        loop {
            let mut buf = [0; 8];
            let (len, from) = server.recv_from(&mut buf).unwrap();
            if len == 0 {
                return;
            }
            server.send_to(&buf[..len], from).unwrap();
        }
    });
    let client = round_trips!(
        UdpSocket,
        net::UdpSocket,
        client,
        |socket: &UdpSocket| {
            socket.send(b"x").unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 1);
        },
        |socket: &net::UdpSocket| {
            socket.send(b"x").unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 1);
        }
    );
    client.send(&[]).unwrap();
    server.join();
}

fn datagram_sockets_go_to_std_and_back<M: Mode>() {
    let (client, server) = UnixDatagram::pair().unwrap();
    let server = M::spawn(move || {
        loop {
            let mut buf = [0; 8];
            match server.recv(&mut buf).unwrap() {
                0 => return,
                len => server.send(&buf[..len]).unwrap(),
            };
        }
    });
    let client = round_trips!(
        UnixDatagram,
        unix::net::UnixDatagram,
        client,
        |socket: &UnixDatagram| {
            socket.send(b"x").unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 1);
        },
        |socket: &unix::net::UnixDatagram| {
            socket.send(b"x").unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 1);
        }
    );
    client.send(&[]).unwrap();
    server.join();
}

fn streams_go_to_std_and_back<M: Mode>() {
    let (client, mut server) = UnixStream::pair().unwrap();
    let server = M::spawn(move || {
        let mut byte = [0];
        while server.read(&mut byte).unwrap() == 1 {
            server.write_all(&byte).unwrap();
        }
    });
    drop(round_trips!(
        UnixStream,
        unix::net::UnixStream,
        client,
        |mut stream: &UnixStream| {
            stream.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).unwrap();
        },
        |mut stream: &unix::net::UnixStream| {
            stream.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).unwrap();
        }
    ));
    server.join();
}

fn listeners_go_to_std_and_back<M: Mode>() {
    let path = Arc::new(SocketPath::new());
    let connect = || {
        let path = Arc::clone(&path);
        M::spawn(move || UnixStream::connect(&*path).unwrap())
    };
    let listener = UnixListener::from(unix::net::UnixListener::bind(&*path).unwrap());
    let client = connect();
    listener.accept().unwrap();
    client.join();

    let std = unix::net::UnixListener::from(listener);
    let client = connect();
    blocking(|| std.accept().unwrap());
    client.join();

    let listener = UnixListener::from(OwnedFd::from(std));
    let client = connect();
    listener.accept().unwrap();
    client.join();

    let number = listener.into_raw_fd();
    // SAFETY: `into_raw_fd` has given up the descriptor.
    let listener = unsafe { UnixListener::from_raw_fd(number) };
    let client = connect();
    listener.accept().unwrap();
    client.join();
}

/// A descriptor that is given away is watched no more, so it can be watched anew.
fn conversion_ends_the_registration<M: Mode>() {
    let (mut client, mut server) = UnixStream::pair().unwrap();
    let (mut receiver, sender) = UnixDatagram::pair().unwrap();
    for round in 0..100 {
        let reader = M::spawn(move || {
            client.read_exact(&mut [0]).unwrap();
            receiver.recv(&mut [0]).unwrap();
            (client, receiver)
        });
        server.write_all(&[round]).unwrap();
        sender.send(&[round]).unwrap();
        let ends = reader.join();
        client = unix::net::UnixStream::from(ends.0).into();
        receiver = unix::net::UnixDatagram::from(ends.1).into();
    }
}

/// Each round's sockets have the numbers of those that have just gone, of any type. One that were
/// woken for another's event, or not for its own, would hang or receive wrongly.
fn reused_numbers_see_no_old_events<M: Mode>() {
    const TASKS: usize = 8;
    const ROUNDS: usize = 200;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            M::spawn(move || {
                for round in 0..ROUNDS {
                    let number = [task as u8, round as u8];
                    match round % 3 {
                        0 => {
                            let (a, mut b) = UnixStream::pair().unwrap();
                            let reader = M::spawn(move || {
                                let mut got = [0; 2];
                                (&a).read_exact(&mut got).unwrap();
                                // Half of them go with unread bytes.
                                if round % 2 == 0 {
                                    assert_eq!((&a).read(&mut [0]).unwrap(), 0);
                                }
                                got
                            });
                            b.write_all(&number[..1]).unwrap();
                            b.write_all(&number[1..]).unwrap();
                            if round % 2 != 0 {
                                // It may have gone.
                                let _ = b.write_all(b"unread");
                            }
                            drop(b);
                            assert_eq!(reader.join(), number);
                        }
                        1 => {
                            let (a, b) = UnixDatagram::pair().unwrap();
                            let receiver = M::spawn(move || {
                                let mut got = [0; 2];
                                assert_eq!(a.recv(&mut got).unwrap(), 2);
                                got
                            });
                            b.send(&number).unwrap();
                            assert_eq!(receiver.join(), number);
                        }
                        _ => {
                            let a = UdpSocket::bind("127.0.0.1:0").unwrap();
                            let to = a.local_addr().unwrap();
                            let receiver = M::spawn(move || {
                                let mut got = [0; 2];
                                assert_eq!(a.recv(&mut got).unwrap(), 2);
                                got
                            });
                            let b = UdpSocket::bind("127.0.0.1:0").unwrap();
                            b.send_to(&number, to).unwrap();
                            assert_eq!(receiver.join(), number);
                        }
                    }
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|join| join.join());
}

/// Whatever way the waits end.
fn waits_for_a_receiver_leave_nothing<M: Mode>() {
    let path = Arc::new(SocketPath::new());
    let receiver = UnixDatagram::bind(&*path).unwrap();
    let sender = Arc::new(UnixDatagram::unbound().unwrap());
    sender
        .set_write_timeout(Some(Duration::from_millis(2)))
        .unwrap();
    let before = descriptors();
    while sender.send_to(b"x", &*path).is_ok() {}
    for _ in 0..20 {
        assert!(sender.send_to(b"x", &*path).is_err());
    }
    assert!(sockets() > 0 && descriptors() <= before + 4);
    sender.set_write_timeout(None).unwrap();
    let senders: Vec<_> = (0..5)
        .map(|_| {
            let (path, sender) = (Arc::clone(&path), Arc::clone(&sender));
            M::spawn(move || while sender.send_to(b"x", &*path).is_ok() {})
        })
        .collect();
    for _ in 0..100 {
        receiver.recv(&mut [0]).unwrap();
    }
    sender.close();
    senders.into_iter().for_each(|join| join.join());
}

fn thousands_come_and_go<M: Mode>() {
    const CLIENTS: usize = 50;
    const ROUNDS: usize = 60;
    let path = Arc::new(SocketPath::new());
    let listener = UnixListener::bind(&*path).unwrap();
    let server = M::spawn(move || {
        let echoes: Vec<_> = listener
            .incoming()
            .take(CLIENTS * ROUNDS)
            .map(|stream| {
                let mut stream = stream.unwrap();
                M::spawn(move || {
                    let mut buf = [0; 1000];
                    // Some of them end with an error.
                    while let Ok(read @ 1..) = stream.read(&mut buf) {
                        if stream.write_all(&buf[..read]).is_err() {
                            return;
                        }
                    }
                })
            })
            .collect();
        echoes.into_iter().for_each(|join| join.join());
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let path = Arc::clone(&path);
            M::spawn(move || {
                for round in 0..ROUNDS {
                    let mut stream = UnixStream::connect(&*path).unwrap();
                    stream.write_all(&vec![7; 1 + round * 100]).unwrap();
                    match (client + round) % 4 {
                        0 => drop(stream),
                        1 => stream.close(),
                        2 => stream.read_exact(&mut [0]).unwrap(),
                        _ => {
                            stream.shutdown(net::Shutdown::Write).unwrap();
                            let mut got = Vec::new();
                            stream.read_to_end(&mut got).unwrap();
                            assert_eq!(got.len(), 1 + round * 100);
                        }
                    }
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|join| join.join());
    server.join();
}

fn all_close_on_exec<M: Mode>() {
    let path = SocketPath::new();
    let listener = UnixListener::bind(&path).unwrap();
    let client = UnixStream::connect(&path).unwrap();
    let (server, _) = listener.accept().unwrap();
    let clone = server.try_clone().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp_clone = udp.try_clone().unwrap();
    let kept = (
        (listener, client, server, clone, udp, udp_clone),
        UnixStream::pair().unwrap(),
        UnixDatagram::pair().unwrap(),
        UnixDatagram::unbound().unwrap(),
    );
    let mut seen = 0;
    for (number, target) in targets() {
        // Others may have been inherited.
        if target.starts_with("socket:") {
            // SAFETY: the descriptor is one of this process; the call touches no memory.
            let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
            assert_ne!(flags & libc::FD_CLOEXEC, 0, "{target}");
            seen += 1;
        }
    }
    assert!(seen >= 11, "{seen}");
    drop(kept);
}

/// In a child process, whose standard input has been closed.
#[test]
fn descriptor_zero_works() {
    if std::env::var_os("WITHOUT_STDIN").is_none() {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "descriptor_zero_works"])
            .env("WITHOUT_STDIN", "1")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    // SAFETY: nobody in this process reads the standard input.
    assert_eq!(unsafe { libc::close(0) }, 0);
    common::Tasks::run(|| {
        let zero = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(zero.as_raw_fd(), 0);
        let to = zero.local_addr().unwrap();
        let receiver = common::Tasks::spawn(move || zero.recv(&mut [0]).unwrap());
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"x", to).unwrap();
        assert_eq!(receiver.join(), 1);
        let path = SocketPath::new();
        let zero = UnixListener::bind(&path).unwrap();
        assert_eq!(zero.as_raw_fd(), 0);
        let server = common::Tasks::spawn(move || {
            let (mut stream, _) = zero.accept().unwrap();
            stream.write_all(b"x").unwrap();
        });
        let mut client = UnixStream::connect(&path).unwrap();
        client.read_exact(&mut [0]).unwrap();
        server.join();
    });
}
