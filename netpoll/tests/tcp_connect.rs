//! Connecting to several addresses: who wins, when the next is tried, and what is left of the others.
//!
//! The tests count the process's sockets, so they run one at a time.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use common::{Mode, cases, listener, sockets};
use hueless_netpoll::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, lookup_host};
use hueless_runtime::runtime::Builder;

cases!(
    by crate::common::alone:
    one_that_refuses_is_passed_over_at_once,
    next_is_tried_beside_a_silent_one,
    each_silent_one_gets_its_time,
    slow_one_wins_if_it_is_first,
    families_take_turns,
    last_error_is_reported,
    host_is_looked_up,
);

/// For how long an attempt is the only one.
const STAGGER: Duration = Duration::from_millis(250);

/// A listener that answers nobody: its queue is full.
struct Silent {
    listener: net::TcpListener,
    filling: Vec<net::TcpStream>,
}

impl Silent {
    fn new() -> Self {
        Self::at("127.0.0.1:0")
    }

    fn at(addr: &str) -> Self {
        let listener = net::TcpListener::bind(addr).unwrap();
        // SAFETY: the descriptor is open; the call touches no memory of ours.
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let addr = listener.local_addr().unwrap();
        let mut filling = Vec::new();
        while let Ok(stream) = net::TcpStream::connect_timeout(&addr, Duration::from_millis(20)) {
            filling.push(stream);
            assert!(filling.len() < 100, "the queue never fills");
        }
        Self { listener, filling }
    }

    fn addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Makes room, so that whoever tries to connect gets an answer in the end.
    fn answer(&self) {
        for _ in &self.filling {
            self.listener.accept().unwrap();
        }
    }
}

/// An address of this machine where nobody listens.
fn deserted() -> SocketAddr {
    listener().local_addr().unwrap()
}

/// Connects, and checks that no attempt but the winner is open then.
fn connect(addrs: &[SocketAddr]) -> TcpStream {
    let before = sockets();
    let stream = TcpStream::connect(addrs).unwrap();
    assert_eq!(sockets(), before + 1);
    stream
}

/// The fastest of some attempts, for the machine may be busy.
fn one_that_refuses_is_passed_over_at_once<M: Mode>() {
    let good = listener();
    let addr = good.local_addr().unwrap();
    let fastest = (0..20)
        .map(|_| {
            let addrs = [deserted(), deserted(), deserted(), addr];
            let start = Instant::now();
            let stream = connect(&addrs);
            assert_eq!(stream.peer_addr().unwrap(), addr);
            start.elapsed()
        })
        .min();
    assert!(fastest < Some(STAGGER), "{fastest:?}");
}

fn next_is_tried_beside_a_silent_one<M: Mode>() {
    let (silent, good) = (Silent::new(), listener());
    let addr = good.local_addr().unwrap();
    let start = Instant::now();
    let mut stream = connect(&[silent.addr(), addr]);
    assert!(start.elapsed() >= STAGGER);
    assert_eq!(stream.peer_addr().unwrap(), addr);
    // It is a stream as any other.
    let (mut server, from) = good.accept().unwrap();
    assert_eq!(from, stream.local_addr().unwrap());
    let reader = M::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    server.write_all(b"hello").unwrap();
    drop(server);
    assert_eq!(reader.join(), "hello");
}

fn each_silent_one_gets_its_time<M: Mode>() {
    let (one, other, good) = (Silent::new(), Silent::new(), listener());
    let addr = good.local_addr().unwrap();
    let start = Instant::now();
    // That one has failed does not shorten the time of the one after it.
    let stream = connect(&[one.addr(), deserted(), other.addr(), addr]);
    assert!(start.elapsed() >= 2 * STAGGER);
    assert_eq!(stream.peer_addr().unwrap(), addr);
}

/// Even when all others have been tried meanwhile, and one of them has failed.
fn slow_one_wins_if_it_is_first<M: Mode>() {
    let (slow, silent) = (Silent::new(), Silent::new());
    let addrs = [slow.addr(), silent.addr(), deserted()];
    let before = sockets();
    let connecting = M::spawn(move || TcpStream::connect(&addrs[..]).unwrap());
    // Both attempts are under way.
    while sockets() < before + 2 {
        hueless_runtime::yield_now();
        std::thread::yield_now();
    }
    slow.answer();
    let stream = connecting.join();
    assert_eq!(stream.peer_addr().unwrap(), slow.addr());
    assert_eq!(sockets(), before + 1);
}

fn families_take_turns<M: Mode>() {
    if net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("there is no IPv6 here: not tried");
        return;
    }
    let silent = Silent::at("[::1]:0");
    let (late, soon) = (TcpListener::bind("[::1]:0").unwrap(), listener());
    let addrs = [&late, &soon].map(|listener| listener.local_addr().unwrap());
    let stream = connect(&[silent.addr(), addrs[0], addrs[1]]);
    assert_eq!(stream.peer_addr().unwrap(), addrs[1]);
}

fn last_error_is_reported<M: Mode>() {
    let before = sockets();
    let error = TcpStream::connect(&[deserted(), deserted()][..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    // No way to an address says less than that a host refuses, whichever comes last.
    let nowhere = SocketAddr::from(([255, 255, 255, 255], 9));
    let error = TcpStream::connect(nowhere).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
    for addrs in [[nowhere, deserted()], [deserted(), nowhere]] {
        let error = TcpStream::connect(&addrs[..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    assert_eq!(sockets(), before);
}

fn host_is_looked_up<M: Mode>() {
    let good = listener();
    let port = good.local_addr().unwrap().port();
    let found: Vec<_> = lookup_host(("localhost", port)).unwrap().collect();
    let stds = net::ToSocketAddrs::to_socket_addrs(&("localhost", port));
    assert_eq!(found, stds.unwrap().collect::<Vec<_>>());
    assert!(found.contains(&good.local_addr().unwrap()));
    for addr in [format!("localhost:{port}"), format!("127.0.0.1:{port}")] {
        let stream = TcpStream::connect(&addr).unwrap();
        assert_eq!(stream.peer_addr().unwrap().port(), port);
        assert_eq!(
            lookup_host(&addr).unwrap().count(),
            addr.to_socket_addrs().unwrap().count()
        );
    }
    let error = lookup_host("localhost").map(Iterator::count).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

/// The task is cancelled, by the end of its runtime, while two attempts are under way.
#[test]
fn cancellation_closes_all_attempts() {
    let _alone = common::one_at_a_time();
    // SAFETY: the task keeps nothing that belongs to a thread.
    for builder in [Builder::new(), unsafe { Builder::new().migrate() }] {
        let (one, other) = (Silent::new(), Silent::new());
        let addrs = [one.addr(), other.addr()];
        let runtime = builder.workers(2).build().unwrap();
        let before = sockets();
        let task = runtime.spawn(move || TcpStream::connect(&addrs[..]).map(drop));
        while sockets() < before + 2 {
            std::thread::yield_now();
        }
        drop(runtime);
        assert!(task.join().unwrap_err().is_cancelled());
        assert_eq!(sockets(), before);
    }
}
