//! Closing TCP sockets: what Go's tests ask of `Close`, and what a cancelled task leaves behind.
//!
//! The tests count the process's sockets, so they run one at a time.

mod common;

use std::io::{self, ErrorKind, Read, Write};
use std::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Mode, cases, listener, one_at_a_time, pair, sockets};
use hueless_netpoll::net::{Shutdown, TcpListener, TcpStream, is_closed};
use hueless_runtime::runtime::Builder;
use socket2::SockRef;

cases!(
    by crate::common::alone:
    close_unblocks_reader_and_writer_at_once,
    close_ends_all_that_is_going_on,
    closed_address_can_be_listened_at_again,
    close_races_with_clients,
    reset_before_accept_is_passed_on,
    drop_of_one_handle_closes_nothing,
    shutdown_ends_one_direction_alone,
);

/// Both wait: the reader for a byte that never comes, the writer for room.
fn close_unblocks_reader_and_writer_at_once<M: Mode>() {
    for _ in 0..30 {
        let (client, mut server) = pair();
        let client = Arc::new(client);
        let reader = M::spawn({
            let client = Arc::clone(&client);
            move || (&*client).read(&mut [0]).unwrap_err()
        });
        let writer = M::spawn({
            let client = Arc::clone(&client);
            move || {
                let block = vec![0; 1 << 20];
                loop {
                    if let Err(error) = (&*client).write(&block) {
                        return error;
                    }
                }
            }
        });
        // The writer has begun.
        server.read_exact(&mut [0; 1000]).unwrap();
        client.close();
        for error in [reader.join(), writer.join()] {
            assert!(is_closed(&error), "{error:?}");
        }
    }
}

/// Everything one can do with a stream, by many at once, until it is closed by several of them.
fn close_ends_all_that_is_going_on<M: Mode>() {
    const ROUNDS: usize = 10;
    let operations: [fn(&TcpStream) -> io::Result<()>; 10] = [
        |mut stream| stream.read(&mut [0; 100]).map(drop),
        |mut stream| stream.write(&[0; 1 << 16]).map(drop),
        |stream| stream.peek(&mut [0]).map(drop),
        |stream| stream.set_read_timeout(Some(Duration::from_millis(1))),
        |stream| stream.set_write_timeout(None),
        |stream| stream.local_addr().map(drop),
        |stream| stream.set_nodelay(true),
        |stream| stream.take_error().map(drop),
        |stream| stream.try_clone()?.peek(&mut [0]).map(drop),
        |stream| stream.ttl().map(drop),
    ];
    for _ in 0..ROUNDS {
        let (client, mut server) = pair();
        let client = Arc::new(client);
        let peer = M::spawn(move || {
            server.write_all(&[0; 1000]).unwrap();
            let mut got = 0;
            // In the end the client is closed with something unread, which resets.
            while let Ok(1..) = server.read(&mut [0; 1 << 12]) {
                got += 1;
            }
            got
        });
        let begun = Arc::new(AtomicUsize::new(0));
        let users: Vec<_> = operations
            .into_iter()
            .map(|operation| {
                let (client, begun) = (Arc::clone(&client), Arc::clone(&begun));
                M::spawn(move || {
                    // Those that never fail have enough after a while.
                    for turn in 0..1000 {
                        match operation(&client) {
                            Ok(()) => {}
                            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                            Err(error) if is_closed(&error) => return,
                            // The peer is gone already.
                            Err(error) => assert!(error.raw_os_error().is_some(), "{error:?}"),
                        }
                        if turn == 0 && begun.fetch_add(1, Ordering::Relaxed) == 5 {
                            client.close();
                        }
                        hueless_runtime::yield_now();
                    }
                })
            })
            .collect();
        let closers = [0; 2].map(|_| {
            let (client, begun) = (Arc::clone(&client), Arc::clone(&begun));
            M::spawn(move || {
                while begun.load(Ordering::Relaxed) < 3 {
                    hueless_runtime::yield_now();
                    std::thread::yield_now();
                }
                client.close();
            })
        });
        closers.into_iter().for_each(|closer| closer.join());
        users.into_iter().for_each(|user| user.join());
        assert!(is_closed(&(&*client).read(&mut [0]).unwrap_err()));
        drop(client);
        peer.join();
    }
}

