//! What std waits for in a task parks it, or not: said by whether a neighbour on the same worker runs meanwhile.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hueless::runtime::{Builder, Runtime};
use hueless::{go, yield_now};

/// A runtime with one worker. What hangs ends the process.
pub(crate) fn start() -> Runtime {
    // SAFETY: nobody here waits for that signal.
    unsafe { libc::alarm(60) };
    Builder::new().workers(1).build().unwrap()
}

/// Whether a neighbour runs while a task does `wait`.
pub(crate) fn lets_others_run(wait: impl FnOnce() + Send) -> bool {
    start().run(|| {
        let (begun, has_run) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let (begins, runs) = (begun.clone(), has_run.clone());
        let neighbour = go!(move || {
            begins.store(true, Ordering::Relaxed);
            // From here on it stays on this worker.
            yield_now();
            runs.store(true, Ordering::Relaxed);
        });
        while !begun.load(Ordering::Relaxed) {
            yield_now();
        }
        wait();
        let has_run = has_run.load(Ordering::Relaxed);
        neighbour.join().unwrap();
        has_run
    })
}

/// Whether a lock of std's lets others run: a hundred tasks of one worker each hold it while they wait.
/// If it does not, this hangs.
pub(crate) fn a_lock_parks() {
    let (runtime, sum) = (start(), Arc::new(Mutex::new(0)));
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let sum = sum.clone();
            runtime.spawn(move || {
                let mut sum = sum.lock().unwrap();
                yield_now();
                *sum += 1;
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    assert_eq!(*sum.lock().unwrap(), 100);
}

pub(crate) fn sleep() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Waits for bytes by `read`, which a task of the same worker writes once this waits. If that does not let it, this
/// hangs.
pub(crate) fn a_socket_parks(read: impl Fn(&mut TcpStream) + Send) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    start().run(move || {
        let writer = go!(move || {
            let (mut theirs, _) = listener.accept().unwrap();
            for _ in 0..10 {
                yield_now();
                theirs.write_all(b"x").unwrap();
                theirs.read_exact(&mut [0]).unwrap();
            }
        });
        let mut stream = TcpStream::connect(address).unwrap();
        for _ in 0..10 {
            read(&mut stream);
            stream.write_all(b"y").unwrap();
        }
        writer.join().unwrap();
    });
}

pub(crate) fn read(stream: &mut TcpStream) {
    stream.read_exact(&mut [0]).unwrap();
}
