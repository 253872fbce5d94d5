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
