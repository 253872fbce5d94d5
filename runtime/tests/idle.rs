//! Idle costs nothing: a runtime whose tasks all wait makes no wake-ups, and one with a ticker few.
//!
//! One test in a process of its own, because it counts the wake-ups of threads by their names.
#![cfg(target_os = "linux")]

#[expect(unused_macros, reason = "one test watches both modes at once")]
mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::{GuardKind, Runtime, stacks};
use hueless_runtime::sleep;

/// As many as wait; fewer where each guard takes a mapping, of which there are some 65,000.
fn parked() -> usize {
    match stacks().guard {
        GuardKind::Light => 100_000,
        _ => 10_000,
    }
}

const WATCHED: Duration = Duration::from_secs(5);

/// The threads of runtimes: how often each has gone to sleep so far.
fn switches() -> HashMap<String, u64> {
    let of_thread = |directory: std::path::PathBuf| {
        let status = std::fs::read_to_string(directory.join("status")).ok()?;
        let field = |key| status.lines().find_map(|line| line.strip_prefix(key));
        if !field("Name:")?.trim().starts_with("hueless") {
            return None;
        }
        let number = directory.file_name()?.to_str()?.to_owned();
        let slept = field("voluntary_ctxt_switches:")?.trim().parse().ok()?;
        Some((number, slept))
    };
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|entry| of_thread(entry.unwrap().path()))
        .collect()
}

/// A runtime and its threads.
struct Watched {
    mode: &'static str,
    runtime: Runtime,
    threads: Vec<String>,
}

impl Watched {
    /// How often its threads have gone to sleep so far.
    fn sleeps(&self) -> u64 {
        let now = switches();
        self.threads.iter().map(|thread| now[thread]).sum()
    }
}

fn start() -> Vec<Watched> {
    let mut known = switches();
    let start_one = |(mode, new): common::Mode| {
        let runtime = new().workers(2).build().unwrap();
        // A worker's thread has its name once it runs, which `build` waits for; the monitor's may
        // take a moment.
        let threads = loop {
            let now = switches();
            let new: Vec<_> = now.keys().filter(|t| !known.contains_key(*t)).collect();
            if new.len() == 3 {
                break new.into_iter().cloned().collect();
            }
            std::thread::yield_now();
        };
        known = switches();
        Watched {
            mode,
            runtime,
            threads,
        }
    };
    common::modes().map(start_one).into()
}

/// Gives what the parked tasks hold.
fn park_many(runtime: &Runtime) -> Arc<AtomicUsize> {
    let begun = Arc::new(AtomicUsize::new(0));
    // The kind of guard is known once there is a stack.
    runtime.run(|| ());
    for _ in 0..parked() {
        let begun = begun.clone();
        runtime.spawn(move || {
            begun.fetch_add(1, Ordering::Relaxed);
            // For ever, so without a timer.
            sleep(Duration::MAX);
        });
        // What is free after these has to be trimmed.
        runtime.spawn(|| ());
    }
    while begun.load(Ordering::Relaxed) != parked() {
        std::thread::yield_now();
    }
    begun
}

/// Waits until no thread of a runtime has woken up for a second.
fn wait_for_quiet() {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut before = switches();
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let now = switches();
        if now == before {
            return;
        }
        assert!(Instant::now() < deadline, "no quiet: {before:?} {now:?}");
        before = now;
    }
}

/// How often each runtime's threads wake up while they are watched.
fn watch(runtimes: &[Watched]) -> Vec<u64> {
    let before: Vec<_> = runtimes.iter().map(Watched::sleeps).collect();
    std::thread::sleep(WATCHED);
    let after = runtimes.iter().map(Watched::sleeps);
    after
        .zip(before)
        .map(|(after, before)| after - before)
        .collect()
}

#[test]
fn an_idle_runtime_sleeps() {
    let runtimes = start();
    let held: Vec<_> = (runtimes.iter().map(|watched| park_many(&watched.runtime))).collect();
    wait_for_quiet();
    for (watched, wakes) in runtimes.iter().zip(watch(&runtimes)) {
        assert_eq!(wakes, 0, "{}: {}", watched.mode, watched.runtime.metrics());
    }

    for watched in &runtimes {
        watched.runtime.spawn(|| {
            loop {
                sleep(Duration::from_secs(1));
            }
        });
    }
    // The tickers' first second, in which what they were spawned with settles.
    std::thread::sleep(Duration::from_millis(1500));
    // One of the worker and one of the monitor for each of five ticks. Where something else wants the
    // processors the monitor finds the worker still awake and looks again: then we watch once more, until
    // each runtime has been left alone for once.
    let mut are_quiet = vec![false; runtimes.len()];
    for _ in 0..5 {
        let wakes = watch(&runtimes);
        println!("{wakes:?} wake-ups in {WATCHED:?}");
        for (is_quiet, wakes) in are_quiet.iter_mut().zip(wakes) {
            *is_quiet |= (5..=12).contains(&wakes);
        }
        if are_quiet.iter().all(|is_quiet| *is_quiet) {
            break;
        }
    }
    assert!(are_quiet.iter().all(|is_quiet| *is_quiet));

    // So many tasks are unwound in seconds, not in a time that grows with their number's square.
    for (watched, held) in runtimes.into_iter().zip(held) {
        let start = Instant::now();
        watched.runtime.shutdown_timeout(Duration::from_secs(30));
        println!("{}: shut down in {:?}", watched.mode, start.elapsed());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
