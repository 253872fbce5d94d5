//! Closing Unix streams and listeners that others use.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

use common::unix::listener;
use common::{Mode, cases};
use hueless_netpoll::net::{UnixStream, is_closed};

cases!(
    close_wakes_readers,
    close_wakes_writer,
    close_wakes_reader_and_writer_at_once,
    close_wakes_acceptors,
    close_wakes_waiters_on_clones,
    peer_of_closed_sees_the_end,
    later_operations_fail,
    closed_listener_refuses,
);

/// Many times, since the readers may be anywhere between their byte and their wait.
fn close_wakes_readers<M: Mode>() {
    for _ in 0..200 {
        let (client, mut server) = UnixStream::pair().unwrap();
        let client = Arc::new(client);
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let client = Arc::clone(&client);
                M::spawn(move || {
                    loop {
                        match (&*client).read(&mut [0]) {
                            Ok(read) => assert_eq!(read, 1, "a close is no end of the peer's"),
                            Err(error) => return error,
                        }
                    }
                })
            })
            .collect();
        server.write_all(b"x").unwrap();
        client.close();
        for reader in readers {
            let error = reader.join();
            assert!(is_closed(&error), "{error:?}");
            assert_eq!(error.kind(), ErrorKind::NotConnected);
        }
    }
}

fn close_wakes_writer<M: Mode>() {
    for _ in 0..20 {
        let (client, mut server) = UnixStream::pair().unwrap();
        let client = Arc::new(client);
        let writer = M::spawn({
            let client = Arc::clone(&client);
            move || write_all(&client)
        });
        server.read_exact(&mut [0; 1000]).unwrap();
        client.close();
        let error = writer.join();
        assert!(is_closed(&error), "{error:?}");
    }
}

/// Writes until there is an error.
fn write_all(stream: &UnixStream) -> std::io::Error {
    let block = [0; 1 << 16];
    loop {
        if let Err(error) = (&*stream).write(&block) {
            return error;
        }
    }
}

/// As in Go's test of both at once.
fn close_wakes_reader_and_writer_at_once<M: Mode>() {
    for round in 0..50 {
        let (client, mut server) = UnixStream::pair().unwrap();
        let client = Arc::new(client);
        let waiting = [
            M::spawn({
                let client = Arc::clone(&client);
                move || (&*client).read(&mut [0]).unwrap_err()
            }),
            M::spawn({
                let client = Arc::clone(&client);
                move || write_all(&client)
            }),
        ];
        server.read_exact(&mut [0; 1000]).unwrap();
        match round % 2 {
            0 => client.close(),
            _ => client.try_clone().unwrap().close(),
        }
        for waiter in waiting {
            let error = waiter.join();
            assert!(is_closed(&error), "{error:?}");
        }
    }
}

fn close_wakes_acceptors<M: Mode>() {
    for _ in 0..100 {
        let (listener, _path) = listener();
        let listener = Arc::new(listener);
        let acceptors: Vec<_> = (0..3)
            .map(|_| {
                let listener = Arc::clone(&listener);
                M::spawn(move || {
                    assert_eq!(listener.incoming().count(), 0);
                    listener.accept().unwrap_err()
                })
            })
            .collect();
        listener.close();
        for acceptor in acceptors {
            assert!(is_closed(&acceptor.join()));
        }
    }
}

/// On the listener, which has no peer by which the system could tell it.
fn close_wakes_waiters_on_clones<M: Mode>() {
    for round in 0..50 {
        let (client, mut server) = UnixStream::pair().unwrap();
        let (listener, path) = listener();
        let mut stream_clone = client.try_clone().unwrap();
        let reader = M::spawn(move || {
            stream_clone.read_exact(&mut [0]).unwrap();
            stream_clone.write_all(b"y").unwrap();
            stream_clone.read(&mut [0]).unwrap_err()
        });
        let acceptors: Vec<_> = (0..3)
            .map(|_| {
                let clone = listener.try_clone().unwrap();
                M::spawn(move || {
                    loop {
                        match clone.accept() {
                            Ok((mut stream, _)) => stream.write_all(b"z").unwrap(),
                            Err(error) => return error,
                        }
                    }
                })
            })
            .collect();
        // Served by one of them, which the others have waited beside, or are about to.
        let mut served = UnixStream::connect(&path).unwrap();
        served.read_exact(&mut [0]).unwrap();
        // The reader answers once it has begun.
        server.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
        client.close();
        match round % 2 {
            0 => listener.close(),
            _ => listener.try_clone().unwrap().close(),
        }
        assert!(is_closed(&reader.join()));
        for acceptor in acceptors {
            let error = acceptor.join();
            assert!(is_closed(&error), "{error:?}");
        }
    }
}

fn peer_of_closed_sees_the_end<M: Mode>() {
    let (client, mut server) = UnixStream::pair().unwrap();
    let reader = M::spawn(move || {
        let mut got = Vec::new();
        server.read_to_end(&mut got).unwrap();
        got
    });
    (&client).write_all(b"last words").unwrap();
    client.close();
    assert_eq!(reader.join(), b"last words");
    drop(client);
}

fn later_operations_fail<M: Mode>() {
    let (mut client, _server) = UnixStream::pair().unwrap();
    client.close();
    client.close();
    let (listener, _path) = listener();
    listener.close();
    for error in [
        client.read(&mut [0]).unwrap_err(),
        client.read(&mut []).unwrap_err(),
        client.write(b"x").unwrap_err(),
        client.try_clone().unwrap().read(&mut [0]).unwrap_err(),
        listener.accept().unwrap_err(),
        listener.try_clone().unwrap().accept().unwrap_err(),
    ] {
        assert!(is_closed(&error), "{error:?}");
    }
    assert!(listener.incoming().next().is_none());
}

/// Elsewhere than on Linux it goes on to listen until it is dropped.
fn closed_listener_refuses<M: Mode>() {
    let (listener, path) = listener();
    let mut waiting = UnixStream::connect(&path).unwrap();
    listener.close();
    if cfg!(target_os = "linux") {
        let error = UnixStream::connect(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    let reader = M::spawn(move || waiting.read(&mut [0]));
    drop(listener);
    let answer = reader.join();
    let error = answer.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}
