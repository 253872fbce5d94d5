//! TCP: what two ends see of each other.

mod common;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Mode, bytes, cases, echo, listener, pair};
use hueless_netpoll::net::{Shutdown, TcpListener, TcpStream, is_closed};

cases!(
    echo_to_many_clients,
    halves_of_one_socket,
    ten_readers_of_one_socket,
    ten_accept_from_one_listener,
    peer_s_end_is_eof,
    reset_is_an_error,
    big_transfer_waits_for_the_reader,
    both_ways_at_once,
    vectored,
    nothing_is_left_behind_a_short_read,
    reads_go_on_after_urgent_data,
    peek_takes_nothing,
    empty_write_never_waits,
    shutdown_wakes_reader,
    clone_is_another_handle,
    clones_read_and_write_apart,
);

fn echo_to_many_clients<M: Mode>() {
    const CLIENTS: usize = 32;
    const ROUNDS: usize = 50;
    let listener = listener();
    let addr = listener.local_addr().unwrap();
    let server = M::spawn(move || {
        let connections: Vec<_> = listener
            .incoming()
            .take(CLIENTS)
            .map(|stream| {
                let stream = stream.unwrap();
                M::spawn(move || echo(stream).unwrap())
            })
            .collect();
        connections.into_iter().for_each(|join| join.join());
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            M::spawn(move || {
                let mut stream = TcpStream::connect(addr).unwrap();
                for round in 0..ROUNDS {
                    let sent = bytes(client * ROUNDS + round, 1 + round * 37);
                    stream.write_all(&sent).unwrap();
                    let mut got = vec![0; sent.len()];
                    stream.read_exact(&mut got).unwrap();
                    assert_eq!(got, sent);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|join| join.join());
    server.join();
}

fn halves_of_one_socket<M: Mode>() {
    const ROUNDS: usize = 10_000;
    let (client, server) = pair();
    let server = M::spawn(move || echo(server).unwrap());
    let client = Arc::new(client);
    let writer = M::spawn({
        let client = Arc::clone(&client);
        move || {
            for round in 0..ROUNDS {
                (&*client).write_all(&(round as u32).to_le_bytes()).unwrap();
            }
            client.shutdown(Shutdown::Write).unwrap();
        }
    });
    let reader = M::spawn(move || {
        let mut number = [0; 4];
        for round in 0..ROUNDS {
            (&*client).read_exact(&mut number).unwrap();
            assert_eq!(u32::from_le_bytes(number) as usize, round);
        }
        assert_eq!((&*client).read(&mut number).unwrap(), 0);
    });
    writer.join();
    reader.join();
    server.join();
}

/// Each of ten readers takes one byte a time and says so; the writer sends a byte only once the last
/// has been taken. At the end all ten wake and see the end.
fn ten_readers_of_one_socket<M: Mode>() {
    const READERS: usize = 10;
    const BYTES: usize = 500;
    let (mut client, server) = pair();
    let server = Arc::new(server);
    let taken = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (server, taken) = (Arc::clone(&server), Arc::clone(&taken));
            M::spawn(move || {
                let mut byte = [0];
                while (&*server).read(&mut byte).unwrap() == 1 {
                    taken.fetch_add(1, Ordering::Relaxed);
                    (&*server).write_all(&byte).unwrap();
                }
            })
        })
        .collect();
    for round in 0..BYTES {
        // One byte wakes all; ten bytes give each reader that is woken one, and leave some.
        let sent = bytes(round, 1 + round % 20);
        client.write_all(&sent).unwrap();
        let mut got = vec![0; sent.len()];
        client.read_exact(&mut got).unwrap();
    }
    client.shutdown(Shutdown::Write).unwrap();
    readers.into_iter().for_each(|join| join.join());
    let sent: usize = (0..BYTES).map(|round| 1 + round % 20).sum();
    assert_eq!(taken.load(Ordering::Relaxed), sent);
}

fn ten_accept_from_one_listener<M: Mode>() {
    const ACCEPTORS: usize = 10;
    const CONNECTIONS: usize = 200;
    let listener = Arc::new(listener());
    let addr = listener.local_addr().unwrap();
    let acceptors: Vec<_> = (0..ACCEPTORS)
        .map(|_| {
            let listener = Arc::clone(&listener);
            M::spawn(move || {
                listener
                    .incoming()
                    .map(|stream| stream.unwrap().write_all(b"x").unwrap())
                    .count()
            })
        })
        .collect();
    for _ in 0..CONNECTIONS {
        let mut client = TcpStream::connect(addr).unwrap();
        client.read_exact(&mut [0]).unwrap();
    }
    listener.close();
    let accepted: usize = acceptors.into_iter().map(|join| join.join()).sum();
    assert_eq!(accepted, CONNECTIONS);
}

fn peer_s_end_is_eof<M: Mode>() {
    let (client, mut server) = pair();
    let reader = M::spawn(move || {
        let mut text = String::new();
        server.read_to_string(&mut text).unwrap();
        // The end stays.
        assert_eq!(server.read(&mut [0]).unwrap(), 0);
        text
    });
    (&client).write_all(b"the end").unwrap();
    drop(client);
    assert_eq!(reader.join(), "the end");
}

fn reset_is_an_error<M: Mode>() {
    let (client, mut server) = pair();
    let writer = M::spawn(move || {
        // The peer is gone: after the first reset writing fails, whether it waits or not.
        let block = vec![0; 1 << 20];
        loop {
            if let Err(error) = server.write(&block) {
                return (error, server.write(&block).unwrap_err());
            }
        }
    });
    // Dropped with unread bytes, which resets the connection.
    (&client).read_exact(&mut [0]).unwrap();
    drop(client);
    let (first, second) = writer.join();
    assert!(
        matches!(
            first.kind(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        ),
        "{first:?}"
    );
    assert_eq!(second.kind(), ErrorKind::BrokenPipe);
    assert!(!is_closed(&first));
}

/// The writer cannot get ahead of the reader by more than the buffers hold.
fn big_transfer_waits_for_the_reader<M: Mode>() {
    const LEN: usize = 64 << 20;
    const CHUNK: usize = 1 << 16;
    let (mut client, mut server) = pair();
    let written = Arc::new(AtomicUsize::new(0));
    let writer = M::spawn({
        let written = Arc::clone(&written);
        move || {
            let chunk = bytes(7, CHUNK);
            while written.load(Ordering::Relaxed) < LEN {
                client.write_all(&chunk).unwrap();
                written.fetch_add(CHUNK, Ordering::Relaxed);
            }
        }
    });
    let chunk = bytes(7, CHUNK);
    let mut got = vec![0; CHUNK];
    let mut most = 0;
    for read in 0..LEN / CHUNK {
        server.read_exact(&mut got).unwrap();
        assert!(got == chunk, "chunk {read}");
        most = most.max(written.load(Ordering::Relaxed).saturating_sub(read * CHUNK));
    }
    writer.join();
    assert_eq!(server.read(&mut got).unwrap(), 0);
    assert!(most < LEN / 2, "the writer was {most} bytes ahead");
}

fn both_ways_at_once<M: Mode>() {
    const LEN: usize = 16 << 20;
    let (client, server) = pair();
    let (client, server) = (Arc::new(client), Arc::new(server));
    let tasks: Vec<_> = [client, server]
        .into_iter()
        .flat_map(|end| {
            let writer = M::spawn({
                let end = Arc::clone(&end);
                move || (&*end).write_all(&bytes(3, LEN)).unwrap()
            });
            let reader = M::spawn(move || {
                let mut got = vec![0; LEN];
                (&*end).read_exact(&mut got).unwrap();
                assert!(got == bytes(3, LEN));
            });
            [writer, reader]
        })
        .collect();
    tasks.into_iter().for_each(|join| join.join());
}

fn vectored<M: Mode>() {
    let (mut client, mut server) = pair();
    let reader = M::spawn(move || {
        let (mut a, mut b) = ([0; 3], [0; 5]);
        let read = server
            .read_vectored(&mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)])
            .unwrap();
        assert_eq!(read, 8);
        (a, b)
    });
    let written = client
        .write_vectored(&[IoSlice::new(b"abcd"), IoSlice::new(b"efgh")])
        .unwrap();
    assert_eq!(written, 8);
    client.flush().unwrap();
    assert_eq!(reader.join(), (*b"abc", *b"defgh"));
}

fn peek_takes_nothing<M: Mode>() {
    let (mut client, mut server) = pair();
    let reader = M::spawn(move || {
        let mut buf = [0; 8];
        assert_eq!(server.peek(&mut buf).unwrap(), 2);
        assert_eq!(server.peek(&mut buf[..1]).unwrap(), 1);
        assert_eq!(server.read(&mut buf).unwrap(), 2);
        assert_eq!(&buf[..2], b"ab");
        assert_eq!(server.peek(&mut buf).unwrap(), 0);
    });
    client.write_all(b"ab").unwrap();
    drop(client);
    reader.join();
}

/// As std's, though it is known that there is no room.
fn empty_write_never_waits<M: Mode>() {
    let (mut client, _server) = pair();
    client.set_nonblocking(true).unwrap();
    let block = bytes(0, 1 << 20);
    while client.write(&block).is_ok() {}
    client.set_nonblocking(false).unwrap();
    assert_eq!(client.write(&[]).unwrap(), 0);
    assert_eq!(client.write_vectored(&[]).unwrap(), 0);
}

fn shutdown_wakes_reader<M: Mode>() {
    for _ in 0..50 {
        let (client, mut server) = pair();
        let client = Arc::new(client);
        let reader = M::spawn({
            let client = Arc::clone(&client);
            move || {
                (&*client).read_exact(&mut [0]).unwrap();
                (&*client).read(&mut [0]).unwrap()
            }
        });
        server.write_all(b"x").unwrap();
        client.shutdown(Shutdown::Read).unwrap();
        assert_eq!(reader.join(), 0);
        let error = {
            client.shutdown(Shutdown::Write).unwrap();
            (&*client).write(b"x").unwrap_err()
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert!(!is_closed(&error));
    }
}

fn clone_is_another_handle<M: Mode>() {
    use std::os::fd::AsRawFd;
    let (client, mut server) = pair();
    let clone = client.try_clone().unwrap();
    assert_ne!(client.as_raw_fd(), clone.as_raw_fd());
    // Settings are the connection's.
    client
        .set_read_timeout(Some(Duration::from_secs(9)))
        .unwrap();
    assert_eq!(clone.read_timeout().unwrap(), Some(Duration::from_secs(9)));
    client.set_read_timeout(None).unwrap();
    // Each handle waits by itself, and goes on to work when the other is gone.
    let (mut first, mut second) = (client, clone);
    let waits = M::spawn(move || first.read_exact(&mut [0]).unwrap());
    server.write_all(b"x").unwrap();
    waits.join();
    let waits = M::spawn(move || {
        second.read_exact(&mut [0; 2]).unwrap();
        second.write_all(b"z").unwrap();
    });
    server.write_all(b"yy").unwrap();
    server.read_exact(&mut [0]).unwrap();
    waits.join();
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
}

fn clones_read_and_write_apart<M: Mode>() {
    const LEN: usize = 4 << 20;
    let (client, server) = pair();
    let server = M::spawn(move || echo(server).unwrap());
    let mut writer = client.try_clone().unwrap();
    let writes = M::spawn(move || {
        writer.write_all(&bytes(5, LEN)).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut client = client;
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    assert!(got == bytes(5, LEN));
    writes.join();
    server.join();
}

/// A read that gets less than it has room for is the last that need not wait, unless the end or
/// urgent data has come too.
fn nothing_is_left_behind_a_short_read<M: Mode>() {
    for _ in 0..200 {
        // The end in one go with the data, before or after the first wait.
        let (mut client, mut server) = pair();
        let reader = M::spawn(move || {
            let mut buf = [0; 100];
            assert_eq!(server.read(&mut buf[..1]).unwrap(), 1);
            let mut got = Vec::new();
            loop {
                match server.read(&mut buf).unwrap() {
                    0 => return got,
                    read => got.extend_from_slice(&buf[..read]),
                }
            }
        });
        client.write_all(b"1234").unwrap();
        client.write_all(b"5").unwrap();
        drop(client);
        assert_eq!(reader.join(), b"2345");
    }
}

fn reads_go_on_after_urgent_data<M: Mode>() {
    use std::os::fd::AsRawFd;
    for round in 0..200 {
        let (mut client, mut server) = pair();
        let reader = M::spawn(move || {
            let mut got = Vec::new();
            let mut buf = [0; 100];
            while !got.ends_with(b"z") {
                let read = server.read(&mut buf).unwrap();
                got.extend_from_slice(&buf[..read]);
            }
            got
        });
        if round % 2 == 0 {
            client.write_all(b"ab").unwrap();
        }
        // SAFETY: the descriptor is open and the buffer is valid.
        let sent =
            unsafe { libc::send(client.as_raw_fd(), b"cd!".as_ptr().cast(), 3, libc::MSG_OOB) };
        assert_eq!(sent, 3);
        client.write_all(b"yz").unwrap();
        let got = reader.join();
        assert!(got.ends_with(b"cdyz"), "{got:?}");
    }
}

/// What std's types are, ours are.
#[test]
fn types_have_std_s_auto_traits() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}
    check::<TcpStream>();
    check::<TcpListener>();
    check::<net::TcpStream>();
    check::<net::TcpListener>();
}
