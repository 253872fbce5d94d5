//! A lock of std's that is held while its holder talks to the network.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use hueless_netpoll::net::{TcpListener, TcpStream};

mod common;

use common::{crowd, in_each_runtime, join_all, run};

#[test]
fn a_connection_is_shared_by_a_lock() {
    const MANY: usize = 1000;
    in_each_runtime(|runtime| {
        run(runtime, || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = hueless_runtime::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 8];
                let mut served = 0;
                while stream.read_exact(&mut request).is_ok() {
                    stream.write_all(&request).unwrap();
                    served += 1;
                }
                served
            });
            let stream = Arc::new(Mutex::new(TcpStream::connect(address).unwrap()));
            let tasks = {
                let stream = stream.clone();
                crowd(MANY, move |number| {
                    let mut stream = stream.lock().unwrap();
                    stream.write_all(&number.to_le_bytes()).unwrap();
                    let mut answer = [0; 8];
                    stream.read_exact(&mut answer).unwrap();
                    assert_eq!(usize::from_le_bytes(answer), number);
                })
            };
            join_all(tasks);
            drop(stream);
            assert_eq!(server.join().unwrap(), MANY);
        });
    });
}
