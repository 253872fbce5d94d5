//! Channels and sockets inside `no_park`, where the worker's thread waits for them itself.

use std::io::{Read, Write};

use hueless::channel::bounded;
use hueless::net::{TcpListener, TcpStream};
use hueless::{runtime, select, task};

#[test]
fn channels_meet_a_thread_from_inside() {
    let runtime = runtime::Builder::new().workers(1).build().unwrap();
    let (tx, rx) = bounded(0);
    let (back, answers) = bounded(0);
    let thread = std::thread::spawn(move || {
        for n in rx {
            back.send(n * 2).unwrap();
        }
    });
    runtime.run(|| {
        task::no_park(|| {
            for n in 0..100 {
                tx.send(n).unwrap();
                assert_eq!(answers.recv(), Ok(n * 2));
                tx.send(n).unwrap();
                select! {
                    recv(answers) -> twice => assert_eq!(twice, Ok(n * 2)),
                }
            }
        });
        drop(tx);
    });
    thread.join().unwrap();
}

/// The worker that waits cannot poll for itself.
#[test]
fn sockets_are_polled_by_another_worker() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for _ in 0..10 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = [0; 4];
            stream.read_exact(&mut text).unwrap();
            stream.write_all(&text).unwrap();
        }
    });
    let runtime = runtime::Builder::new().workers(1).build().unwrap();
    runtime.run(|| {
        for _ in 0..10 {
            task::no_park(|| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(b"echo").unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).unwrap();
                assert_eq!(text, "echo");
            });
        }
    });
    thread.join().unwrap();
}

/// Where the global runtime has one worker and that is the one that waits, the monitor asks its
/// poller. In a process of its own, whose global runtime is that one.
#[test]
fn the_only_worker_may_wait_for_a_socket_itself() {
    const CASE: &str = "HUELESS_TEST_CASE";
    let name = "the_only_worker_may_wait_for_a_socket_itself";
    if std::env::var_os(CASE).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(CASE, name)
            .env("HUELESS_WORKERS", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{output:?}"
        );
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (waits, is_waiting) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        is_waiting.recv().unwrap();
        // It waits, and the monitor has seen that it does.
        while !runtime::metrics().workers[0].is_stuck {
            std::thread::yield_now();
        }
        stream.write_all(b"x").unwrap();
    });
    hueless::run(|| {
        let mut stream = TcpStream::connect(address).unwrap();
        task::no_park(|| {
            let mut byte = [0];
            // Registers with a poller before the byte is sent.
            stream
                .set_read_timeout(Some(std::time::Duration::from_millis(1)))
                .unwrap();
            assert!(stream.read_exact(&mut byte).is_err());
            stream.set_read_timeout(None).unwrap();
            waits.send(()).unwrap();
            stream.read_exact(&mut byte).unwrap();
            assert_eq!(&byte, b"x");
        });
    });
    thread.join().unwrap();
}
