//! Closing sockets that others use.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

use common::{Mode, bytes, cases, listener, pair};
use hueless_netpoll::net::{TcpStream, is_closed};

cases!(
    close_wakes_reader,
    close_wakes_writer,
    close_wakes_acceptors,
    close_wakes_waiters_on_clones,
    peer_of_closed_sees_the_end,
    later_operations_fail,
    closed_listener_refuses,
);

/// Many times, since the reader may be anywhere between its byte and its wait.
fn close_wakes_reader<M: Mode>() {
    for _ in 0..200 {
        let (client, mut server) = pair();
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
        let (client, mut server) = pair();
        let client = Arc::new(client);
        let writer = M::spawn({
            let client = Arc::clone(&client);
            move || {
                let block = bytes(0, 1 << 20);
                loop {
                    if let Err(error) = (&*client).write(&block) {
                        return error;
                    }
                }
            }
        });
        server.read_exact(&mut [0; 1000]).unwrap();
        client.close();
        let error = writer.join();
        assert!(is_closed(&error), "{error:?}");
    }
}

fn close_wakes_acceptors<M: Mode>() {
    for _ in 0..100 {
        let listener = Arc::new(listener());
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

fn close_wakes_waiters_on_clones<M: Mode>() {
    for _ in 0..100 {
        let (client, mut server) = pair();
        let listener = listener();
        let mut stream_clone = client.try_clone().unwrap();
        let listener_clone = listener.try_clone().unwrap();
        let reader = M::spawn(move || {
            stream_clone.read_exact(&mut [0]).unwrap();
            stream_clone.write_all(b"y").unwrap();
            stream_clone.read(&mut [0]).unwrap_err()
        });
        let acceptor = M::spawn(move || listener_clone.accept().unwrap_err());
        // The reader answers once it has begun.
        server.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
        client.close();
        listener.close();
        for error in [reader.join(), acceptor.join()] {
            assert!(is_closed(&error), "{error:?}");
        }
    }
}

fn peer_of_closed_sees_the_end<M: Mode>() {
    let (client, mut server) = pair();
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
    let (mut client, _server) = pair();
    client.close();
    client.close();
    for error in [
        client.read(&mut [0]).unwrap_err(),
        client.read(&mut []).unwrap_err(),
        client.peek(&mut [0]).unwrap_err(),
        client.write(b"x").unwrap_err(),
        client.try_clone().unwrap().read(&mut [0]).unwrap_err(),
    ] {
        assert!(is_closed(&error), "{error:?}");
        assert_eq!(error.to_string(), "socket was closed by this program");
    }
    assert!(!is_closed(&ErrorKind::NotConnected.into()));
}

/// Elsewhere than on Linux it goes on to listen until it is dropped.
fn closed_listener_refuses<M: Mode>() {
    let listener = listener();
    let addr = listener.local_addr().unwrap();
    let mut waiting = TcpStream::connect(addr).unwrap();
    listener.close();
    if cfg!(target_os = "linux") {
        let error = TcpStream::connect(addr).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let error = waiting.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}
