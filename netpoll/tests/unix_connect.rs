//! Unix streams that wait for a listener with a full queue.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::{Mode, SocketPath, Tasks, cases, in_a_process as alone, processor_time, sockets};
use hueless_netpoll::net::{UnixListener, UnixStream};
use hueless_runtime::runtime::Builder;

cases!(
    connect_waits_for_room,
    streams_that_waited_are_as_any_other,
    waiting_connect_hears_that_the_listener_has_gone,
    waiting_connect_hears_that_the_listener_has_closed,
);

/// A listener whose queue is full, and those who fill it.
fn full_listener() -> (UnixListener, Arc<SocketPath>, Vec<UnixStream>) {
    let path = SocketPath::new();
    let listener = UnixListener::bind(&path).unwrap();
    // SAFETY: the descriptor is open; the call touches no memory of ours.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let filling = vec![UnixStream::connect(&path).unwrap()];
    // One that does not wait finds no room.
    let error = mio::net::UnixStream::connect(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    (listener, Arc::new(path), filling)
}

fn connect_waits_for_room<M: Mode>() {
    const CLIENTS: usize = 20;
    let (listener, path, filling) = full_listener();
    let connected = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (path, connected) = (Arc::clone(&path), Arc::clone(&connected));
            M::spawn(move || {
                let mut stream = match client % 2 {
                    0 => UnixStream::connect(&*path).unwrap(),
                    _ => {
                        let addr = std::os::unix::net::SocketAddr::from_pathname(&*path);
                        UnixStream::connect_addr(&addr.unwrap()).unwrap()
                    }
                };
                connected.fetch_add(1, Ordering::Relaxed);
                stream.read_exact(&mut [0]).unwrap();
            })
        })
        .collect();
    let mut accepted = Vec::new();
    for _ in 0..filling.len() + CLIENTS {
        // One is in the queue at most.
        assert!(connected.load(Ordering::Relaxed) <= accepted.len());
        let (mut stream, _) = listener.accept().unwrap();
        accepted.push(());
        // The peers that have filled the queue do not read.
        stream.write_all(b"x").unwrap();
    }
    clients.into_iter().for_each(|join| join.join());
    assert_eq!(connected.load(Ordering::Relaxed), CLIENTS);
}

/// In non-blocking mode, and without the time-out that it has waited with.
fn streams_that_waited_are_as_any_other<M: Mode>() {
    let (listener, path, _filling) = full_listener();
    let client = M::spawn({
        let path = Arc::clone(&path);
        move || UnixStream::connect(&*path).unwrap()
    });
    listener.accept().unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut client = client.join();
    // SAFETY: the descriptor is open; the call touches no memory.
    let flags = unsafe { libc::fcntl(client.as_raw_fd(), libc::F_GETFL) };
    assert_ne!(flags & libc::O_NONBLOCK, 0);
    assert_eq!(client.write_timeout().unwrap(), None);
    let kept = std::os::unix::net::UnixStream::from(client.as_fd().try_clone_to_owned().unwrap());
    assert_eq!(kept.write_timeout().unwrap(), None);
    assert_eq!(
        client.peer_addr().unwrap().as_pathname(),
        Some((*path).as_ref())
    );
    let writer = M::spawn(move || server.write_all(b"x").unwrap());
    client.read_exact(&mut [0]).unwrap();
    writer.join();
}

fn waiting_connect_hears_that_the_listener_has_gone<M: Mode>() {
    let (listener, path, _filling) = full_listener();
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let path = Arc::clone(&path);
            M::spawn(move || UnixStream::connect(&*path).unwrap_err())
        })
        .collect();
    drop(listener);
    for client in clients {
        assert_eq!(client.join().kind(), ErrorKind::ConnectionRefused);
    }
}

/// Linux refuses connections to a listener that has been closed.
fn waiting_connect_hears_that_the_listener_has_closed<M: Mode>() {
    if cfg!(target_os = "linux") {
        let (listener, path, _filling) = full_listener();
        let client = M::spawn(move || UnixStream::connect(&*path).unwrap_err());
        listener.close();
        assert_eq!(client.join().kind(), ErrorKind::ConnectionRefused);
    }
}

