//! What the figures say in situations in which they are known.

#[macro_use]
mod common;

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::{Builder, Metrics, Runtime};
use hueless_runtime::{blocking, checkpoint, sleep, spawn, task, yield_now};

in_all_modes!(
    tasks_are_counted_by_what_they_do,
    new_tasks_are_counted_until_they_begin,
    timers_are_counted,
    thefts_are_counted,
    hints_and_take_overs_are_counted,
    calls_that_block_are_counted,
    differences_are_of_counts_alone,
    the_table_names_every_figure,
);

/// Figures come from threads that may be a moment behind: waits until they are as expected.
#[track_caller]
fn wait_until(runtime: &Runtime, expected: impl Fn(&Metrics) -> bool) -> Metrics {
    let start = Instant::now();
    loop {
        let metrics = runtime.metrics();
        if expected(&metrics) {
            return metrics;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{metrics}");
        std::thread::yield_now();
    }
}

/// Occupies a worker until it is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn on(runtime: &Runtime) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, (begins, begun)) = (stop.clone(), mpsc::channel());
        runtime.spawn(move || {
            begins.send(()).unwrap();
            while !stopped.load(Ordering::Relaxed) {
                checkpoint();
            }
        });
        begun.recv().unwrap();
        Self(stop)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn tasks_are_counted_by_what_they_do(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let metrics = runtime.metrics();
    assert_eq!((metrics.alive, metrics.spawned), (0, 0));
    assert_eq!(metrics.workers.len(), 2);
    for _ in 0..20 {
        runtime.spawn(|| sleep(Duration::MAX));
    }
    let metrics = wait_until(&runtime, |metrics| metrics.parked == 20);
    assert_eq!((metrics.alive, metrics.spawned), (20, 20));
    assert_eq!((metrics.unstarted, metrics.runnable), (0, 0));
    let started: usize = metrics.workers.iter().map(|worker| worker.started).sum();
    assert_eq!(started, 20);
    assert!(metrics.stacks_in_use >= 20 && metrics.stack_bytes > 20 * 64 * 1024);

    runtime.spawn(|| ()).join().unwrap();
    let metrics = wait_until(&runtime, |metrics| metrics.alive == 20);
    assert_eq!(metrics.spawned, 21);
    let switches: u64 = metrics.workers.iter().map(|worker| worker.switches).sum();
    assert!(switches >= 21);
}

fn new_tasks_are_counted_until_they_begin(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        let before = hueless_runtime::runtime::metrics();
        assert_eq!((before.alive, before.unstarted), (1, 0));
        let tasks: Vec<_> = (0..10).map(|_| spawn(yield_now)).collect();
        let metrics = hueless_runtime::runtime::metrics().since(&before);
        // A spare may have begun some, if the machine has kept this worker from running for long.
        if metrics.take_overs == 0 {
            assert_eq!((metrics.alive, metrics.unstarted), (11, 10));
        }
        assert_eq!(metrics.spawned, 10);
        for task in tasks {
            task.join().unwrap();
        }
    });
    wait_until(&runtime, |metrics| metrics.alive == 0);
}

fn timers_are_counted(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let tasks: Vec<_> = (0..10)
        .map(|_| runtime.spawn(|| sleep(Duration::from_secs(3600))))
        .collect();
    let metrics = wait_until(&runtime, |metrics| metrics.timers == 10);
    let timers: usize = metrics.workers.iter().map(|worker| worker.timers).sum();
    assert_eq!(timers, 10);
    runtime.run(|| {
        let waiting = spawn(|| sleep(Duration::MAX));
        drop(waiting.join_timeout(Duration::from_millis(1)));
    });
    wait_until(&runtime, |metrics| metrics.timers == 10);
    drop(runtime);
    assert!(tasks.into_iter().all(|task| task.join().is_err()));
}

fn thefts_are_counted(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    assert_eq!(runtime.metrics().steals, 0);
    runtime.run(|| {
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..10 {
            let ran = ran.clone();
            spawn(move || ran.fetch_add(1, Ordering::SeqCst));
        }
        while ran.load(Ordering::SeqCst) < 10 {
            spin_loop();
        }
    });
    let metrics = runtime.metrics();
    let by_workers: u64 = metrics.workers.iter().map(|worker| worker.steals).sum();
    // A spare that has gone is none of the workers any more.
    assert!(metrics.steals >= 1 && by_workers <= metrics.steals);
}

