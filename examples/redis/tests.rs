//! The server over real sockets, its clients on plain OS threads with `std::net`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use hueless::go;
use hueless::net::TcpListener;
use hueless::task::JoinHandle;

use crate::pubsub::MAX_PENDING;
use crate::server::{GRACE, Served, Server};

/// A server in this process.
struct Running {
    addr: SocketAddr,
    listener: Arc<TcpListener>,
    task: JoinHandle<Served>,
}

impl Running {
    fn start() -> Self {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let accepting = listener.clone();
        Self {
            addr: listener.local_addr().unwrap(),
            task: go!(name = "server", move || Server::new().serve(&accepting)),
            listener,
        }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.addr).unwrap();
        // A test that fails shall not hang.
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        stream.set_write_timeout(patience).unwrap();
        Client(BufReader::new(stream))
    }

    fn stop(self) -> Served {
        self.listener.close();
        self.task.join().unwrap()
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Reads one reply, as a person would write it.
    fn reply(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let line = line.strip_suffix("\r\n").expect("a whole line");
        let count = line[1..].parse();
        match (&line[..1], count) {
            ("$" | "*", Ok(-1)) => "nil".to_owned(),
            ("$", Ok(length)) => {
                let mut text = vec![0; length as usize + 2];
                self.0.read_exact(&mut text).unwrap();
                String::from_utf8(text[..length as usize].into()).unwrap()
            }
            ("*", Ok(length)) => {
                let elements: Vec<_> = (0..length).map(|_| self.reply()).collect();
                format!("[{}]", elements.join(", "))
            }
            ("+" | ":", _) => line[1..].to_owned(),
            _ => line.to_owned(),
        }
    }

    /// Runs a command and checks its reply.
    fn run(&mut self, command: &str, reply: &str) {
        self.send(format!("{command}\r\n"));
        assert_eq!(self.reply(), reply, "{command}");
    }

    /// Reads until the server ends the connection.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap();
        rest
    }
}

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "-ERR value is not an integer or out of range";

#[test]
fn texts_and_numbers() {
    let server = Running::start();
    let mut client = server.connect();
    for (command, reply) in [
        ("PING", "PONG"),
        ("ping \"a b\"", "a b"),
        ("ECHO x", "x"),
        ("GET k", "nil"),
        ("SET k v", "OK"),
        ("get k", "v"),
        ("SET k w NX", "nil"),
        ("SET k w xx", "OK"),
        ("SET other w XX", "nil"),
        ("SET k w NX XX", "-ERR syntax error"),
        ("SET k w EX 1 PX 1", "-ERR syntax error"),
        ("SET k w EX", "-ERR syntax error"),
        ("SET k w EX x", NOT_INTEGER),
        ("SET k w EX 0", "-ERR invalid expire time in 'set' command"),
        (
            "SET k w EX 9223372036854775807",
            "-ERR invalid expire time in 'set' command",
        ),
        ("MGET k none k", "[w, nil, w]"),
        ("EXISTS k none k", "2"),
        ("DEL k none k", "1"),
        ("INCR n", "1"),
        ("INCRBY n 9223372036854775806", "9223372036854775807"),
        ("INCR n", "-ERR increment or decrement would overflow"),
        ("DECR n", "9223372036854775806"),
        (
            "DECRBY n -9223372036854775808",
            "-ERR decrement would overflow",
        ),
        ("INCRBY n x", NOT_INTEGER),
        ("SET n 01", "OK"),
        ("INCR n", NOT_INTEGER),
        ("GET", "-ERR wrong number of arguments for 'get' command"),
        (
            "NONSENSE a b",
            "-ERR unknown command 'NONSENSE', with args beginning with: 'a' 'b' ",
        ),
        ("DBSIZE", "1"),
        ("FLUSHALL", "OK"),
        ("DBSIZE", "0"),
    ] {
        client.run(command, reply);
    }
    drop(client);
    assert_eq!(server.stop().commands, 31);
}

#[test]
fn lists() {
    let server = Running::start();
    let mut client = server.connect();
    for (command, reply) in [
        ("RPUSH l c d", "2"),
        ("LPUSH l b a", "4"),
        ("LRANGE l 0 -1", "[a, b, c, d]"),
        ("LRANGE l -3 2", "[b, c]"),
        ("LRANGE l 2 1", "[]"),
        ("LRANGE l -100 100", "[a, b, c, d]"),
        ("LRANGE l 4 9223372036854775807", "[]"),
        ("LRANGE l -9223372036854775808 0", "[a]"),
        ("LRANGE none 0 -1", "[]"),
        ("LLEN l", "4"),
        ("GET l", WRONG_TYPE),
        ("INCR l", WRONG_TYPE),
        ("MGET l", "[nil]"),
        ("SET l text", "OK"),
        ("LPUSH l x", WRONG_TYPE),
        ("LRANGE l 0 -1", WRONG_TYPE),
        ("LLEN l", WRONG_TYPE),
    ] {
        client.run(command, reply);
    }
    server.stop();
}