/// Waiting takes next to no processor time, and the worker goes on to run others.
#[test]
fn waiting_is_no_spinning() {
    alone("waiting_is_no_spinning", || {
        let (listener, path, _filling) = full_listener();
        let clients: Vec<_> = (0..20)
            .map(|_| {
                let path = Arc::clone(&path);
                Tasks::spawn(move || UnixStream::connect(&*path).unwrap())
            })
            .collect();
        let (start, before) = (Instant::now(), processor_time());
        Tasks::spawn(|| hueless_runtime::sleep(Duration::from_millis(600))).join();
        let (passed, used) = (start.elapsed(), processor_time() - before);
        assert!(used < passed / 4, "{used:?} of {passed:?}");
        let accepting = Tasks::spawn(move || {
            (0..21).for_each(|_| drop(listener.accept().unwrap()));
        });
        clients.into_iter().for_each(|join| drop(join.join()));
        accepting.join();
    });
}

/// Tasks that connect in a destructor, while they unwind, take turns as any other: those that wait for
/// a listener that accepts nobody have no thread each, and let others have room where there is some.
#[test]
fn unwinding_tasks_take_turns() {
    const DEAF: usize = 20;
    const CLIENTS: usize = 10;
    alone("unwinding_tasks_take_turns", || {
        let (deaf, deaf_path, _filling) = full_listener();
        let (listener, path, filling) = full_listener();
        let refused = Unwinding::start(DEAF, &deaf_path);
        refused.all_have_begun();
        // As many as there are turns wait for what does not come.
        while pool_threads().count() < 4 {
            std::thread::yield_now();
        }
        let connected = Unwinding::start(CLIENTS, &path);
        for _ in 0..filling.len() + CLIENTS {
            listener.accept().unwrap();
        }
        assert_eq!(connected.end(), [None; CLIENTS]);
        // A pool may start a thread while one ends its turn, so that each of the two has twice as
        // many as there are turns at most.
        let threads = pool_threads().count();
        assert!(threads <= 16, "{threads} threads");
        drop(deaf);
        let refusal = Some(ErrorKind::ConnectionRefused);
        assert_eq!(refused.end(), [refusal; DEAF]);
    });
}

/// Cancelled tasks that connect in their destructors.
struct Unwinding {
    tasks: usize,
    begun: Arc<AtomicUsize>,
    outcomes: Receiver<Option<ErrorKind>>,
    /// The end of their runtime.
    ending: JoinHandle<()>,
}

impl Unwinding {
    /// Starts tasks that connect to `path`, and cancels them.
    fn start(tasks: usize, path: &Arc<SocketPath>) -> Self {
        struct Connects {
            path: Arc<SocketPath>,
            begun: Arc<AtomicUsize>,
            outcome: Sender<Option<ErrorKind>>,
        }
        impl Drop for Connects {
            fn drop(&mut self) {
                assert!(std::thread::panicking());
                self.begun.fetch_add(1, Ordering::Relaxed);
                let error = UnixStream::connect(&*self.path).err();
                // Nobody wants to know if the test has failed.
                let _ = self.outcome.send(error.map(|error| error.kind()));
            }
        }
        let runtime = Builder::new().workers(1).build().unwrap();
        let (outcome, outcomes) = channel();
        let (started, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..tasks {
            let connects = Connects {
                path: Arc::clone(path),
                begun: Arc::clone(&begun),
                outcome: outcome.clone(),
            };
            let started = Arc::clone(&started);
            drop(runtime.spawn(move || {
                let _connects = connects;
                started.fetch_add(1, Ordering::Relaxed);
                hueless_runtime::sleep(Duration::from_secs(1000));
            }));
        }
        while started.load(Ordering::Relaxed) < tasks {
            std::thread::yield_now();
        }
        Self {
            tasks,
            begun,
            outcomes,
            ending: std::thread::spawn(move || drop(runtime)),
        }
    }

    /// Waits until each is about to connect.
    fn all_have_begun(&self) {
        while self.begun.load(Ordering::Relaxed) < self.tasks {
            std::thread::yield_now();
        }
    }

    /// Waits for their end: the errors that they have got, if any.
    fn end(self) -> Vec<Option<ErrorKind>> {
        self.ending.join().unwrap();
        self.outcomes.iter().collect()
    }
}

/// A signal does not begin a turn anew.
#[test]
#[cfg(target_os = "linux")]
fn signals_do_not_prolong_a_turn() {
    extern "C" fn ignore(_: libc::c_int) {}
    alone("signals_do_not_prolong_a_turn", || {
        let handler = ignore as extern "C" fn(libc::c_int);
        // SAFETY: all zeroes are an action without flags; the handler does nothing.
        let set = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as usize;
            libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut())
        };
        assert_eq!(set, 0);
        let (deaf, deaf_path, _filling) = full_listener();
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let path = Arc::clone(&deaf_path);
                Tasks::spawn(move || UnixStream::connect(&*path).is_ok())
            })
            .collect();
        // Each has its turn.
        while pool_threads().count() < waiting.len() {
            std::thread::yield_now();
        }
        let (listener, path, _filling) = full_listener();
        let connected = Arc::new(AtomicUsize::new(0));
        let client = Tasks::spawn({
            let connected = Arc::clone(&connected);
            move || {
                UnixStream::connect(&*path).unwrap();
                connected.store(1, Ordering::Relaxed);
            }
        });
        // By then it waits, or so it nearly always does.
        let accepting = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            listener.accept().unwrap();
            listener.accept().unwrap();
        });
        let until = Instant::now() + Duration::from_secs(5);
        while connected.load(Ordering::Relaxed) == 0 {
            assert!(Instant::now() < until, "no turn ends");
            for thread in pool_threads() {
                // SAFETY: a system call that touches no memory; the thread may have ended.
                unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGUSR1) };
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        client.join();
        accepting.join().unwrap();
        drop(deaf);
        assert!(waiting.into_iter().all(|client| !client.join()));
    });
}

