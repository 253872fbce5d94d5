//! Accepting while there is no descriptor left. Each test exhausts the process's, so it runs in a
//! child process, and the parent sees what is said on stderr.

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Limit, Migrating, Mode, Own, SocketPath, Tasks, Threads, descriptors, listener};
use hueless_netpoll::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use hueless_runtime::runtime::Builder;

/// Says which part of a test this process is.
const CHILD: &str = "SHORT_OF_DESCRIPTORS";

/// Runs `child` in a process of its own, which is the test `name` again. It must say on stderr that
/// connections wait, once, and end well after it has been told so.
fn in_child(name: &str, child: fn()) {
    if std::env::var_os(CHILD).is_some() {
        child();
        return;
    }
    let mut process = start(name);
    let mut said = BufReader::new(process.stderr.take().unwrap());
    let mut message = String::new();
    said.read_line(&mut message).unwrap();
    assert!(
        (message.starts_with("hueless: connections to 127.0.0.1:")
            || message.starts_with("hueless: connections to \""))
            && message.contains("wait to be accepted until there is room")
            && message.contains("os error 24"),
        "{message}"
    );
    // Meanwhile it must go on to wait, and not take a processor.
    std::thread::sleep(Duration::from_millis(300));
    process.stdin.take().unwrap().write_all(b"\n").unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let status = process.wait().unwrap();
    assert!(status.success(), "{rest}");
    assert_eq!(rest, "", "it is said once");
}

/// Starts the test `name` again.
fn start(name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the parent has seen the message.
fn await_parent() {
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

/// Takes all descriptors that are left, after the runtime's own have been made.
fn take_all() -> (Limit, Vec<File>) {
    let limit = Limit::lower_to(descriptors() + 50);
    let mut files = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => files.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                return (limit, files);
            }
        }
    }
}

/// A listener at which `clients` connections wait.
fn awaited(clients: usize) -> (TcpListener, Vec<TcpStream>) {
    let listener = listener();
    let addr = listener.local_addr().unwrap();
    let clients = (0..clients).map(|_| TcpStream::connect(addr).unwrap());
    let clients = clients.collect();
    (listener, clients)
}

/// How much time of a processor this process has used.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a valid structure.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(answer, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn incoming_goes_on<M: Mode>() {
    const CLIENTS: usize = 10;
    M::run(|| {
        let (listener, mut clients) = awaited(CLIENTS);
        let (limit, files) = take_all();
        let before = processor_time();
        let server = M::spawn(move || {
            let streams: Result<Vec<_>, _> = listener.incoming().take(CLIENTS).collect();
            let streams = streams.expect("a shortage is no item");
            for mut stream in streams {
                stream.write_all(b"x").unwrap();
            }
        });
        hueless_runtime::blocking(await_parent);
        let used = processor_time() - before;
        drop((limit, files));
        server.join();
        for client in &mut clients {
            client.read_exact(&mut [0]).unwrap();
        }
        // Of the 300 ms and more that it lasted.
        assert!(used < Duration::from_millis(100), "{used:?}");
    });
}

#[test]
fn incoming_goes_on_in_tasks() {
    in_child("incoming_goes_on_in_tasks", incoming_goes_on::<Tasks>);
}

#[test]
fn incoming_goes_on_on_one_worker() {
    in_child("incoming_goes_on_on_one_worker", incoming_goes_on::<Own<1>>);
}

#[test]
fn incoming_goes_on_in_migrating_tasks() {
    in_child(
        "incoming_goes_on_in_migrating_tasks",
        incoming_goes_on::<Migrating>,
    );
}

#[test]
fn incoming_goes_on_on_threads() {
    in_child("incoming_goes_on_on_threads", incoming_goes_on::<Threads>);
}

/// A message that cannot be written stops nobody.
#[test]
fn incoming_goes_on_though_nobody_reads_stderr() {
    if std::env::var_os(CHILD).is_some() {
        return incoming_goes_on::<Tasks>();
    }
    let mut process = start("incoming_goes_on_though_nobody_reads_stderr");
    drop(process.stderr.take());
    // As in `in_child`. What it says cannot be waited for.
    std::thread::sleep(Duration::from_millis(500));
    process.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(process.wait().unwrap().success());
}

/// As a TCP listener, by the same code.
#[test]
fn a_unix_listener_goes_on() {
    in_child("a_unix_listener_goes_on", || {
        Tasks::run(|| {
            let path = SocketPath::new();
            let listener = UnixListener::bind(&path).unwrap();
            let mut client = UnixStream::connect(&path).unwrap();
            let (limit, files) = take_all();
            let server = Tasks::spawn(move || {
                let mut stream = listener.incoming().next().unwrap().unwrap();
                stream.write_all(b"x").unwrap();
            });
            hueless_runtime::blocking(await_parent);
            drop((limit, files));
            server.join();
            client.read_exact(&mut [0]).unwrap();
        });
    });
}

/// `accept` itself has patience, but not for ever, and in non-blocking mode none.
#[test]
fn accept_answers_after_a_second() {
    in_child("accept_answers_after_a_second", || {
        Tasks::run(|| {
            let (listener, _clients) = awaited(2);
            let (limit, files) = take_all();
            let start = Instant::now();
            let error = listener.accept().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
            assert!(start.elapsed() >= Duration::from_secs(1));

            listener.set_nonblocking(true).unwrap();
            let start = Instant::now();
            let error = listener.accept().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
            let error = listener.incoming().next().unwrap().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
            assert!(start.elapsed() < Duration::from_secs(1));

            // What is closed within that second is used.
            listener.set_nonblocking(false).unwrap();
            let listener = Arc::new(listener);
            let acceptor = Tasks::spawn({
                let listener = Arc::clone(&listener);
                move || listener.accept().unwrap()
            });
            drop((limit, files));
            acceptor.join();
            listener.accept().unwrap();
            await_parent();
        });
    });
}

#[test]
fn close_ends_the_wait() {
    in_child("close_ends_the_wait", || {
        Tasks::run(|| {
            let (listener, _clients) = awaited(1);
            let (_limit, _files) = take_all();
            let listener = Arc::new(listener);
            let server = Tasks::spawn({
                let listener = Arc::clone(&listener);
                move || listener.incoming().count()
            });
            hueless_runtime::blocking(await_parent);
            listener.close();
            assert_eq!(server.join(), 0);
        });
    });
}

/// A task that is cancelled in its pause has taken no connection with it.
#[test]
fn cancellation_loses_no_connection() {
    in_child("cancellation_loses_no_connection", || {
        let (listener, clients) = awaited(1);
        let runtime = Builder::new().workers(1).build().unwrap();
        let (limit, files) = take_all();
        let listener = Arc::new(listener);
        let task = runtime.spawn({
            let listener = Arc::clone(&listener);
            move || listener.incoming().count()
        });
        await_parent();
        drop(runtime);
        assert!(task.join().unwrap_err().is_cancelled());
        drop((limit, files));
        let (_, from) = listener.accept().unwrap();
        assert_eq!(from, clients[0].local_addr().unwrap());
        listener.set_nonblocking(true).unwrap();
        let error = listener.accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    });
}
