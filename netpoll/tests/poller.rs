//! Sockets that outlive the runtime whose worker told of them.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use common::{Mode, Threads, descriptors, pair};
use hueless_netpoll::net::{TcpListener, TcpStream};
use hueless_runtime::runtime::{Builder, Runtime};

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// A task and an OS thread wait on one socket. The task's runtime ends, and with it the poller that
/// the socket is registered with; the thread goes on to wait with another.
#[test]
fn waiters_move_when_their_poller_closes() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (client, mut server) = pair();
        let client = Arc::new(client);
        // The first wait is the task's, so it is its worker that the socket is registered with.
        let task = runtime.spawn({
            let client = Arc::clone(&client);
            move || {
                (&*client).read_exact(&mut [0]).unwrap();
                (&*client).write_all(b"a").unwrap();
                (&*client).read_exact(&mut [0]).unwrap();
            }
        });
        server.write_all(b"1").unwrap();
        server.read_exact(&mut [0]).unwrap();
        let thread = Threads::spawn({
            let client = Arc::clone(&client);
            move || {
                (&*client).write_all(b"b").unwrap();
                (&*client).read_exact(&mut [0]).unwrap();
            }
        });
        server.read_exact(&mut [0]).unwrap();
        drop(runtime);
        assert!(task.join().unwrap_err().is_cancelled());
        server.write_all(b"2").unwrap();
        thread.join();
    }
}

/// Sockets made in one runtime are used in the next, and in the one after that.
#[test]
fn sockets_outlive_runtimes() {
    let mut ends = pair();
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let addr = listener.local_addr().unwrap();
    for round in 0..50 {
        let runtime = runtime(1 + round % 2);
        let (client, server) = ends;
        let accepting = runtime.spawn({
            let listener = Arc::clone(&listener);
            move || listener.accept().unwrap()
        });
        let reading = runtime.spawn(move || {
            { &client }.read_exact(&mut [0]).unwrap();
            client
        });
        { &server }.write_all(b"x").unwrap();
        TcpStream::connect(addr).unwrap();
        accepting.join().unwrap();
        ends = (reading.join().unwrap(), server);
        drop(runtime);
    }
}

/// Tasks that wait for sockets unwind when their runtime is dropped, and nothing is left of them,
/// nor of the pollers.
#[test]
fn dropped_runtimes_leave_no_descriptors() {
    // Every test of this file has its own descriptors, but only this one counts.
    Threads::run(|| ());
    if std::env::var_os("COUNT_ALONE").is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "dropped_runtimes_leave_no_descriptors"])
            .env("COUNT_ALONE", "1")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    // The global runtime, which this thread waits with, has its poller from now on.
    let (mut client, server) = pair();
    client
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    client.read(&mut [0]).unwrap_err();
    drop((client, server));
    let before = descriptors();
    for round in 0..100 {
        let runtime = runtime(1 + round % 3);
        let mut peers = Vec::new();
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let (mut client, server) = pair();
                peers.push(server);
                runtime.spawn(move || {
                    client.read_exact(&mut [0]).unwrap();
                    client.write_all(b"x").unwrap();
                    client.read(&mut [0]).unwrap()
                })
            })
            .collect();
        for peer in &mut peers[..round % 10] {
            peer.write_all(b"x").unwrap();
            peer.read_exact(&mut [0]).unwrap();
        }
        // Some wait for the second time by now, some for the first, some have not begun.
        drop(runtime);
        for task in waiting {
            assert!(task.join().unwrap_err().is_cancelled());
        }
    }
    // The last threads may still be about to let go of their runtime.
    while descriptors() != before {
        std::thread::yield_now();
    }
}

/// A cancelled wait takes nothing and leaves the socket usable.
#[test]
fn cancelled_readers_leave_the_socket_alone() {
    let (client, mut server) = pair();
    let client = Arc::new(client);
    for round in 0..50 {
        let runtime = runtime(2);
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let client = Arc::clone(&client);
                runtime.spawn(move || (&*client).read(&mut [0; 64]).unwrap())
            })
            .collect();
        let writer = runtime.spawn({
            let client = Arc::clone(&client);
            move || (&*client).write_all(&[round]).unwrap()
        });
        writer.join().unwrap();
        server.read_exact(&mut [0]).unwrap();
        drop(runtime);
        for reader in readers {
            assert!(reader.join().unwrap_err().is_cancelled());
        }
    }
    server.write_all(b"still there").unwrap();
    let mut got = [0; 11];
    (&*client).read_exact(&mut got).unwrap();
    assert_eq!(&got, b"still there");
    client.set_nonblocking(true).unwrap();
    let error = (&*client).read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}
