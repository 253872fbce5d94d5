//! Descriptors: what happens when they come from std, go back to it, are reused, or run out.
//!
//! The tests count the process's descriptors and lower its limit, so they run one at a time.

mod common;

use std::io::{Read, Write};
use std::net;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use common::{Limit, Mode, bytes, cases, descriptors, echo, listener, pair, targets};
use hueless_netpoll::net::{TcpListener, TcpStream};
use hueless_runtime::blocking;

cases!(
    by crate::common::alone:
    streams_go_to_std_and_back,
    listeners_go_to_std_and_back,
    conversion_ends_the_registration,
    reused_numbers_see_no_old_events,
    thousand_connections_leave_nothing,
    thousands_come_and_go,
    accept_goes_on_after_running_out,
    all_close_on_exec,
);

fn streams_go_to_std_and_back<M: Mode>() {
    let (client, server) = pair();
    let server = M::spawn(move || echo(server).unwrap());
    let (second, half_minute) = (Duration::from_secs(1), Duration::from_secs(30));
    client.set_read_timeout(Some(half_minute)).unwrap();
    client.set_write_timeout(Some(second)).unwrap();

    let mut std = net::TcpStream::from(client);
    assert_eq!(std.read_timeout().unwrap(), Some(half_minute));
    assert_eq!(std.write_timeout().unwrap(), Some(second));
    // In blocking mode again: it waits for the echo.
    std.write_all(b"x").unwrap();
    blocking(|| std.read_exact(&mut [0]).unwrap());

    std.set_write_timeout(None).unwrap();
    let number = std.as_raw_fd();
    let mut client = TcpStream::from(std);
    assert_eq!(client.as_raw_fd(), number);
    assert_eq!(client.read_timeout().unwrap(), Some(half_minute));
    assert_eq!(client.write_timeout().unwrap(), None);
    client.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();

    let descriptor = OwnedFd::from(client);
    let mut client = TcpStream::from(descriptor);
    client.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();

    let number = client.into_raw_fd();
    // SAFETY: `into_raw_fd` has given up the descriptor.
    let mut client = unsafe { TcpStream::from_raw_fd(number) };
    client.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();
    drop(client);
    server.join();
}

fn listeners_go_to_std_and_back<M: Mode>() {
    let std = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = std.local_addr().unwrap();
    let connect = || M::spawn(move || TcpStream::connect(addr).unwrap());

    let listener = TcpListener::from(std);
    let client = connect();
    listener.accept().unwrap();
    client.join();

    let std = net::TcpListener::from(listener);
    let client = connect();
    blocking(|| std.accept().unwrap());
    client.join();

    let listener = TcpListener::from(OwnedFd::from(std));
    let client = connect();
    listener.accept().unwrap();
    client.join();
}

/// A descriptor that is given away is watched no more, so it can be watched anew.
fn conversion_ends_the_registration<M: Mode>() {
    let (client, mut server) = pair();
    let mut client = client;
    for round in 0..100 {
        let reader = M::spawn(move || {
            client.read_exact(&mut [0]).unwrap();
            client
        });
        server.write_all(&[round]).unwrap();
        client = net::TcpStream::from(reader.join()).into();
    }
}