#[test]
fn keys_expire() {
    let server = Running::start();
    let mut client = server.connect();
    for (command, reply) in [
        ("TTL k", "-2"),
        ("SET k v", "OK"),
        ("TTL k", "-1"),
        ("EXPIRE k 100", "1"),
        ("TTL k", "100"),
        ("SET k v", "OK"),
        ("TTL k", "-1"),
        ("SET k 5 EX 100", "OK"),
        ("INCR k", "6"),
        ("TTL k", "100"),
        ("EXPIRE none 100", "0"),
        (
            "EXPIRE k 9223372036854775807",
            "-ERR invalid expire time in 'expire' command",
        ),
        ("PEXPIRE k -1", "1"),
        ("EXISTS k", "0"),
        ("SET k v PX 1", "OK"),
    ] {
        client.run(command, reply);
    }
    // The sweeper removes it without being asked for it.
    loop {
        client.send("DBSIZE\r\n");
        if client.reply() == "0" {
            break;
        }
    }
    client.run("GET k", "nil");
    server.stop();
}

#[test]
fn a_batch_is_answered_in_order() {
    let server = Running::start();
    let mut client = server.connect();
    let set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\r\n\r\n\r\n";
    client.send([set, "INCR n\r\n", "GET k\r\n"].concat().repeat(1000));
    for n in 1..=1000 {
        assert_eq!(client.reply(), "OK");
        assert_eq!(client.reply(), n.to_string());
        assert_eq!(client.reply(), "\r\n\r\n");
    }
    // A value of many reads, and many writes.
    let large = "x".repeat(5 << 20);
    client.send(format!(
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n{large}\r\n",
        large.len()
    ));
    assert_eq!(client.reply(), "OK");
    client.send("GET k\r\n");
    assert_eq!(client.reply(), large);
    client.send("QUIT\r\nPING\r\n");
    assert_eq!(client.rest(), "+OK\r\n");
    server.stop();
}

#[test]
fn those_who_do_not_speak_the_protocol_are_told() {
    let server = Running::start();
    for (bytes, violation) in [
        ("*1\r\n$99999999999\r\n", "invalid bulk length"),
        ("*1\r\nPING\r\n", "expected '$', got 'P'"),
        ("*999999999\r\n", "invalid multibulk length"),
        ("GET \"k\r\n", "unbalanced quotes in request"),
    ] {
        let mut client = server.connect();
        client.send(format!("PING\r\n{bytes}{}", "more\r\n".repeat(10_000)));
        let answer = format!("+PONG\r\n-ERR Protocol error: {violation}\r\n");
        assert_eq!(client.rest(), answer);
    }
    server.stop();
}

#[test]
fn subscribers_hear_what_is_published() {
    let server = Running::start();
    let (mut first, mut second) = (server.connect(), server.connect());
    let mut publisher = server.connect();
    publisher.run("PUBLISH news nobody", "0");
    // What is due goes before the confirmation.
    first.send("PING\r\nSUBSCRIBE news sport\r\nPING\r\n");
    for reply in [
        "PONG",
        "[subscribe, news, 1]",
        "[subscribe, sport, 2]",
        "[pong, ]",
    ] {
        assert_eq!(first.reply(), reply);
    }
    second.run("SUBSCRIBE news", "[subscribe, news, 1]");
    publisher.run("PUBLISH news hello", "2");
    publisher.run("PUBLISH sport goal", "1");
    assert_eq!(first.reply(), "[message, news, hello]");
    assert_eq!(first.reply(), "[message, sport, goal]");
    assert_eq!(second.reply(), "[message, news, hello]");
    first.run(
        "GET k",
        "-ERR Can't execute 'get': only SUBSCRIBE / UNSUBSCRIBE / PING / QUIT are allowed in this \
         context",
    );
    first.run("UNSUBSCRIBE news", "[unsubscribe, news, 1]");
    publisher.run("PUBLISH news again", "1");
    assert_eq!(second.reply(), "[message, news, again]");
    first.run("UNSUBSCRIBE", "[unsubscribe, sport, 0]");
    first.run("UNSUBSCRIBE", "[unsubscribe, nil, 0]");
    first.run("GET k", "nil");
    second.run("QUIT", "OK");
    assert_eq!(second.rest(), "");
    publisher.run("PUBLISH news late", "0");
    server.stop();
}

#[test]
fn a_subscriber_that_does_not_read_is_cut_off() {
    let server = Running::start();
    let mut deaf = server.connect();
    deaf.run("SUBSCRIBE news", "[subscribe, news, 1]");
    let mut publisher = server.connect();
    let message = "x".repeat(1 << 20);
    let publish = format!(
        "*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n${}\r\n{message}\r\n",
        message.len()
    );
    // What fits into the outbox, and into the system's buffers.
    let most = (MAX_PENDING >> 20) + 100;
    let heard = (0..most).take_while(|_| {
        publisher.send(&publish);
        publisher.reply() == "1"
    });
    assert!(heard.count() < most);
    let end = io::copy(&mut deaf.0, &mut io::sink());
    assert!(end.is_err() || end.unwrap() < (most << 20) as u64);
    server.stop();
}

#[test]
fn a_stop_ends_idle_connections() {
    let server = Running::start();
    let (mut idle, mut subscriber) = (server.connect(), server.connect());
    idle.run("PING", "PONG");
    subscriber.run("SUBSCRIBE news", "[subscribe, news, 1]");
    let started = std::time::Instant::now();
    let served = server.stop();
    assert!(started.elapsed() < GRACE, "{:?}", started.elapsed());
    assert_eq!((served.commands, served.connections), (2, 2));
    assert_eq!((idle.rest(), subscriber.rest()), Default::default());
}
