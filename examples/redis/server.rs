//! Accepting connections, and the clean stop.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use hueless::channel::bounded;
use hueless::net::{self, Shutdown, TcpListener, TcpStream};
use hueless::{go, select, sleep};

use crate::connection::Connection;
use crate::pubsub::Hub;
use crate::store::Store;

/// How long to wait for a descriptor to become free.
const BACK_OFF: Duration = Duration::from_millis(50);
/// At most one message about it in so long.
const QUIET: Duration = Duration::from_secs(1);
/// How often keys whose time is over are swept out.
const SWEEP: Duration = Duration::from_millis(100);
/// How long running requests may take when the server stops.
pub(crate) const GRACE: Duration = Duration::from_secs(3);

/// What a server has done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Served {
    pub(crate) commands: u64,
    pub(crate) connections: u64,
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            commands,
            connections,
        } = self;
        write!(f, "{commands} commands on {connections} connections")
    }
}

/// A server, shared by its connections.
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    commands: AtomicU64,
    connections: AtomicU64,
    /// Open connections, for the stop to end those that are idle.
    open: Mutex<HashMap<u64, Weak<TcpStream>>>,
}

impl Server {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            store: Store::new(),
            hub: Hub::default(),
            commands: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            open: Mutex::default(),
        })
    }

    /// Serves until `listener` is closed and the connections have ended.
    pub(crate) fn serve(self: Arc<Self>, listener: &TcpListener) -> Served {
        let (sweeping, stop) = bounded::<()>(0);
        let server = self.clone();
        let sweeper = go!(name = "sweeper", move || {
            loop {
                select! {
                    recv(stop) -> _ => return,
                    default(SWEEP) => server.store.sweep(),
                }
            }
        });
        // Every connection holds a clone of `running`: the channel is disconnected when all ended.
        let (running, ended) = bounded::<()>(0);
        let mut complained: Option<Instant> = None;
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    // Relaxed: a figure.
                    let number = 1 + self.connections.fetch_add(1, Ordering::Relaxed);
                    let stream = Arc::new(stream);
                    self.open().insert(number, Arc::downgrade(&stream));
                    let (server, running) = (self.clone(), running.clone());
                    go!(name = format!("client {number}"), move || {
                        // An error means that the client is gone: nobody is left to tell.
                        let _ = Connection::new(&server, &stream, number).serve();
                        server.open().remove(&number);
                        drop((stream, running));
                    });
                }
                Err(error) if net::is_closed(&error) => break,
                // Most likely the process is out of descriptors, until some connection ends.
                Err(error) => {
                    if complained.is_none_or(|then| then.elapsed() > QUIET) {
                        eprintln!("redis: no new connection for now: {error}");
                        complained = Some(Instant::now());
                    }
                    sleep(BACK_OFF);
                }
            }
        }
        drop(running);
        for stream in self.open().values().filter_map(Weak::upgrade) {
            // What has come is still answered. An error means that it has ended by itself.
            let _ = stream.shutdown(Shutdown::Read);
        }
        if ended.recv_timeout(GRACE).is_err_and(|why| why.is_timeout()) {
            let left = self.clients();
            eprintln!("redis: {left} connections did not end within {GRACE:?}");
        }
        drop(sweeping);
        let _ = sweeper.join();
        self.served()
    }

    /// Counts commands that have been run.
    pub(crate) fn count(&self, commands: u64) {
        // Relaxed: a figure.
        self.commands.fetch_add(commands, Ordering::Relaxed);
    }

    /// What has been done so far.
    pub(crate) fn served(&self) -> Served {
        // Relaxed: figures.
        Served {
            commands: self.commands.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
        }
    }

    /// How many clients there are.
    pub(crate) fn clients(&self) -> usize {
        self.open().len()
    }

    /// A std lock: held for a moment only, and never across anything that waits.
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Weak<TcpStream>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
