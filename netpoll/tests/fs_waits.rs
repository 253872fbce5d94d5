//! Files that make their users wait: locks, and opens that wait for the other end.

mod common;
#[path = "common/dir.rs"]
mod dir;

use std::ffi::CString;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::{Mode, cases};
use dir::Dir;
use hueless_netpoll::fs::{File, OpenOptions, TryLockError};
use hueless_runtime::runtime::Builder;
use hueless_runtime::yield_now;

cases!(
    locks_wait_and_leave_the_worker_to_others,
    an_open_that_waits_leaves_the_worker_to_others,
);

fn locks_wait_and_leave_the_worker_to_others<M: Mode>() {
    let dir = Dir::new();
    let path = dir.path("a");
    let holder = File::create(&path).unwrap();
    holder.lock().unwrap();
    let other = File::open(&path).unwrap();
    assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
    assert!(matches!(
        other.try_lock_shared(),
        Err(TryLockError::WouldBlock)
    ));
    let waits = Arc::new(AtomicBool::new(false));
    let waiter = M::spawn({
        let waits = waits.clone();
        move || {
            waits.store(true, Ordering::SeqCst);
            other.lock().unwrap();
            other.unlock().unwrap();
            other.lock_shared().unwrap();
            other
        }
    });
    while !waits.load(Ordering::SeqCst) {
        yield_now();
    }
    holder.unlock().unwrap();
    let other = waiter.join();
    holder.try_lock_shared().unwrap();
    drop(other);
}

/// As many wait as the pool has threads, and the one with the lock needs a thread to go on. Those who
/// wait hold none, and can be cancelled.
#[test]
fn who_waits_for_a_lock_holds_no_thread() {
    const THREADS: usize = 2;
    let dir = Dir::new();
    let path = dir.path("a");
    let runtime = Builder::new().workers(1).blocking_threads(THREADS);
    let runtime = runtime.build().unwrap();
    let (done, is_done) = std::sync::mpsc::channel();
    let holder = runtime.spawn({
        let path = path.clone();
        move || {
            let holder = File::create(&path).unwrap();
            holder.lock().unwrap();
            let begun = Arc::new(AtomicUsize::new(0));
            let waiters: Vec<_> = (0..2 * THREADS)
                .map(|i| {
                    let (path, begun) = (path.clone(), begun.clone());
                    hueless_runtime::spawn(move || {
                        let file = File::open(path).unwrap();
                        begun.fetch_add(1, Ordering::SeqCst);
                        match i % 2 {
                            0 => file.lock().unwrap(),
                            _ => file.lock_shared().unwrap(),
                        }
                    })
                })
                .collect();
            while begun.load(Ordering::SeqCst) < waiters.len() {
                yield_now();
            }
            for _ in 0..100 {
                holder.metadata().unwrap();
            }
            holder.unlock().unwrap();
            waiters
                .into_iter()
                .for_each(|waiter| waiter.join().unwrap());
            done.send(()).unwrap();
        }
    });
    let outcome = is_done.recv_timeout(Duration::from_secs(60));
    if outcome.is_err() {
        // What is stuck would hold up the runtime's end too.
        eprintln!("the pool is stuck");
        std::process::exit(3);
    }
    holder.join().unwrap();

    let file = File::create(&path).unwrap();
    file.lock().unwrap();
    let (begins, has_begun) = std::sync::mpsc::channel();
    let waiter = runtime.spawn(move || {
        let file = File::open(path).unwrap();
        begins.send(()).unwrap();
        file.lock()
    });
    has_begun.recv().unwrap();
    drop(runtime);
    assert!(waiter.join().unwrap_err().is_cancelled());
}

/// A pipe in the file system: opening it waits for somebody at the other end.
fn an_open_that_waits_leaves_the_worker_to_others<M: Mode>() {
    let dir = Dir::new();
    let path = dir.path("pipe");
    let name = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: a string that ends in zero.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let opens = Arc::new(AtomicBool::new(false));
    let reader = M::spawn({
        let (opens, path) = (opens.clone(), path.clone());
        move || {
            opens.store(true, Ordering::SeqCst);
            let mut got = Vec::new();
            File::open(path).unwrap().read_to_end(&mut got).unwrap();
            got
        }
    });
    while !opens.load(Ordering::SeqCst) {
        yield_now();
    }
    let mut writer = OpenOptions::new().write(true).open(&path).unwrap();
    writer.write_all(b"through").unwrap();
    drop(writer);
    assert_eq!(reader.join(), b"through");
}
