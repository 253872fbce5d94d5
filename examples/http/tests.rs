//! The server over real sockets, its clients on plain OS threads with `std::net`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hueless::go;
use hueless::net::TcpListener;
use hueless::task::JoinHandle;

use crate::request::MAX_HEAD;
use crate::server::{Config, Served, Server};

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
const LAST: &str = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

/// A server in this process.
struct Running {
    addr: SocketAddr,
    listener: Arc<TcpListener>,
    task: JoinHandle<std::io::Result<Served>>,
    /// One test at a time: some count the descriptors of the process.
    _alone: MutexGuard<'static, ()>,
}

impl Running {
    fn start(timeout: Duration) -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let server = Server::new(Config {
            timeout,
            ..Config::default()
        });
        let accepting = listener.clone();
        Self {
            addr: listener.local_addr().unwrap(),
            task: go!(name = "server", move || server.serve(&accepting)),
            listener,
            _alone: alone,
        }
    }

    /// A server whose clients have all the time in the world.
    fn patient() -> Self {
        Self::start(Duration::from_secs(60))
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        // A test that fails shall not hang.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// Sends `text` and reads until the server ends the connection.
    fn exchange(&self, text: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        read_all(&mut stream)
    }

    fn stop(self) -> Served {
        self.listener.close();
        self.task.join().unwrap().unwrap()
    }
}

fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Reads one answer to GET.
fn read_page(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"Hello, World!\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_connection_serves_many_requests() {
    let server = Running::patient();
    let mut stream = server.connect();
    for _ in 0..100 {
        stream.write_all(GET.as_bytes()).unwrap();
        assert!(read_page(&mut stream).starts_with("HTTP/1.1 200 OK\r\n"));
    }
    stream.write_all(LAST.as_bytes()).unwrap();
    assert!(read_all(&mut stream).contains("Connection: close\r\n"));
    let served = server.stop();
    assert_eq!((served.requests, served.connections), (101, 1));
}

#[test]
fn http_1_0_closes_unless_asked_to_stay() {
    let server = Running::patient();
    let answer = server.exchange("GET / HTTP/1.0\r\n\r\n");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
    let mut stream = server.connect();
    for _ in 0..2 {
        stream
            .write_all(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .unwrap();
        assert!(read_page(&mut stream).contains("Connection: keep-alive\r\n"));
    }
    server.stop();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Running::patient();
    let head = "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";
    let answer = server.exchange(&[GET, head, post, &GET.repeat(500), LAST].concat());
    let codes: Vec<_> = answer
        .match_indices("HTTP/1.1 ")
        .map(|(at, start)| &answer[at + start.len()..][..3])
        .collect();
    assert_eq!(codes.len(), 504);
    assert_eq!(codes[..3], ["200", "200", "405"]);
    assert!(codes[3..].iter().all(|&code| code == "200"));
    assert_eq!(answer.matches("Hello, World!\n").count(), 502);
    server.stop();
}

#[test]
fn requests_may_come_byte_by_byte() {
    let server = Running::patient();
    let mut stream = server.connect();
    stream.set_nodelay(true).unwrap();
    for byte in [GET, LAST].concat().bytes() {
        stream.write_all(&[byte]).unwrap();
        thread::yield_now();
    }
    assert_eq!(read_all(&mut stream).matches("200 OK").count(), 2);
    server.stop();
}

#[test]
fn bad_requests_get_their_codes() {
    let server = Running::patient();
    let long = format!(
        "GET / HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n",
        "y".repeat(MAX_HEAD)
    );
    // Far more than fits: the refusal must arrive nevertheless.
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(1 << 20));
    let post = |line: &str| format!("POST / HTTP/1.1\r\nHost: test\r\n{line}\r\n\r\n");
    for (request, code) in [
        ("nonsense\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nBad header\r\n\r\n".to_owned(), "400"),
        (long, "431"),
        (endless, "431"),
        (post("Content-Length: 2000000"), "413"),
        (post("Transfer-Encoding: chunked"), "501"),
    ] {
        let answer = server.exchange(&(request + GET));
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{answer}");
        assert!(answer.contains("Connection: close\r\n"));
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
    server.stop();
}

#[test]
fn bodies_are_passed_over() {
    let server = Running::patient();
    let mut stream = server.connect();
    let body = "b".repeat(100_000);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all((request + &body + LAST).as_bytes())
        .unwrap();
    let answer = read_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert!(answer.ends_with("Hello, World!\n"), "{answer}");

    let mut stream = server.connect();
    let expecting = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\
                     Expect: 100-continue\r\nConnection: close\r\n\r\n";
    stream.write_all(expecting.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"ok").unwrap();
    assert!(read_all(&mut stream).starts_with("HTTP/1.1 405 "));
    server.stop();
}

#[test]
fn slow_clients_are_timed_out() {
    let server = Running::start(Duration::from_millis(100));
    // Idle: closed without a word.
    assert_eq!(read_all(&mut server.connect()), "");
    // Half a head, half a body: told so.
    for half in [
        &GET[..20],
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhalf",
    ] {
        let answer = server.exchange(half);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    // One that keeps sending bits of a head gains nothing by it.
    let mut stream = server.connect();
    let started = Instant::now();
    stream.write_all(&GET.as_bytes()[..20]).unwrap();
    while !is_there(&stream) && started.elapsed() < Duration::from_secs(20) {
        let _ = stream.write_all(b"x");
        thread::sleep(Duration::from_millis(30));
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    server.stop();
}

/// Whether something can be read without waiting.
fn is_there(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let there = stream.peek(&mut [0]).is_ok();
    stream.set_nonblocking(false).unwrap();
    there
}

#[test]
fn a_stop_answers_what_has_come_and_ends_idle_connections() {
    let server = Running::patient();
    let mut idle = server.connect();
    let mut half = server.connect();
    idle.write_all(GET.as_bytes()).unwrap();
    read_page(&mut idle);
    half.write_all(GET.as_bytes()).unwrap();
    read_page(&mut half);
    half.write_all(&GET.as_bytes()[..10]).unwrap();
    let addr = server.addr;
    let started = Instant::now();
    let served = server.stop();
    assert!(
        started.elapsed() < Config::default().grace,
        "{:?}",
        started.elapsed()
    );
    assert_eq!((served.requests, served.connections), (2, 2));
    assert_eq!(read_all(&mut idle), "");
    assert_eq!(read_all(&mut half), "");
    assert!(TcpStream::connect(addr).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn no_descriptor_is_left_open() {
    fn descriptors() -> usize {
        std::fs::read_dir("/proc/self/fd").unwrap().count()
    }
    let server = Running::patient();
    server.exchange(LAST);
    let before = descriptors();
    for round in 0..5 {
        let mut streams: Vec<_> = (0..50).map(|_| server.connect()).collect();
        for (number, stream) in streams.iter_mut().enumerate() {
            // Nothing, half a request, a request whose answer nobody reads, garbage.
            let text = ["", &GET[..15], GET, "garbage\r\n\r\n"][(number + round) % 4];
            stream.write_all(text.as_bytes()).unwrap();
        }
    }
    // It is accepted after all of them.
    server.exchange(LAST);
    // A worker that has had no socket before opens its poller, once.
    let pollers = 3 * thread::available_parallelism().map_or(64, |cores| cores.get());
    let patience = Instant::now() + Duration::from_secs(20);
    while descriptors() > before + pollers {
        assert!(
            Instant::now() < patience,
            "{before} before, {} now",
            descriptors()
        );
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.stop().connections, 252);
}
