//! What a program defers with crossbeam-epoch runs where the runtime's deques grow and shrink.

#[macro_use]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hueless_runtime::runtime::Builder;
use hueless_runtime::{sleep, spawn, task, yield_now};
use std::time::Duration;

in_all_modes!(tasks_run_once_whatever_is_deferred);

/// Defers something that lets other tasks run, spawns and waits.
fn defer(runs: &Arc<Vec<AtomicUsize>>, round: usize) {
    let runs = runs.clone();
    let guard = crossbeam_epoch::pin();
    guard.defer(move || {
        drop(spawn(move || count(&runs, round)));
        yield_now();
        sleep(Duration::from_micros(1));
    });
    guard.flush();
}

fn count(runs: &[AtomicUsize], index: usize) {
    runs[index].fetch_add(1, Ordering::Relaxed);
}

fn tasks_run_once_whatever_is_deferred(new: fn() -> Builder) {
    const ROUNDS: usize = 40;
    const TASKS: usize = 600;
    // The first ones are counted by what is deferred, at most once: it runs when somebody collects.
    let runs: Arc<Vec<_>> = Arc::new(
        (0..ROUNDS * (TASKS + 1))
            .map(|_| AtomicUsize::new(0))
            .collect(),
    );
    let runtime = new().workers(2).build().unwrap();
    let spawned = runs.clone();
    let spawner = runtime.spawn(move || {
        for round in 0..ROUNDS {
            // Not in one of our own calls of the collector.
            task::no_park(|| defer(&spawned, round));
            let tasks: Vec<_> = (0..TASKS)
                .map(|index| {
                    let runs = spawned.clone();
                    spawn(move || {
                        yield_now();
                        count(&runs, ROUNDS + round * TASKS + index);
                    })
                })
                .collect();
            tasks.into_iter().for_each(|task| task.join().unwrap());
        }
    });
    spawner.join().unwrap();
    drop(runtime);
    let runs: Vec<_> = runs
        .iter()
        .map(|runs| runs.load(Ordering::Relaxed))
        .collect();
    assert!(
        runs[..ROUNDS].iter().all(|runs| *runs <= 1),
        "{:?}",
        &runs[..ROUNDS]
    );
    assert!(runs[ROUNDS..].iter().all(|runs| *runs == 1));
}