/// In a migrating runtime tasks go to whichever worker comes first, not to the one they slept on.
#[test]
fn wake_ups_from_outside_are_counted() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let before = runtime.metrics();
    // Until the worker sleeps in one of the calls, as it does in nearly each of them.
    let counted = |metrics: &Metrics| {
        runtime.run(|| blocking(|| std::thread::sleep(Duration::from_millis(1))));
        metrics.since(&before).inbox_wakes >= 1
    };
    wait_until(&runtime, counted);
    let metrics = runtime.metrics().since(&before);
    assert!(metrics.inbox_wakes <= metrics.spawned, "{metrics}");
}

fn hints_and_take_overs_are_counted(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let busy = Busy::on(&runtime);
    wait_until(&runtime, |metrics| metrics.hints >= 3);
    drop(busy);
    let before = wait_until(&runtime, |metrics| metrics.alive == 0);
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let blocked = runtime.spawn(move || gate.lock().unwrap().recv().is_err());
    let taken_over =
        |metrics: &Metrics| metrics.since(&before).take_overs == 1 && metrics.workers[0].is_stuck;
    wait_until(&runtime, taken_over);
    // Nobody waits behind it, so nothing is reported.
    assert_eq!(runtime.metrics().stalls, 0);
    drop(open);
    assert!(blocked.join().unwrap());
    wait_until(&runtime, |metrics| !metrics.workers[0].is_stuck);
}

fn calls_that_block_are_counted(new: fn() -> Builder) {
    let runtime = new().workers(1).blocking_threads(2).build().unwrap();
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let gate = gate.clone();
            runtime.spawn(move || blocking(|| gate.lock().unwrap().recv().is_err()))
        })
        .collect();
    let metrics = wait_until(&runtime, |metrics| metrics.blocking_queued == 3);
    assert_eq!(metrics.blocking_threads, 2);
    wait_until(&runtime, |metrics| metrics.parked == 5);
    drop(open);
    for task in tasks {
        assert!(task.join().unwrap());
    }
    wait_until(&runtime, |metrics| {
        metrics.blocking_queued == 0 && metrics.alive == 0
    });
}

fn differences_are_of_counts_alone(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    runtime.run(|| {
        for _ in 0..10 {
            spawn(|| sleep(Duration::from_secs(3600)));
        }
        yield_now();
    });
    let old = wait_until(&runtime, |metrics| {
        metrics.timers == 10 && metrics.alive == 10
    });
    // A worker that is awake for a moment is taken to run one of its tasks.
    let new = wait_until(&runtime, |metrics| metrics.parked == 10);
    let same = new.since(&old);
    assert_eq!(same.spawned, 0);
    assert_eq!((same.alive, same.parked, same.timers), (10, 10, 10));
    // On a busy machine a worker may seem stuck on its way to sleep.
    let counts = |m: &Metrics| [m.steals, m.inbox_wakes, m.hints, m.take_overs, m.stalls];
    for ((new, old), same) in counts(&new)
        .into_iter()
        .zip(counts(&old))
        .zip(counts(&same))
    {
        assert_eq!(same, new - old);
    }
    for worker in &same.workers {
        assert_eq!(worker.switches, 0);
    }
    runtime.run(|| ());
    let one = runtime.metrics().since(&old);
    assert_eq!(one.spawned, 1);
    assert!(
        one.workers
            .iter()
            .map(|worker| worker.switches)
            .sum::<u64>()
            >= 1
    );
    // Against figures that are newer, nothing is negative.
    assert_eq!(old.since(&runtime.metrics()).spawned, 0);
}

fn the_table_names_every_figure(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let named = task::Builder::new().spawn_on(&runtime, || sleep(Duration::MAX));
    drop(named.unwrap());
    let metrics = wait_until(&runtime, |metrics| metrics.parked == 1);
    let table = metrics.to_string();
    for figure in [
        "1 alive",
        "1 parked",
        "runnable",
        "not begun",
        "without a stack",
        "1 spawned",
        "steals",
        "inbox wake-ups",
        "hints",
        "take-overs",
        "stalls",
        "in use",
        "free",
        "MiB of address space",
        "blocking  0 threads, 0 calls queued",
        "timers",
        "started",
        "switches",
    ] {
        assert!(table.contains(figure), "{figure}:\n{table}");
    }
    // Five lines of sums, one of titles, one for each worker.
    assert_eq!(table.lines().count(), 6 + metrics.workers.len(), "{table}");
}
