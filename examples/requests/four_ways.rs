//! A hundred slow requests in four ways: a `for` loop, OS threads, async tasks on tokio, and
//! `map_concurrent`. Time and memory of each.
//!
//! ```sh
//! cargo run --release --example four_ways
//! ```
//!
//! Prints a table. Each way has a process of its own, and asks a server that waits 200 ms before it
//! answers. The loop makes only five requests; its time is extrapolated from these. What the kernel keeps
//! for each thread is not counted.

use std::io::{self, Read, Write, read_to_string};
use std::time::{Duration, Instant};
use std::{env, fs, net, thread};

use hueless::{go, map_concurrent, net::TcpListener, net::TcpStream, process::Command, sleep};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.0 200 OK\r\n\r\nhello";

/// One request; returns the answer's length. The same code for std's streams and for hueless's.
fn get(stream: io::Result<impl Read + Write>) -> usize {
    let mut stream = stream.expect("a connection");
    stream.write_all(REQUEST).expect("the server reads");
    read_to_string(stream).expect("an answer").len()
}

/// Async code has streams, and functions, of its own.
async fn async_get(server: String) -> usize {
    let stream = tokio::net::TcpStream::connect(server).await;
    let (mut stream, mut answer) = (stream.expect("a connection"), Vec::new());
    stream.write_all(REQUEST).await.expect("the server reads");
    stream.read_to_end(&mut answer).await.expect("an answer")
}

/// Makes so many requests, and returns the length of all answers.
fn fetch(way: &str, server: &str, urls: usize) -> usize {
    let std_get = || get(net::TcpStream::connect(server));
    match way {
        "for" => (0..urls).map(|_| std_get()).sum(),
        "threads" => thread::scope(|s| {
            let threads: Vec<_> = (0..urls).map(|_| s.spawn(std_get)).collect();
            let lengths = threads.into_iter().map(|thread| thread.join().unwrap());
            lengths.sum()
        }),
        "tokio" => tokio::runtime::Runtime::new().unwrap().block_on(async {
            let gets = (0..urls).map(|_| async_get(server.to_owned()));
            let tasks: tokio::task::JoinSet<_> = gets.collect();
            tasks.join_all().await.iter().sum()
        }),
        _ => {
            let get = |_| get(TcpStream::connect(server));
            map_concurrent(0..urls, urls, get).iter().sum()
        }
    }
}

/// A server that waits before it answers, and its address.
fn serve(wait: Duration) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    go!(move || {
        for mut client in listener.incoming().flatten() {
            go!(move || {
                client.read_exact(&mut [0; REQUEST.len()])?;
                sleep(wait);
                client.write_all(ANSWER)
            });
        }
    });
    Ok(address)
}

/// KiB of memory that this process has, or had at most, by the system's name for it.
fn memory(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(f64::NAN) // other systems do not tell
}

fn main() -> io::Result<()> {
    if let [_, way, server] = &env::args().collect::<Vec<_>>()[..] {
        fetch(way, server, 1); // what is loaded at first use does not count
        let urls = if way == "for" { 5 } else { 100 };
        let (memory_before, begin) = (memory("VmRSS:"), Instant::now());
        assert_eq!(fetch(way, server, urls), urls * ANSWER.len());
        let seconds = begin.elapsed().as_secs_f64() * 100.0 / urls as f64;
        let grown = memory("VmHWM:") - memory_before;
        println!("{way:8} {seconds:7.2} s {grown:9} KiB");
        return Ok(());
    }
    let server = serve(Duration::from_millis(200))?;
    println!("{:8} {:>9} {:>13}", "way", "time", "memory");
    for way in ["for", "threads", "tokio", "hueless"] {
        let this_program = env::current_exe()?;
        Command::new(this_program).args([way, &server]).status()?;
    }
    Ok(())
}

#[test]
fn each_way_gets_all_answers() {
    let server = serve(Duration::from_millis(1)).unwrap();
    for way in ["for", "threads", "tokio", "hueless"] {
        assert_eq!(fetch(way, &server, 10), 10 * ANSWER.len(), "{way}");
    }
}
