//! std's sockets beside what does not park: threads, processes, hueless's own sockets, and what ends early.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::cell::Cell;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use hueless_netpoll::net;
use hueless_runtime::runtime::Builder;
use hueless_runtime::spawn;
use hueless_runtime::task::no_park;
use libc::pollfd;

mod common;

use common::{NEVER, crowd, in_each_runtime, join_all, run, start, until};

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// How much of a processor this thread has used.
fn used() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it is there to be written.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// On one worker: fails if `f`, which waits for `length`, does not leave the processor alone meanwhile.
fn rests(length: Duration, f: impl FnOnce() + Send + 'static) {
    run(&start(1, false), move || {
        let before = used();
        f();
        let used = used() - before;
        assert!(used < length / 4, "{used:?} of {length:?}");
    });
}

#[test]
fn a_stream_that_was_waited_for_becomes_one_of_ours() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (mut one, mut other) = pair();
            let reader = spawn(move || {
                one.read_exact(&mut [0]).unwrap();
                one
            });
            hueless_runtime::yield_now();
            other.write_all(b"x").unwrap();
            let mut ours = net::TcpStream::from(reader.join().unwrap());
            let reader = spawn(move || ours.read_exact(&mut [0]));
            hueless_runtime::yield_now();
            other.write_all(b"x").unwrap();
            reader.join().unwrap().unwrap();
        });
    });
}

#[test]
fn urgent_data_that_nobody_reads_burns_no_processor() {
    const LENGTH: Duration = Duration::from_millis(200);
    rests(LENGTH, || {
        let (mut one, other) = pair();
        one.set_read_timeout(Some(LENGTH)).unwrap();
        // SAFETY: one byte that is there.
        let sent = unsafe { libc::send(other.as_raw_fd(), b"!".as_ptr().cast(), 1, libc::MSG_OOB) };
        assert_eq!(sent, 1);
        assert!(one.read(&mut [0]).is_err());
    });
}

#[test]
fn data_that_is_not_asked_for_burns_no_processor() {
    const LENGTH: Duration = Duration::from_millis(200);
    for events in [libc::POLLRDHUP, libc::POLLPRI, 0] {
        rests(LENGTH, move || {
            let (one, mut other) = pair();
            other.write_all(b"x").unwrap();
            let mut asked = pollfd {
                fd: one.as_raw_fd(),
                events,
                revents: 0,
            };
            // SAFETY: it is there.
            let ready = unsafe { libc::poll(&raw mut asked, 1, LENGTH.as_millis() as i32) };
            assert_eq!(ready, 0);
        });
    }
}

#[test]
fn hundreds_are_polled_at_once() {
    const MANY: usize = 900;
    run(&start(1, false), || {
        let (one, mut other) = UnixStream::pair().unwrap();
        let all: Vec<_> = (0..MANY).map(|_| one.try_clone().unwrap()).collect();
        let poller = spawn(move || {
            let asked = |stream: &UnixStream| pollfd {
                fd: stream.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            };
            let mut asked: Vec<_> = all.iter().map(asked).collect();
            // SAFETY: they are there.
            unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, -1) }
        });
        hueless_runtime::yield_now();
        other.write_all(b"x").unwrap();
        assert_eq!(poller.join().unwrap(), MANY as i32);
    });
}

/// Accepts in a task of its own, which waits when this returns.
fn acceptor(listener: &Arc<TcpListener>) -> hueless_runtime::task::JoinHandle<()> {
    let (begun, theirs) = (Arc::new(AtomicBool::new(false)), listener.clone());
    let begins = begun.clone();
    let task = spawn(move || {
        begins.store(true, Ordering::Relaxed);
        theirs.accept().unwrap();
    });
    until(|| begun.load(Ordering::Relaxed));
    task
}

/// The parked task has the turn, and would need the thread that blocks.
#[test]
fn who_blocks_its_thread_accepts_beside_a_parked_task() {
    struct AcceptsWhenDropped(Arc<TcpListener>);
    impl Drop for AcceptsWhenDropped {
        fn drop(&mut self) {
            self.0.accept().unwrap();
        }
    }
    run(&start(1, false), || {
        let listener = Arc::new(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let address = listener.local_addr().unwrap();
        let parked = acceptor(&listener);
        let client = std::thread::spawn(move || [0, 1].map(|_| TcpStream::connect(address)));
        let unwinds = std::panic::catch_unwind(|| {
            let _accepts = AcceptsWhenDropped(listener.clone());
            no_park(|| std::panic::resume_unwind(Box::new(())));
        });
        assert!(unwinds.is_err());
        parked.join().unwrap();
        let clients = client.join().unwrap();
        assert!(clients.into_iter().all(|client| client.is_ok()));
    });
}

#[test]
fn a_forked_child_accepts() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let listener = Arc::new(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
            let address = listener.local_addr().unwrap();
            let parked = acceptor(&listener);
            // SAFETY: the child makes system calls and ends.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: as above.
                unsafe {
                    libc::alarm(10);
                    let accepted = libc::accept(
                        listener.as_raw_fd(),
                        std::ptr::null_mut(),
                        std::ptr::null_mut(),
                    );
                    libc::_exit(i32::from(accepted < 0));
                }
            }
            // One for each, whoever is first.
            let _clients = [0, 1].map(|_| TcpStream::connect(address).unwrap());
            parked.join().unwrap();
            let mut status = 0;
            // SAFETY: our child, and a number to be written.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0);
        });
    });
}

