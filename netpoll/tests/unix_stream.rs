//! Unix streams and listeners: what two ends see of each other.

mod common;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::unix::{listener, pair};
use common::{Mode, bytes, cases, echo, send_with_descriptor};
use hueless_netpoll::net::{Shutdown, UnixStream, is_closed};

cases!(
    echo_to_many_clients,
    halves_of_one_socket,
    ten_readers_of_one_socket,
    ten_accept_from_one_listener,
    peer_s_end_is_eof,
    writing_to_a_peer_that_has_gone_fails,
    big_transfer_waits_for_the_reader,
    both_ways_at_once,
    vectored,
    nothing_is_left_behind_a_short_read,
    nothing_is_left_behind_a_descriptor,
    empty_write_never_waits,
    shutdown_wakes_reader,
);

fn echo_to_many_clients<M: Mode>() {
    const CLIENTS: usize = 32;
    const ROUNDS: usize = 50;
    let (listener, path) = listener();
    let server = M::spawn(move || {
        let connections: Vec<_> = (&listener)
            .into_iter()
            .take(CLIENTS)
            .map(|stream| {
                let stream = stream.unwrap();
                M::spawn(move || echo(stream).unwrap())
            })
            .collect();
        connections.into_iter().for_each(|join| join.join());
    });
    let path = Arc::new(path);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let path = Arc::clone(&path);
            M::spawn(move || {
                let mut stream = UnixStream::connect(&*path).unwrap();
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

/// Each of ten readers takes one byte a time and gives it back; at the end all ten wake.
fn ten_readers_of_one_socket<M: Mode>() {
    const READERS: usize = 10;
    const ROUNDS: usize = 300;
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
    for round in 0..ROUNDS {
        let sent = bytes(round, 1 + round % 20);
        client.write_all(&sent).unwrap();
        let mut got = vec![0; sent.len()];
        client.read_exact(&mut got).unwrap();
    }
    client.shutdown(Shutdown::Write).unwrap();
    readers.into_iter().for_each(|join| join.join());
    let sent: usize = (0..ROUNDS).map(|round| 1 + round % 20).sum();
    assert_eq!(taken.load(Ordering::Relaxed), sent);
}

fn ten_accept_from_one_listener<M: Mode>() {
    const ACCEPTORS: usize = 10;
    const CONNECTIONS: usize = 200;
    let (listener, path) = listener();
    let listener = Arc::new(listener);
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
        let mut client = UnixStream::connect(&path).unwrap();
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

fn writing_to_a_peer_that_has_gone_fails<M: Mode>() {
    let (mut client, mut server) = pair();
    let writer = M::spawn(move || {
        // It waits for room when the peer goes.
        let block = vec![0; 1 << 20];
        loop {
            if let Err(error) = server.write(&block) {
                return (error, server.write(&block).unwrap_err());
            }
        }
    });
    client.read_exact(&mut [0]).unwrap();
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
    const LEN: usize = 32 << 20;
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
    const LEN: usize = 8 << 20;
    let (client, server) = pair();
    let tasks: Vec<_> = [Arc::new(client), Arc::new(server)]
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

/// The end in one go with the data, before or after the first wait.
fn nothing_is_left_behind_a_short_read<M: Mode>() {
    for _ in 0..200 {
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

/// A read ends behind bytes that a descriptor came with, though there are more. All have been told of
/// by then.
fn nothing_is_left_behind_a_descriptor<M: Mode>() {
    for _ in 0..50 {
        let ((client, mut server), (mut go, mut waits)) = (pair(), pair());
        let reader = M::spawn(move || {
            // A wait, so that the stream is being watched.
            server.read_exact(&mut [0]).unwrap();
            server.write_all(b"begin").unwrap();
            waits.read_exact(&mut [0]).unwrap();
            let mut got = Vec::new();
            let mut buf = [0; 100];
            while !got.ends_with(b"z") {
                let read = server.read(&mut buf).unwrap();
                got.extend_from_slice(&buf[..read]);
            }
            got
        });
        (&client).write_all(b"x").unwrap();
        (&client).read_exact(&mut [0; 5]).unwrap();
        (&client).write_all(b"a").unwrap();
        send_with_descriptor(&client, b"bc");
        (&client).write_all(b"yz").unwrap();
        go.write_all(b"x").unwrap();
        assert_eq!(reader.join(), b"abcyz");
    }
}

/// As std's, though there is no room.
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
        client.shutdown(Shutdown::Write).unwrap();
        let error = (&*client).write(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert!(!is_closed(&error));
    }
}
