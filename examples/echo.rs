//! The README's echo server as a program: sends everybody's bytes back to them.
//!
//! ```sh
//! cargo run --release --example echo -- 127.0.0.1:8080
//! nc 127.0.0.1 8080
//! ```

use std::io::{self, Read, Write};

use hueless::net::{self, TcpListener, TcpStream};
use hueless::{go, run, sleep};

/// One client, until it ends its side.
fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n])?,
        }
    }
}

/// A task for each client, until `listener` is closed.
fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => drop(go!(move || echo(stream))),
            Err(error) if net::is_closed(&error) => return Ok(()),
            Err(error) => {
                eprintln!("echo: no new client for now: {error}");
                sleep(std::time::Duration::from_secs(1)); // out of descriptors? some will end
            }
        }
    }
}

fn main() {
    let addr = std::env::args().nth(1);
    let addr = addr.as_deref().unwrap_or("127.0.0.1:8080");
    let served = run(|| {
        let listener = TcpListener::bind(addr)?;
        println!("listening on {}", listener.local_addr()?);
        serve(&listener)
    });
    if let Err(error) = served {
        eprintln!("echo: cannot listen on {addr}: {error}\nUsage: echo [ADDR:PORT]");
        std::process::exit(1);
    }
}

#[test]
fn what_is_sent_comes_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    go!(move || serve(&listener));
    stream.write_all(b"hello").unwrap();
    stream.shutdown(net::Shutdown::Write).unwrap();
    assert_eq!(io::read_to_string(stream).unwrap(), "hello");
}
