//! std's sockets in tasks: who waits lets the others run. On one worker none of this ends otherwise.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use hueless_runtime::spawn;

mod common;

use common::{crowd, in_each_runtime, join_all, run};

const HERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// A pair of connected streams.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(HERE).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Answers what comes with the same, in a task for each connection, `count` connections.
fn echo_server(count: usize) -> (SocketAddr, hueless_runtime::task::JoinHandle<()>) {
    let listener = TcpListener::bind(HERE).unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(move || {
        let echo = |stream: io::Result<TcpStream>| {
            let stream = stream.unwrap();
            spawn(move || io::copy(&mut &stream, &mut &stream).unwrap())
        };
        join_all(listener.incoming().take(count).map(echo).collect());
    });
    (address, server)
}

#[test]
fn a_server_and_its_clients_run_on_one_worker() {
    // No more than std's listener has room for before they are accepted.
    const MANY: usize = 100;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (address, server) = echo_server(MANY);
            join_all(crowd(MANY, move |number| {
                let mut stream = TcpStream::connect(address).unwrap();
                for turn in 0..10 {
                    let sent = format!("{number} {turn}");
                    stream.write_all(sent.as_bytes()).unwrap();
                    let mut answer = vec![0; sent.len()];
                    stream.read_exact(&mut answer).unwrap();
                    assert_eq!(answer, sent.as_bytes());
                }
            }));
            server.join().unwrap();
        });
    });
}

#[test]
fn a_stream_is_shared_by_a_lock() {
    const MANY: usize = 1000;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (address, server) = echo_server(1);
            let stream = Arc::new(Mutex::new(TcpStream::connect(address).unwrap()));
            let shared = stream.clone();
            join_all(crowd(MANY, move |number| {
                let mut stream = shared.lock().unwrap();
                stream.write_all(&number.to_le_bytes()).unwrap();
                let mut answer = [0; 8];
                stream.read_exact(&mut answer).unwrap();
                assert_eq!(usize::from_le_bytes(answer), number);
            }));
            drop(stream);
            server.join().unwrap();
        });
    });
}

#[test]
fn a_stream_is_read_and_written_at_once() {
    const LEN: usize = 4 << 20;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, other) = pair();
            let (one, other) = (Arc::new(one), Arc::new(other));
            let mut tasks = Vec::new();
            for stream in [one, other] {
                let writer = stream.clone();
                tasks.push(spawn(move || {
                    // All of it, whatever fits into the system's buffers.
                    assert_eq!((&*writer).write(&vec![7; LEN]).unwrap(), LEN);
                    writer.shutdown(Shutdown::Write).unwrap();
                }));
                tasks.push(spawn(move || {
                    let mut all = Vec::new();
                    (&*stream).read_to_end(&mut all).unwrap();
                    assert!(all.len() == LEN && all.iter().all(|byte| *byte == 7));
                }));
            }
            join_all(tasks);
        });
    });
}

#[test]
fn several_buffers_are_written_as_one() {
    const LEN: usize = 1 << 20;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (mut one, mut other) = pair();
            let writer = spawn(move || {
                let bytes: Vec<u8> = (0..LEN).map(|number| number as u8).collect();
                let parts: Vec<_> = bytes.chunks(300_001).map(IoSlice::new).collect();
                assert_eq!(one.write_vectored(&parts).unwrap(), LEN);
            });
            let mut all = Vec::new();
            other.read_to_end(&mut all).unwrap();
            assert_eq!(all.len(), LEN);
            assert!(all.iter().enumerate().all(|(at, byte)| *byte == at as u8));
            writer.join().unwrap();
        });
    });
}

#[test]
fn many_accept_on_one_listener() {
    const MANY: usize = 50;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let listener = Arc::new(TcpListener::bind(HERE).unwrap());
            let address = listener.local_addr().unwrap();
            let others = Arc::new(listener.try_clone().unwrap());
            let servers = crowd(MANY, move |number| {
                let listener = match number % 2 {
                    0 => &listener,
                    _ => &others,
                };
                let (mut stream, peer) = listener.accept().unwrap();
                assert_eq!(stream.peer_addr().unwrap(), peer);
                stream.write_all(b"x").unwrap();
            });
            // From a thread: it shares nothing with the tasks.
            let client = thread::spawn(move || {
                for _ in 0..MANY {
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.read_exact(&mut [0]).unwrap();
                }
            });
            join_all(servers);
            client.join().unwrap();
        });
    });
}

#[test]
fn a_refused_connection_is_an_error() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let listener = TcpListener::bind(HERE).unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let error = TcpStream::connect(address).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        });
    });
}

#[test]
fn the_end_of_a_stream_wakes_its_reader() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (one, other) = pair();
            let one = Arc::new(one);
            let reader = one.clone();
            let reader = spawn(move || (&*reader).read(&mut [0]).unwrap());
            hueless_runtime::yield_now();
            one.shutdown(Shutdown::Both).unwrap();
            assert_eq!(reader.join().unwrap(), 0);
            drop(other);
        });
    });
}

#[test]
fn datagrams_are_waited_for() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let server = UdpSocket::bind(HERE).unwrap();
            let address = server.local_addr().unwrap();
            let server = spawn(move || {
                let mut buf = [0; 16];
                for _ in 0..20 {
                    let (len, from) = server.recv_from(&mut buf).unwrap();
                    assert_eq!(server.send_to(&buf[..len], from).unwrap(), len);
                }
            });
            join_all(crowd(20, move |number| {
                let socket = UdpSocket::bind(HERE).unwrap();
                socket.connect(address).unwrap();
                // An empty one is one too.
                let sent = vec![7; number % 2];
                assert_eq!(socket.send(&sent).unwrap(), sent.len());
                let mut buf = [0; 16];
                assert_eq!(socket.recv(&mut buf).unwrap(), sent.len());
            }));
            server.join().unwrap();
        });
    });
}

#[test]
fn files_and_streams_are_copied() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let path = std::env::current_exe().unwrap();
            let length = std::fs::metadata(&path).unwrap().len();
            let (mut one, mut other) = pair();
            let writer = spawn(move || {
                // By `sendfile`, if that could wait.
                let mut file = std::fs::File::open(path).unwrap();
                io::copy(&mut file, &mut one).unwrap()
            });
            assert_eq!(io::copy(&mut other, &mut io::sink()).unwrap(), length);
            assert_eq!(writer.join().unwrap(), length);
        });
    });
}

#[test]
fn names_are_looked_up() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            join_all(crowd(20, |_| {
                let mut all = ("localhost", 80).to_socket_addrs().unwrap();
                assert!(all.all(|address| address.ip().is_loopback()));
                // No name is as long as that, so nobody is asked.
                let error = ("x".repeat(300).as_str(), 80)
                    .to_socket_addrs()
                    .unwrap_err();
                assert!(error.to_string().contains("lookup"), "{error}");
            }));
        });
    });
}
