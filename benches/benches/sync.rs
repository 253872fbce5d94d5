//! Locks and permits: a mutex, a reader-writer lock and a semaphore, alone and among eight tasks. The figure
//! is for one lock and unlock.

mod common;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use hueless::{go, sync};

/// Runs `tasks` tasks of ours that do `n` operations in all.
fn ours<T, F>(tasks: usize, n: usize, shared: T, operation: F) -> Duration
where
    T: Send + Sync + 'static,
    F: Fn(&T, usize) + Copy + Send + 'static,
{
    let shared = Arc::new(shared);
    let start = Instant::now();
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            let shared = shared.clone();
            go!(move || (0..n / tasks).for_each(|i| operation(&shared, i)))
        })
        .collect();
    for handle in handles {
        handle.join().expect("no panic");
    }
    start.elapsed()
}

/// The same for tokio.
macro_rules! theirs {
    ($tasks:expr, $n:expr, $shared:expr, |$on:ident, $i:ident| $operation:expr) => {{
        let (tasks, n, shared) = ($tasks, $n, Arc::new($shared));
        async move {
            let start = Instant::now();
            let handles: Vec<_> = (0..tasks)
                .map(|_| {
                    let $on = shared.clone();
                    tokio::spawn(async move {
                        for $i in 0..n / tasks {
                            $operation;
                        }
                    })
                })
                .collect();
            for handle in handles {
                handle.await.expect("no panic");
            }
            start.elapsed()
        }
    }};
}

/// One in so many writes.
const WRITES: usize = 16;

fn locks(criterion: &mut Criterion) {
    for tasks in [1, 8] {
        common::compare(
            criterion,
            &format!("mutex/{tasks} tasks"),
            move |n| {
                ours(tasks, n, sync::Mutex::new(0usize), |count, _| {
                    *count.lock() += 1;
                })
            },
            move |n| {
                theirs!(tasks, n, tokio::sync::Mutex::new(0usize), |count, _i| {
                    *count.lock().await += 1
                })
            },
        );
        common::compare(
            criterion,
            &format!("rwlock, 1 in {WRITES} writes/{tasks} tasks"),
            move |n| {
                ours(tasks, n, sync::RwLock::new(0usize), |count, i| {
                    match i % WRITES {
                        0 => *count.write() += 1,
                        _ => drop(black_box(*count.read())),
                    }
                })
            },
            move |n| {
                theirs!(tasks, n, tokio::sync::RwLock::new(0usize), |count, i| {
                    match i % WRITES {
                        0 => *count.write().await += 1,
                        _ => drop(black_box(*count.read().await)),
                    }
                })
            },
        );
        common::compare(
            criterion,
            &format!("semaphore of 4/{tasks} tasks"),
            move |n| {
                ours(tasks, n, sync::Semaphore::new(4), |semaphore, _| {
                    drop(black_box(semaphore.acquire()));
                })
            },
            move |n| {
                theirs!(tasks, n, tokio::sync::Semaphore::new(4), |semaphore, _i| {
                    drop(black_box(semaphore.acquire().await.expect("never closed")))
                })
            },
        );
    }
}

criterion_group!(name = benches; config = common::quick(); targets = locks);
criterion_main!(benches);