/// With somebody who accepts, and clients, at each end.
fn closed_address_can_be_listened_at_again<M: Mode>() {
    let mut listener = listener();
    let addr = listener.local_addr().unwrap();
    for _ in 0..10 {
        let current = Arc::new(listener);
        let acceptor = M::spawn({
            let current = Arc::clone(&current);
            move || {
                current
                    .incoming()
                    .map(|stream| stream.unwrap().write_all(b"x").unwrap())
                    .count()
            }
        });
        let mut client = TcpStream::connect(addr).unwrap();
        client.read_exact(&mut [0]).unwrap();
        current.close();
        assert_eq!(acceptor.join(), 1);
        drop(current);
        listener = TcpListener::bind(addr).unwrap();
    }
}

/// Clients that come while the listener is closed are served or refused; none is left hanging.
///
/// A client speaks first: Linux may forget a connection that was half made when its listener was
/// closed, and tells the client when it hears from it.
fn close_races_with_clients<M: Mode>() {
    const CLIENTS: usize = 8;
    fn is_served(addr: net::SocketAddr) -> io::Result<()> {
        let mut client = TcpStream::connect(addr)?;
        client.write_all(b"x")?;
        client.read_exact(&mut [0])
    }
    for _ in 0..20 {
        let listener = Arc::new(listener());
        let addr = listener.local_addr().unwrap();
        let acceptor = M::spawn({
            let listener = Arc::clone(&listener);
            move || {
                listener
                    .incoming()
                    .map(|stream| {
                        let mut stream = stream.unwrap();
                        stream.read_exact(&mut [0]).unwrap();
                        stream.write_all(b"x").unwrap();
                    })
                    .count()
            }
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                M::spawn(move || {
                    let mut served = 0;
                    // Until it is refused, or reset before it is served.
                    while is_served(addr).is_ok() {
                        served += 1;
                    }
                    served
                })
            })
            .collect();
        // In the thick of it.
        is_served(addr).unwrap();
        listener.close();
        let accepted = acceptor.join();
        drop(listener);
        let served: usize = clients.into_iter().map(|client| client.join()).sum();
        assert!(
            (1..=accepted).contains(&(served + 1)),
            "{served} {accepted}"
        );
    }
}

/// A client that gives up before it is accepted does not end the server.
fn reset_before_accept_is_passed_on<M: Mode>() {
    for _ in 0..20 {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        for _ in 0..3 {
            let client = TcpStream::connect(addr).unwrap();
            SockRef::from(&client)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            drop(client);
        }
        let server = M::spawn(move || {
            let mut failed = 0;
            for stream in listener.incoming() {
                match stream.unwrap().read(&mut [0]) {
                    Ok(1) => return failed,
                    _ => failed += 1,
                }
            }
            unreachable!("the listener is not closed")
        });
        (&TcpStream::connect(addr).unwrap())
            .write_all(b"x")
            .unwrap();
        // Some systems forget them.
        assert!(server.join() <= 3);
    }
}

fn drop_of_one_handle_closes_nothing<M: Mode>() {
    let (client, mut server) = pair();
    let mut clone = client.try_clone().unwrap();
    let reader = M::spawn(move || {
        clone.write_all(b"a").unwrap();
        let mut text = String::new();
        clone.read_to_string(&mut text).unwrap();
        text
    });
    server.read_exact(&mut [0]).unwrap();
    drop(client);
    server.write_all(b"still there").unwrap();
    drop(server);
    assert_eq!(reader.join(), "still there");
}

