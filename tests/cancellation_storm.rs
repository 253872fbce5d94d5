//! Very many tasks, blocked in every kind of operation, are cancelled at once while messages flow: all
//! unwind, each destructor runs once, no message is lost or doubled, no permit leaks.
//!
//! `STORM` in the environment says how many tasks; fewer by default, for debug builds.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hueless::cancel::CancelToken;
use hueless::channel::{Receiver, Sender, bounded, never};
use hueless::net::{TcpListener, TcpStream, UdpSocket};
use hueless::runtime::{Builder, Runtime};
use hueless::sync::{Condvar, Mutex, Notify, RwLock, Semaphore};
use hueless::{scope, select, sleep, spawn, task, timeout, yield_now};

fn tasks() -> usize {
    std::env::var("STORM").map_or(4_000, |text| text.parse().expect("STORM is a number"))
}

/// Counts what lives and what has been dropped.
struct Local(Arc<World>);

impl Local {
    fn new(world: &Arc<World>) -> Self {
        world.made.fetch_add(1, Ordering::Relaxed);
        Self(world.clone())
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the tasks block in.
struct World {
    made: AtomicUsize,
    dropped: AtomicUsize,
    began: AtomicUsize,
    sent: AtomicUsize,
    received: AtomicUsize,
    full: (Sender<u8>, Receiver<u8>),
    flow: (Sender<usize>, Receiver<usize>),
    silent: Receiver<u8>,
    mutex: Mutex<u64>,
    rwlock: RwLock<u64>,
    taken: Mutex<()>,
    woken: Condvar,
    permits: Semaphore,
    notify: Notify,
    listener: TcpListener,
    socket: UdpSocket,
}

impl World {
    fn new() -> Arc<Self> {
        let full = bounded(1);
        full.0.send(0).unwrap();
        Arc::new(Self {
            made: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            began: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
            full,
            flow: bounded(4),
            silent: never(),
            mutex: Mutex::new(0),
            rwlock: RwLock::new(0),
            taken: Mutex::new(()),
            woken: Condvar::new(),
            permits: Semaphore::new(3),
            notify: Notify::new(),
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            socket: UdpSocket::bind("127.0.0.1:0").unwrap(),
        })
    }

    /// Blocks, or goes on for ever, in one of the ways there are.
    fn block(&self, way: usize) {
        match way {
            0 => sleep(Duration::MAX),
            1 => self.full.0.send(1).unwrap(),
            2 => drop(self.silent.recv()),
            3 => select! {
                recv(self.silent) -> _ => unreachable!(),
                send(self.full.0, 1) -> _ => unreachable!(),
            },
            4 => task::park(),
            5 => drop(spawn(|| sleep(Duration::from_secs(3600))).join()),
            6 => loop {
                *self.mutex.lock() += 1;
                yield_now();
            },
            7 => loop {
                *self.rwlock.write() += 1;
                let _shared = self.rwlock.read();
                yield_now();
            },
            8 => drop(self.woken.wait(self.taken.lock())),
            9 => loop {
                let _permit = self.permits.acquire();
                yield_now();
            },
            10 => self.notify.wait(),
            11 => drop(self.listener.accept()),
            12 => drop(self.socket.recv(&mut [0; 8])),
            13 => scope(|s| {
                s.spawn(|| sleep(Duration::MAX));
            }),
            14 => loop {
                self.flow.0.send(1).unwrap();
                self.sent.fetch_add(1, Ordering::Relaxed);
            },
            15 => loop {
                let message = self.flow.1.recv().unwrap();
                self.received.fetch_add(message, Ordering::Relaxed);
            },
            _ => timeout(Duration::from_secs(3600), || sleep(Duration::MAX)).unwrap(),
        }
        unreachable!("way {way} does not end by itself");
    }
}

const WAYS: usize = 17;

fn storm(runtime: &Runtime) {
    let world = World::new();
    let token = CancelToken::new();
    let count = tasks();
    let handles: Vec<_> = (0..count)
        .map(|index| {
            let (world, token) = (world.clone(), token.clone());
            runtime.spawn(move || {
                let _local = Local::new(&world);
                world.began.fetch_add(1, Ordering::Relaxed);
                let way = index % WAYS;
                // Half are cancelled by the token, and half as tasks.
                if index % 2 == 0 {
                    assert!(token.run(|| world.block(way)).is_err());
                } else {
                    world.block(way);
                }
            })
        })
        .collect();
    while world.began.load(Ordering::Relaxed) < count {
        std::thread::yield_now();
    }
    token.cancel();
    for handle in handles.iter().skip(1).step_by(2) {
        handle.cancel();
    }
    for (index, handle) in handles.into_iter().enumerate() {
        match handle.join() {
            Ok(()) => assert_eq!(index % 2, 0),
            Err(error) => assert!(error.is_cancelled() && index % 2 == 1, "{index}: {error}"),
        }
    }
    assert_eq!(world.made.load(Ordering::Relaxed), count);
    assert_eq!(world.dropped.load(Ordering::Relaxed), count);
    // Everything is as if nobody had been there.
    let left = world.flow.1.try_iter().count();
    let sent = world.sent.load(Ordering::Relaxed);
    assert_eq!(sent, world.received.load(Ordering::Relaxed) + left);
    assert_eq!(world.full.1.try_iter().collect::<Vec<_>>(), [0]);
    assert!(world.mutex.try_lock().is_some() && world.rwlock.try_write().is_some());
    assert!(world.taken.try_lock().is_some());
    assert_eq!(world.permits.available_permits(), 3);
    let echo = scope(|s| {
        let served = s.spawn(|| {
            let (mut stream, _) = world.listener.accept().unwrap();
            let mut text = [0; 2];
            stream.read_exact(&mut text).unwrap();
            text
        });
        let mut stream = TcpStream::connect(world.listener.local_addr().unwrap()).unwrap();
        stream.write_all(b"on").unwrap();
        served.join().unwrap()
    });
    assert_eq!(&echo, b"on");
}

#[test]
fn a_storm_of_cancellations_leaves_nothing() {
    for workers in [1, 3] {
        storm(&Builder::new().workers(workers).build().unwrap());
    }
}

#[test]
fn a_storm_in_a_migrating_runtime_leaves_nothing() {
    for workers in [1, 3] {
        // SAFETY: the tasks keep nothing of a thread's across an operation.
        let builder = unsafe { Builder::new().workers(workers).migrate() };
        storm(&builder.build().unwrap());
    }
}
