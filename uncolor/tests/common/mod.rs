//! What the tests share.

#![allow(dead_code, reason = "every test file uses some of it: each is a crate")]

use std::sync::mpsc;
use std::time::Duration;

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::task::JoinHandle;
use hueless_uncolor as _;

/// Longer than anything takes here; who waits for that long has failed.
pub(crate) const NEVER: Duration = Duration::from_secs(60);

/// Calls `test` with a runtime of each kind: one worker, two and three, tasks that stay and tasks that migrate.
pub(crate) fn in_each_runtime(test: impl Fn(&Runtime)) {
    for workers in [1, 2, 3] {
        for migrates in [false, true] {
            // Shown if the test fails.
            println!("{workers} workers, migrating: {migrates}");
            test(&start(workers, migrates));
        }
    }
}

pub(crate) fn start(workers: usize, migrates: bool) -> Runtime {
    let mut builder = Builder::new().workers(workers);
    if migrates {
        // SAFETY: these tasks keep nothing of their thread's across an operation but guards of std's locks, and
        // those of Linux are words that know no thread.
        builder = unsafe { builder.migrate() };
    }
    builder.build().unwrap()
}

/// Starts `count` tasks of the current runtime, which are told their numbers.
pub(crate) fn crowd<T: Send + 'static>(
    count: usize,
    f: impl Fn(usize) -> T + Send + Clone + 'static,
) -> Vec<JoinHandle<T>> {
    (0..count)
        .map(|number| {
            let f = f.clone();
            hueless_runtime::spawn(move || f(number))
        })
        .collect()
}

pub(crate) fn join_all<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    tasks.into_iter().map(|task| task.join().unwrap()).collect()
}

/// Runs `f` on a runtime's task, and fails if that takes for ever.
pub(crate) fn run(runtime: &Runtime, f: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let task = runtime.spawn(move || {
        f();
        done.send(()).unwrap();
    });
    // An error: it has panicked, which `join` says.
    if is_done.recv_timeout(NEVER) == Err(mpsc::RecvTimeoutError::Timeout) {
        // Its runtime would wait for it.
        eprintln!("it hangs");
        std::process::abort();
    }
    task.join().unwrap();
}

/// Lets other tasks run until `done`, which is bound to come true.
pub(crate) fn until(mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < NEVER, "it does not come");
        hueless_runtime::yield_now();
    }
}