#[test]
fn who_does_not_listen_accepts_nothing_at_once() {
    run(&start(1, false), || {
        let (one, _other) = pair();
        // SAFETY: an open descriptor, which is not closed by this.
        let listener = ManuallyDrop::new(unsafe { TcpListener::from_raw_fd(one.as_raw_fd()) });
        let error = listener.accept().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    });
}

/// Those who wait for room have all the threads of the pool; who makes room needs none.
#[test]
fn more_clients_than_threads_of_the_pool_connect() {
    const MANY: usize = 20;
    let runtime = Builder::new()
        .workers(1)
        .blocking_threads(2)
        .build()
        .unwrap();
    run(&runtime, || {
        let path = std::env::temp_dir().join(format!("uncolor-limits-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        // SAFETY: an open descriptor.
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let named = path.clone();
        let clients = crowd(MANY, move |_| UnixStream::connect(&named).unwrap());
        hueless_runtime::yield_now();
        for _ in 0..MANY {
            listener.accept().unwrap();
        }
        join_all(clients);
        std::fs::remove_file(path).unwrap();
    });
}

fn errno() -> &'static Cell<i32> {
    // SAFETY: this thread's, which outlives its use here.
    unsafe { &*libc::__errno_location().cast::<Cell<i32>>() }
}

#[test]
fn a_call_that_succeeds_leaves_errno_alone() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let stop = Arc::new(AtomicBool::new(false));
            let stops = stop.clone();
            let neighbours = crowd(10, move |_| {
                while !stops.load(Ordering::Relaxed) {
                    errno().set(libc::EXDEV);
                    hueless_runtime::yield_now();
                }
            });
            let (mut one, mut other) = pair();
            let echo = spawn(move || {
                let mut byte = [0];
                while other.read(&mut byte).unwrap() == 1 {
                    other.write_all(&byte).unwrap();
                }
            });
            let unchanged = |f: &mut dyn FnMut()| {
                errno().set(0);
                f();
                assert_eq!(errno().get(), 0);
            };
            for _ in 0..10 {
                one.write_all(b"x").unwrap();
                unchanged(&mut || one.read_exact(&mut [0]).unwrap());
                unchanged(&mut || std::thread::sleep(Duration::from_micros(10)));
            }
            let number = one.into_raw_fd();
            // Unseen by anybody: the number becomes another file's, which no poller knows.
            let (new, _new_peer) = pair();
            // SAFETY: open descriptors, and nobody else has the first.
            unsafe {
                assert_eq!(libc::dup2(new.as_raw_fd(), number), number);
                unchanged(&mut || assert_eq!(libc::close(number), 0));
            }
            echo.join().unwrap();
            stop.store(true, Ordering::Relaxed);
            join_all(neighbours);
        });
    });
}

/// A process that shares its parent's memory, not its descriptors, as `vfork` makes them.
#[test]
fn what_another_process_closes_is_waited_for_on() {
    extern "C" fn closes(number: *mut libc::c_void) -> i32 {
        // SAFETY: the number is this process's.
        unsafe { libc::close(number.addr() as i32) }
    }
    run(&start(1, false), || {
        let (mut one, mut other) = pair();
        let number = one.as_raw_fd();
        let begun = Arc::new(AtomicBool::new(false));
        let begins = begun.clone();
        let reader = spawn(move || {
            begins.store(true, Ordering::Relaxed);
            one.read(&mut [0])
        });
        until(|| begun.load(Ordering::Relaxed));
        let mut stack = vec![0_u128; 4096];
        let top = stack.as_mut_ptr_range().end.cast();
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let argument = std::ptr::without_provenance_mut(number as usize);
        let mut status = 0;
        // SAFETY: the stack is the child's alone, which makes a system call and ends before this goes on.
        unsafe {
            let child = libc::clone(closes, top, flags, argument);
            assert!(child > 0);
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        }
        assert_eq!(status, 0);
        hueless_runtime::yield_now();
        other.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), 1);
    });
}

#[test]
fn a_runtime_that_ends_leaves_behind_who_waits_for_a_peer() {
    for calls in [
        |stream: &TcpStream| drop((&*stream).read(&mut [0])),
        |stream: &TcpStream| {
            let mut asked = pollfd {
                fd: stream.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: it is there.
            unsafe { libc::poll(&raw mut asked, 1, -1) };
        },
    ] {
        let runtime = start(1, false);
        let (one, mut other) = pair();
        let (tell, told) = mpsc::channel();
        let task = runtime.spawn(move || {
            tell.send("waits").unwrap();
            calls(&one);
            tell.send("goes on").unwrap();
        });
        assert_eq!(told.recv(), Ok("waits"));
        runtime.shutdown_timeout(Duration::from_millis(50));
        assert!(task.join().is_err());
        // It is where it was, and its worker still there for it.
        other.write_all(b"x").unwrap();
        assert_eq!(told.recv_timeout(NEVER), Ok("goes on"));
    }
}
