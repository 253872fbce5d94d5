//! Accepting connections, and the clean stop.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hueless::channel::bounded;
use hueless::net::{self, Shutdown, TcpListener, TcpStream};
use hueless::{go, sleep};

use crate::connection::Connection;

/// How long to wait for a descriptor to become free.
const BACK_OFF: Duration = Duration::from_millis(50);
/// At most one message about it in so long.
const QUIET: Duration = Duration::from_secs(1);

/// How patient the server is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    /// For a client to send a request, to take its answer, or to stay idle.
    pub(crate) timeout: Duration,
    /// For running requests when the server stops.
    pub(crate) grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            grace: Duration::from_secs(3),
        }
    }
}

/// What a server has done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Served {
    pub(crate) requests: u64,
    pub(crate) connections: u64,
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requests,
            connections,
        } = self;
        write!(f, "{requests} requests served on {connections} connections")
    }
}

/// A server, shared by its connections.
pub(crate) struct Server {
    pub(crate) config: Config,
    requests: AtomicU64,
    /// Open connections, for the stop to end those that are idle.
    open: Mutex<HashMap<u64, Arc<TcpStream>>>,
}

impl Server {
    pub(crate) fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            config,
            requests: AtomicU64::new(0),
            open: Mutex::default(),
        })
    }

    /// Serves until `listener` is closed and the connections have ended.
    pub(crate) fn serve(self: Arc<Self>, listener: &TcpListener) -> io::Result<Served> {
        // Every connection holds a clone of `running`: the channel is disconnected when all ended.
        let (running, ended) = bounded::<()>(0);
        let mut connections = 0;
        let mut complained: Option<Instant> = None;
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    let number = connections;
                    connections += 1;
                    let (server, running) = (self.clone(), running.clone());
                    go!(move || {
                        server.connection(number, stream);
                        drop(running);
                    });
                }
                Err(error) if net::is_closed(&error) => break,
                Err(error) if passes(&error) => {
                    if complained.is_none_or(|then| then.elapsed() > QUIET) {
                        eprintln!("http: no new connections for now: {error}");
                        complained = Some(Instant::now());
                    }
                    sleep(BACK_OFF);
                }
                Err(error) => return Err(error),
            }
        }
        drop(running);
        self.hang_up();
        if ended
            .recv_timeout(self.config.grace)
            .is_err_and(|why| why.is_timeout())
        {
            let left = self.connections().len();
            eprintln!(
                "http: {left} connections did not end within {:?}",
                self.config.grace
            );
        }
        Ok(Served {
            requests: self.requests.load(Ordering::Relaxed),
            connections,
        })
    }

    /// Counts requests that have been answered.
    pub(crate) fn count(&self, requests: u64) {
        // Relaxed: a figure.
        self.requests.fetch_add(requests, Ordering::Relaxed);
    }

    /// One connection, from its first request to its end.
    fn connection(&self, number: u64, stream: TcpStream) {
        let stream = Arc::new(stream);
        self.connections().insert(number, stream.clone());
        // An error means that the client has gone or is too slow: nobody is left to tell.
        let _ = Connection::new(self, &stream).serve();
        self.connections().remove(&number);
    }

    /// Ends the input of all connections: what has arrived is still answered.
    fn hang_up(&self) {
        for stream in self.connections().values() {
            // An error means that it has ended by itself.
            let _ = stream.shutdown(Shutdown::Read);
        }
    }

    /// A std lock: held for a moment only, and never across anything that waits.
    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<TcpStream>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is worth while to accept again later: the process, or the system, is out of
/// descriptors or memory, or the network has a problem with this one connection.
fn passes(error: &io::Error) -> bool {
    let lacking = [
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::EPROTO,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| lacking.contains(&code))
        || matches!(
            error.kind(),
            ErrorKind::ConnectionAborted | ErrorKind::Interrupted | ErrorKind::TimedOut
        )
}
