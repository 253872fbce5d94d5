//! Blocking code that has never heard of hueless, in a thousand tasks on two workers: the feature `std`.
//!
//! ```sh
//! cargo run --release --features std --example unmodified
//! ```
//!
//! Server and client are std's: sockets, sleep, a lock that is held across a request. Each of 1,000 clients asks
//! once for what takes 100 ms. Prints how long all of it took, and how many OS threads there were.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hueless::runtime::{Builder, Runtime};

/// Answers one line with the same in capitals, after a while.
fn serve(stream: TcpStream) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    std::thread::sleep(Duration::from_millis(100));
    (&stream).write_all(line.to_uppercase().as_bytes())
}

fn ask(address: SocketAddr, question: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    writeln!(stream, "{question}")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer)
}

/// The answers to so many clients, each in a task of its own, as its server is.
fn run(runtime: &Runtime, clients: usize) -> io::Result<Vec<String>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = runtime.spawn(move || {
        for stream in listener.incoming().take(clients) {
            hueless::spawn(|| serve(stream?));
        }
    });
    let answers = Arc::new(Mutex::new(Vec::new()));
    let client = |number| {
        let answers = answers.clone();
        runtime.spawn(move || {
            let answer = ask(address, &format!("client {number}"))?;
            answers.lock().unwrap().push(answer);
            io::Result::Ok(())
        })
    };
    // As many at a time as the listener's queue takes.
    for first in (0..clients).step_by(100) {
        let tasks: Vec<_> = (first..clients.min(first + 100)).map(client).collect();
        for task in tasks {
            task.join().unwrap()?;
        }
    }
    server.join().unwrap();
    Ok(std::mem::take(&mut answers.lock().unwrap()))
}

fn main() -> io::Result<()> {
    let runtime = Builder::new().workers(2).build()?;
    let begun = Instant::now();
    let answers = run(&runtime, 1000)?;
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    println!(
        "{} answers, {threads} threads, {:.1?}",
        answers.len(),
        begun.elapsed()
    );
    Ok(())
}

#[test]
fn all_are_answered() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let mut answers = run(&runtime, 100).unwrap();
    answers.sort();
    assert_eq!(answers.len(), 100);
    assert_eq!(answers[7], "CLIENT 15\n");
}