/// Each connection's server waits for the second byte while the next connection, with the same
/// descriptor numbers, may already be under way. A reader that were woken for another's event, or
/// not woken for its own, would hang or read wrongly.
fn reused_numbers_see_no_old_events<M: Mode>() {
    const TASKS: usize = 8;
    const ROUNDS: usize = 300;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            M::spawn(move || {
                let listener = listener();
                let addr = listener.local_addr().unwrap();
                for round in 0..ROUNDS {
                    let client = M::spawn(move || {
                        let mut client = TcpStream::connect(addr).unwrap();
                        let number = [task as u8, round as u8];
                        client.write_all(&number).unwrap();
                        let mut answer = [0; 2];
                        client.read_exact(&mut answer).unwrap();
                        assert_eq!(answer, number);
                        // Half of them are dropped with the peer's bytes unread.
                        if round % 2 == 0 {
                            assert_eq!(client.read(&mut [0]).unwrap(), 0);
                        }
                    });
                    let (mut server, _) = listener.accept().unwrap();
                    server.set_nodelay(true).unwrap();
                    let mut number = [0; 2];
                    server.read_exact(&mut number[..1]).unwrap();
                    server.read_exact(&mut number[1..]).unwrap();
                    assert_eq!(number, [task as u8, round as u8]);
                    server.write_all(&number).unwrap();
                    drop(server);
                    client.join();
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|join| join.join());
}

fn thousand_connections_leave_nothing<M: Mode>() {
    const CONNECTIONS: usize = 1000;
    let listener = listener();
    let addr = listener.local_addr().unwrap();
    let server = M::spawn(move || {
        let echoes: Vec<_> = listener
            .incoming()
            .take(CONNECTIONS)
            .map(|stream| M::spawn(move || echo(stream.unwrap()).unwrap()))
            .collect();
        echoes.into_iter().for_each(|join| join.join());
    });
    let mut clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| TcpStream::connect(addr).unwrap())
        .collect();
    for client in &mut clients {
        client.write_all(b"x").unwrap();
    }
    for client in &mut clients {
        client.read_exact(&mut [0]).unwrap();
    }
    assert!(descriptors() > 2 * CONNECTIONS);
    drop(clients);
    server.join();
}

/// Connections in all stages at once: half of them end while their server waits to read or write.
fn thousands_come_and_go<M: Mode>() {
    const CLIENTS: usize = 50;
    const ROUNDS: usize = 60;
    let listener = listener();
    let addr = listener.local_addr().unwrap();
    let server = M::spawn(move || {
        let echoes: Vec<_> = listener
            .incoming()
            .take(CLIENTS * ROUNDS)
            // Some of them are reset.
            .map(|stream| M::spawn(move || drop(echo(stream.unwrap()))))
            .collect();
        echoes.into_iter().for_each(|join| join.join());
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            M::spawn(move || {
                for round in 0..ROUNDS {
                    let mut stream = TcpStream::connect(addr).unwrap();
                    let sent = bytes(client, 1 + round * 100);
                    stream.write_all(&sent).unwrap();
                    match (client + round) % 4 {
                        0 => drop(stream),
                        1 => stream.close(),
                        2 => stream.read_exact(&mut [0]).unwrap(),
                        _ => {
                            stream.shutdown(net::Shutdown::Write).unwrap();
                            let mut got = Vec::new();
                            stream.read_to_end(&mut got).unwrap();
                            assert!(got == sent);
                        }
                    }
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|join| join.join());
    server.join();
}

/// The process runs out of descriptors, `accept` says so, and works again when there are some.
fn accept_goes_on_after_running_out<M: Mode>() {
    let listener = Arc::new(listener());
    let addr = listener.local_addr().unwrap();
    let mut clients = Vec::new();
    let limit = Limit::lower_to(descriptors() + 10);
    // Connecting takes the descriptors, all but those that the listener's side would need.
    let error = loop {
        match TcpStream::connect(addr) {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
    };
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    let error = listener.accept().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    let error = listener.try_clone().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    drop(limit);
    for _ in &clients {
        listener.accept().unwrap();
    }
    let client = M::spawn(move || TcpStream::connect(addr).unwrap());
    listener.accept().unwrap();
    client.join();
}

fn all_close_on_exec<M: Mode>() {
    let (mut client, server) = pair();
    // A wait, so that there is a poller.
    let writer = M::spawn({
        let mut server = server.try_clone().unwrap();
        move || server.write_all(b"x").unwrap()
    });
    client.read_exact(&mut [0]).unwrap();
    writer.join();
    let (listener, clone) = (listener(), server.try_clone().unwrap());
    let kept = (client, server, listener, clone);
    let mut seen = 0;
    for (number, target) in targets() {
        // Others may have been inherited.
        if target.starts_with("socket:") || target.starts_with("anon_inode:[event") {
            // SAFETY: the descriptor is one of this process; the call touches no memory.
            let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
            assert_ne!(flags & libc::FD_CLOEXEC, 0, "{target}");
            seen += 1;
        }
    }
    // Those four at least.
    assert!(seen >= 4, "{seen}");
    drop(kept);
}

/// In a child process, whose standard input has been closed.
#[test]
fn descriptor_zero_works() {
    if std::env::var_os("WITHOUT_STDIN").is_none() {
        let _alone = common::one_at_a_time();
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
        let zero = listener();
        assert_eq!(zero.as_raw_fd(), 0);
        let addr = zero.local_addr().unwrap();
        let client = common::Tasks::spawn(move || TcpStream::connect(addr).unwrap());
        zero.accept().unwrap();
        client.join();
        let other = listener();
        drop(zero);
        let mut zero = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        assert_eq!(zero.as_raw_fd(), 0);
        let echoing = common::Tasks::spawn(move || echo(other.accept().unwrap().0).unwrap());
        zero.write_all(b"x").unwrap();
        zero.read_exact(&mut [0]).unwrap();
        drop(zero);
        echoing.join();
    });
}
