//! What the tests run in: OS threads, or tasks of hueless.
//!
//! A test is a function that is generic over [`Mode`]; [`cases!`] makes a test of it for each mode.

#![allow(
    dead_code,
    unused_macros,
    reason = "not every test file uses all of it"
)]

use std::io::{self, Read, Write};
use std::sync::{Arc, Once};
use std::time::Duration;

use hueless_netpoll::net::{TcpListener, TcpStream};
use hueless_runtime::driver::{self, Driver, Poller};

/// Where the code of a test runs.
pub(crate) trait Mode: 'static {
    /// Runs the body of a test.
    fn run<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T;
    /// Runs `body` beside the caller.
    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Join<T>;
}

/// What was spawned; joining gives its value, or its panic.
#[must_use]
pub(crate) struct Join<T>(Box<dyn FnOnce() -> T + Send>);

impl<T> Join<T> {
    pub(crate) fn join(self) -> T {
        (self.0)()
    }
}

/// OS threads.
pub(crate) struct Threads;

impl Mode for Threads {
    fn run<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
        watch();
        serve_threads();
        body()
    }

    fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Join<T> {
        let handle = std::thread::spawn(body);
        Join(Box::new(move || {
            handle
                .join()
                .unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        }))
    }
}

/// A poller and its thread, while there is no runtime that has them.
fn serve_threads() {
    struct OnePoller(Arc<dyn Poller>);
    impl Driver for OnePoller {
        fn poller(&self) -> io::Result<Arc<dyn Poller>> {
            Ok(Arc::clone(&self.0))
        }
    }
    static START: Once = Once::new();
    START.call_once(|| {
        let poller = hueless_netpoll::driver().poller().unwrap();
        driver::install(Box::leak(Box::new(OnePoller(Arc::clone(&poller)))));
        std::thread::spawn(move || {
            loop {
                poller.wait(None);
            }
        });
    });
}

/// Ends the process if it has not ended in time by itself: a lost wake-up shall fail, not hang.
fn watch() {
    static START: Once = Once::new();
    START.call_once(|| {
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_secs(120));
            eprintln!("the tests hang");
            std::process::exit(3);
        });
    });
}

/// Makes `#[test]`s of functions that are generic over [`Mode`].
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        mod threads {
            $(#[test]
            fn $name() {
                <crate::common::Threads as crate::common::Mode>::run(super::$name::<crate::common::Threads>)
            })*
        }
    };
}
#[allow(
    unused_imports,
    reason = "not every test file has cases for both modes"
)]
pub(crate) use cases;

/// A listener on a free port of the loopback interface.
pub(crate) fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// Both ends of a new connection.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = listener();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, from) = listener.accept().unwrap();
    assert_eq!(from, client.local_addr().unwrap());
    // Small answers to small requests must not wait for delayed acknowledgements.
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    (client, server)
}

/// Sends back what comes, until the end.
pub(crate) fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = [0; 4096];
    loop {
        match stream.read(&mut buf)? {
            0 => return Ok(()),
            read => stream.write_all(&buf[..read])?,
        }
    }
}

/// `len` bytes that differ from each other and with `seed`.
pub(crate) fn bytes(seed: usize, len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| (i.wrapping_mul(31).wrapping_add(seed) >> 3) as u8)
        .collect()
}

/// How many descriptors the process has open.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