/// The threads of blocking pools.
fn pool_threads() -> impl Iterator<Item = libc::pid_t> {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = std::fs::read_to_string(path.join("comm")).ok()?;
            // The system keeps 15 characters of it.
            let number = path.file_name()?.to_str()?.parse().ok()?;
            name.starts_with("hueless-blockin").then_some(number)
        })
}

/// However many wait, for a listener that accepts nobody, one that does is reached soon.
#[test]
fn waiting_for_one_listener_holds_up_no_other() {
    alone("waiting_for_one_listener_holds_up_no_other", || {
        let (deaf, deaf_path, _filling) = full_listener();
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                let path = Arc::clone(&deaf_path);
                Tasks::spawn(move || UnixStream::connect(&*path).is_ok())
            })
            .collect();
        let (listener, path, _filling) = full_listener();
        let clients: Vec<_> = (0..10)
            .map(|_| {
                let path = Arc::clone(&path);
                Tasks::spawn(move || UnixStream::connect(&*path).unwrap())
            })
            .collect();
        for _ in 0..11 {
            listener.accept().unwrap();
        }
        clients.into_iter().for_each(|client| drop(client.join()));
        drop(deaf);
        assert!(waiting.into_iter().all(|client| !client.join()));
    });
}

/// More tasks wait to connect than the blocking pool has threads, and what accepts needs the pool
/// too.
#[test]
fn waiting_shares_the_pool() {
    alone("waiting_shares_the_pool", || {
        const CLIENTS: usize = 20;
        let runtime = Builder::new()
            .workers(2)
            .blocking_threads(2)
            .build()
            .unwrap();
        runtime.run(|| {
            let (listener, path, _filling) = full_listener();
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    let path = Arc::clone(&path);
                    Tasks::spawn(move || UnixStream::connect(&*path).unwrap())
                })
                .collect();
            for _ in 0..=CLIENTS {
                hueless_runtime::blocking(|| ());
                listener.accept().unwrap();
            }
            clients.into_iter().for_each(|join| drop(join.join()));
        });
    });
}

/// A task that is cancelled while it waits ends soon, and leaves no descriptor.
#[test]
fn cancelled_connects_end_and_leave_nothing() {
    alone("cancelled_connects_end_and_leave_nothing", || {
        let (listener, path, filling) = full_listener();
        let before = sockets();
        for workers in [1, 2] {
            let runtime = Builder::new().workers(workers).build().unwrap();
            let started = Arc::new(AtomicUsize::new(0));
            let waiting: Vec<_> = (0..5)
                .map(|_| {
                    let (path, started) = (Arc::clone(&path), Arc::clone(&started));
                    runtime.spawn(move || {
                        started.fetch_add(1, Ordering::Relaxed);
                        drop(UnixStream::connect(&*path));
                        unreachable!("there is no room");
                    })
                })
                .collect();
            while started.load(Ordering::Relaxed) < waiting.len() {
                std::thread::yield_now();
            }
            let start = Instant::now();
            drop(runtime);
            assert!(start.elapsed() < Duration::from_secs(4));
            for task in waiting {
                assert!(task.join().unwrap_err().is_cancelled());
            }
            assert_eq!(sockets(), before);
        }
        // Nobody of them has come.
        for _ in &filling {
            listener.accept().unwrap();
        }
        listener.set_nonblocking(true).unwrap();
        let error = listener.accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    });
}
