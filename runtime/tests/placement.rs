//! Where tasks start, which in the default mode is where they stay: those that talk to each other
//! together, those of a crowd apart.

#[path = "common/mailbox.rs"]
mod mailbox;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::{blocking, sleep, spawn};
use mailbox::Mailbox;

const RUNS: usize = 100;

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// Two tasks that hand a message to and fro; true if they do so on one worker.
fn a_pair_is_together() -> bool {
    let there = Arc::new(Mailbox::new());
    let back = Arc::new(Mailbox::new());
    let (there_too, back_too) = (there.clone(), back.clone());
    let ping = spawn(move || {
        for i in 0..1000 {
            there.put(i);
            assert_eq!(back.take(), i);
        }
        thread::current().id()
    });
    let pong = spawn(move || {
        for i in 0..1000 {
            assert_eq!(there_too.take(), i);
            back_too.put(i);
        }
        thread::current().id()
    });
    ping.join().unwrap() == pong.join().unwrap()
}

#[test]
fn a_ping_pong_pair_is_on_one_worker() {
    let runtime = runtime(2);
    let together = (0..RUNS)
        .filter(|_| runtime.run(a_pair_is_together))
        .count();
    println!("{together} of {RUNS}; {}", runtime.metrics());
    assert!(together * 100 >= RUNS * 95, "{together} of {RUNS}");
}

/// Spawns tasks one by one, as who accepts connections does: after each it waits for something that
/// comes from an OS thread. Gives how many each worker has in the end, by its own count and by the
/// threads that they begin on.
///
/// `None` if the machine has kept a worker from running, for long beside the time that a run takes: then
/// the others are right not to wait for it.
fn accept(workers: usize) -> Option<(Vec<usize>, HashMap<ThreadId, usize>)> {
    const TASKS: usize = 1000;
    let runtime = runtime(workers);
    let (begins, begun) = mpsc::channel();
    runtime.run(move || {
        for _ in 0..TASKS {
            let begins = begins.clone();
            spawn(move || {
                begins.send(thread::current().id()).unwrap();
                drop(begins);
                sleep(Duration::MAX);
            });
            blocking(|| ());
        }
    });
    let mut threads = HashMap::new();
    for thread in begun {
        *threads.entry(thread).or_default() += 1;
    }
    let metrics = runtime.metrics();
    let started = metrics
        .workers
        .iter()
        .map(|worker| worker.started)
        .collect();
    let waited = waited_for_a_processor();
    (metrics.take_overs == 0 && waited < Duration::from_millis(20)).then_some((started, threads))
}

/// The longest that a worker of this process has been ready to run without a processor; zero where
/// the system does not tell. Other tests' workers count too: that costs a run now and then.
fn waited_for_a_processor() -> Duration {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return Duration::ZERO;
    };
    let waited = |path: PathBuf| {
        let name = std::fs::read_to_string(path.join("comm")).ok()?;
        let times = std::fs::read_to_string(path.join("schedstat")).ok()?;
        let nanos = times.split_whitespace().nth(1)?.parse().ok()?;
        name.starts_with("hueless-")
            .then(|| Duration::from_nanos(nanos))
    };
    let threads = threads.flatten().map(|thread| thread.path());
    threads.filter_map(waited).max().unwrap_or_default()
}

fn spreads(workers: usize) {
    let mut disturbed = 0;
    for run in 0..RUNS {
        let (started, threads) = loop {
            if let Some(counts) = accept(workers) {
                break counts;
            }
            disturbed += 1;
            assert!(disturbed < 10 * RUNS, "the machine is too busy");
        };
        println!("{started:?}");
        let least = 1000 / (2 * workers);
        let enough = |count: &usize| *count >= least;
        assert!(started.iter().all(enough), "run {run}: {started:?}");
        assert_eq!(threads.len(), workers);
        assert!(threads.values().all(enough), "run {run}: {threads:?}");
    }
}

#[test]
fn what_one_task_accepts_spreads_over_two_workers() {
    spreads(2);
}

#[test]
fn what_one_task_accepts_spreads_over_four_workers() {
    spreads(4);
}