fn shutdown_ends_one_direction_alone<M: Mode>() {
    for _ in 0..30 {
        let (client, mut server) = pair();
        let client = Arc::new(client);
        let reader = M::spawn({
            let client = Arc::clone(&client);
            move || {
                (&*client).write_all(b"x").unwrap();
                let mut text = String::new();
                (&*client).read_to_string(&mut text).unwrap();
                text
            }
        });
        server.read_exact(&mut [0]).unwrap();
        // The reader goes on; the peer sees the end.
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(server.read(&mut [0]).unwrap(), 0);
        server.write_all(b"answer").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.join(), "answer");
    }
}

/// Tasks that wait in every way are cancelled by the end of their runtime. What they waited for has
/// not happened, and who else has the socket goes on with it.
#[test]
fn cancelled_tasks_leave_their_sockets_usable() {
    const PAIRS: usize = 100;
    let _alone = one_at_a_time();
    let before = sockets();
    // SAFETY: the tasks keep nothing that belongs to a thread.
    for builder in [Builder::new(), unsafe { Builder::new().migrate() }] {
        let runtime = builder.workers(2).build().unwrap();
        let listener = Arc::new(listener());
        let pairs: Vec<_> = (0..PAIRS)
            .map(|_| {
                let (client, server) = pair();
                (Arc::new(client), server)
            })
            .collect();
        let mut tasks = Vec::new();
        for (client, _) in &pairs {
            let reader = Arc::clone(client);
            tasks.push(runtime.spawn(move || {
                (&*reader).write_all(b"r").unwrap();
                drop((&*reader).read(&mut [0]));
            }));
            // One that has a descriptor of its own, which goes with it.
            let clone = client.try_clone().unwrap();
            tasks.push(runtime.spawn(move || {
                (&clone).write_all(b"p").unwrap();
                drop(clone.peek(&mut [0]));
            }));
        }
        for _ in 0..3 {
            let listener = Arc::clone(&listener);
            tasks.push(runtime.spawn(move || drop(listener.accept())));
        }
        // All of them have begun.
        for (_, server) in &pairs {
            (&*server).read_exact(&mut [0; 2]).unwrap();
        }
        drop(runtime);
        for task in tasks {
            assert!(task.join().unwrap_err().is_cancelled());
        }
        assert_eq!(sockets(), before + 1 + 2 * PAIRS);

        for (client, mut server) in pairs {
            server.write_all(b"later").unwrap();
            let mut got = [0; 5];
            (&*client).read_exact(&mut got).unwrap();
            assert_eq!(&got, b"later");
        }
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_, from) = listener.accept().unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    }
    assert_eq!(sockets(), before);
}

/// A signal that interrupts whatever waits is seen by nobody.
#[test]
fn signals_interrupt_nothing() {
    const ROUNDS: usize = 2000;
    extern "C" fn ignore(_: libc::c_int) {}
    let _alone = one_at_a_time();
    // SAFETY: the structure is valid, without SA_RESTART; the handler does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ignore as *const () as libc::sighandler_t;
        let answer = libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut());
        assert_eq!(answer, 0);
    }
    let (client, server) = pair();
    let echo = std::thread::spawn(move || common::echo(server).unwrap());
    let target = {
        use std::os::unix::thread::JoinHandleExt;
        echo.as_pthread_t()
    };
    let ended = Arc::new(AtomicUsize::new(0));
    let signals = std::thread::spawn({
        let ended = Arc::clone(&ended);
        // SAFETY: this thread's own number.
        let main = unsafe { libc::pthread_self() };
        move || {
            while ended.load(Ordering::Relaxed) == 0 {
                for thread in [target, main] {
                    // SAFETY: neither has been joined before this loop has ended.
                    unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
                }
                std::thread::yield_now();
            }
        }
    });
    let mut client = client;
    for round in 0..ROUNDS {
        client.write_all(&[round as u8]).unwrap();
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [round as u8]);
    }
    client
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let error = client.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ended.store(1, Ordering::Relaxed);
    signals.join().unwrap();
    drop(net::TcpStream::from(client));
    echo.join().unwrap();
}
