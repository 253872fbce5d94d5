//! What the tasks of a storm block in, and what must be left of it afterwards.

use std::future;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hueless::channel::{self, Receiver, Sender, bounded, never};
use hueless::io::{DuplexStream, duplex};
use hueless::net::unix::UnixStream;
use hueless::net::{Pollable, TcpListener, TcpStream, UdpSocket};
use hueless::sync::{Barrier, Condvar, Mutex, Notify, OnceLock, RwLock, Semaphore, WaitGroup};
use hueless::task::{self, JoinSet};
use hueless::{
    block_on, blocking, cancel, for_each_concurrent, generator, join, race, scope, select, sleep,
    spawn, timeout, yield_now,
};

/// How many ways there are to block.
pub(crate) const WAYS: usize = 33;

const LONG: Duration = Duration::from_secs(3600);

/// What the tasks block in.
pub(crate) struct World {
    pub(crate) made: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
    pub(crate) began: AtomicUsize,
    sent: AtomicUsize,
    received: AtomicUsize,
    full: (Sender<u8>, Receiver<u8>),
    flow: (Sender<usize>, Receiver<usize>),
    silent: Receiver<u8>,
    broadcast: (
        channel::broadcast::Sender<u8>,
        channel::broadcast::Receiver<u8>,
    ),
    watch: (channel::watch::Sender<u8>, channel::watch::Receiver<u8>),
    mutex: Mutex<u64>,
    rwlock: RwLock<u64>,
    taken: Mutex<()>,
    woken: Condvar,
    permits: Semaphore,
    notify: Notify,
    barrier: Barrier,
    group: WaitGroup,
    once: OnceLock<()>,
    listener: TcpListener,
    socket: UdpSocket,
    /// Both ends of connections on which nobody says anything.
    tcp: (TcpStream, TcpStream),
    unix: (UnixStream, UnixStream),
    memory: (DuplexStream, DuplexStream),
    polled: (Pollable<StdUnixStream>, StdUnixStream),
}

/// Counts what lives and what has been dropped.
pub(crate) struct Local(Arc<World>);

impl Local {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        world.made.fetch_add(1, Ordering::Relaxed);
        Self(world.clone())
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        let full = bounded(1);
        full.0.send(0).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let tcp = (connection, listener.accept().unwrap().0);
        let (polled, peer) = StdUnixStream::pair().unwrap();
        polled.set_nonblocking(true).unwrap();
        let memory = duplex(1);
        (&memory.0).write_all(b"x").unwrap();
        let group = WaitGroup::new();
        group.add(1);
        Arc::new(Self {
            made: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            began: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
            full,
            flow: bounded(4),
            silent: never(),
            broadcast: channel::broadcast(1),
            watch: channel::watch(0),
            mutex: Mutex::new(0),
            rwlock: RwLock::new(0),
            taken: Mutex::new(()),
            woken: Condvar::new(),
            permits: Semaphore::new(3),
            notify: Notify::new(),
            barrier: Barrier::new(usize::MAX),
            group,
            once: OnceLock::new(),
            listener,
            socket: UdpSocket::bind("127.0.0.1:0").unwrap(),
            tcp,
            unix: UnixStream::pair().unwrap(),
            memory,
            polled: (Pollable::new(polled).unwrap(), peer),
        })
    }

    /// Blocks, or goes on for ever, in one of the ways there are.
    pub(crate) fn block(&self, way: usize) {
        match way {
            0 => sleep(Duration::MAX),
            1 => self.full.0.send(1).unwrap(),
            2 => drop(self.silent.recv()),
            3 => select! {
                recv(self.silent) -> _ => unreachable!(),
                send(self.full.0, 1) -> _ => unreachable!(),
            },
            4 => task::park(),
            5 => drop(spawn(|| sleep(LONG)).join()),
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
            16 => timeout(LONG, || sleep(Duration::MAX)).unwrap(),
            17 => assert!(!self.barrier.wait().is_leader()),
            18 => self.group.wait(),
            19 => drop(self.once.wait()),
            20 => drop(self.broadcast.1.recv()),
            21 => loop {
                self.watch.1.wait_for(|_| false).unwrap();
            },
            22 => drop((&self.tcp.0).read(&mut [0; 8])),
            23 => drop((&self.unix.0).read(&mut [0; 8])),
            24 => drop((&self.memory.0).write(&[0; 8])),
            25 => drop(self.polled.0.readable()),
            26 => block_on(future::pending()),
            27 => race((|| sleep(LONG), || _ = self.silent.recv())),
            28 => for_each_concurrent(0..2, 2, |_| sleep(LONG)),
            29 => {
                let mut set = JoinSet::new();
                set.spawn(|| sleep(LONG));
                drop(set.join_next());
            }
            // A job of the pool is awaited, and then the caller unwinds.
            30 => loop {
                blocking(|| std::hint::black_box(()));
                cancel::shield(yield_now);
            },
            31 => _ = join(|| sleep(LONG), || self.notify.wait()),
            _ => {
                let mut sleeper = generator(|y| {
                    sleep(LONG);
                    y.yield_(());
                });
                sleeper.next();
            }
        }
        unreachable!("way {way} does not end by itself");
    }

    /// Everything is as if nobody had been there.
    pub(crate) fn is_as_before(&self) {
        let left = self.flow.1.try_iter().count();
        let sent = self.sent.load(Ordering::Relaxed);
        assert_eq!(sent, self.received.load(Ordering::Relaxed) + left);
        assert_eq!(self.full.1.try_iter().collect::<Vec<_>>(), [0]);
        assert!(self.mutex.try_lock().is_some() && self.rwlock.try_write().is_some());
        assert!(self.taken.try_lock().is_some());
        assert_eq!(self.permits.available_permits(), 3);
        // What is sent now is received, and not by somebody who has gone.
        self.broadcast.0.send(1).unwrap();
        assert_eq!(self.broadcast.1.recv(), Ok(1));
        self.watch.0.send(2).unwrap();
        assert_eq!(self.watch.1.recv(), Ok(2));
        self.notify.notify_one();
        self.notify.wait();
        self.group.done();
        self.group.wait();
        self.once.set(()).unwrap();
        self.once.wait();
        let port = self.socket.local_addr().unwrap();
        self.socket.send_to(b"udp", port).unwrap();
        assert_eq!(self.socket.recv(&mut [0; 8]).unwrap(), 3);
        answers(&self.tcp.1, &self.tcp.0);
        answers(&self.unix.1, &self.unix.0);
        let mut byte = [0];
        (&self.memory.1).read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
        answers(&self.memory.0, &self.memory.1);
        (&self.polled.1).write_all(b"!").unwrap();
        self.polled.0.readable().unwrap();
        scope(|s| {
            let served = s.spawn(|| self.listener.accept().unwrap().0);
            let stream = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
            answers(&stream, &served.join().unwrap());
        });
    }
}

/// What is written at one end is read at the other.
fn answers<W, R>(mut from: W, mut to: R)
where
    W: Write,
    R: Read,
{
    let mut byte = [0];
    from.write_all(b"?").unwrap();
    to.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"?");
}
