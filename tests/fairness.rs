//! Sockets beside tasks that always have something to do.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hueless::net::{TcpListener, TcpStream};
use hueless::yield_now;

mod modes;

/// Loops that yield on every worker hold up no socket: this hangs if they do.
#[test]
fn sockets_are_served_under_yielding_loops() {
    for new in modes::modes() {
        let runtime = new().workers(2).build().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let yielders: Vec<_> = (0..6)
            .map(|_| {
                let stop = stop.clone();
                runtime.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        yield_now();
                    }
                })
            })
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = runtime.spawn(move || {
            let mut text = [0; 4];
            for _ in 0..10 {
                let (mut stream, _) = listener.accept().unwrap();
                for _ in 0..10 {
                    stream.read_exact(&mut text).unwrap();
                    stream.write_all(&text).unwrap();
                }
            }
        });
        let clients: Vec<_> = (0..10)
            .map(|_| {
                runtime.spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    let mut text = [0; 4];
                    for n in 0..10_u32 {
                        stream.write_all(&n.to_be_bytes()).unwrap();
                        stream.read_exact(&mut text).unwrap();
                        assert_eq!(u32::from_be_bytes(text), n);
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        server.join().unwrap();
        stop.store(true, Ordering::Relaxed);
        for yielder in yielders {
            yielder.join().unwrap();
        }
    }
}

/// The other way round: connections that never stop talking let a runtime with one worker do the rest.
#[test]
fn busy_sockets_leave_time_for_others() {
    for new in modes::modes() {
        let runtime = new().workers(1).build().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let talks = |mut stream: TcpStream, stop: Arc<AtomicBool>| {
            let mut text = [7; 64];
            while !stop.load(Ordering::Relaxed) {
                if stream.write_all(&text).is_err() || stream.read_exact(&mut text).is_err() {
                    break;
                }
            }
        };
        let ends: Vec<_> = (0..4)
            .flat_map(|_| {
                let client = TcpStream::connect(address).unwrap();
                [client, listener.accept().unwrap().0]
            })
            .map(|stream| {
                let stop = stop.clone();
                runtime.spawn(move || talks(stream, stop))
            })
            .collect();
        for n in 0..200 {
            assert_eq!(runtime.spawn(move || n).join().unwrap(), n);
        }
        stop.store(true, Ordering::Relaxed);
        for end in ends {
            end.join().unwrap();
        }
    }
}
