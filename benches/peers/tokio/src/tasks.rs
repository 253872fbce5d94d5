//! Tasks that start, yield, lock and compute.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_measure::{Figures, NAP, SLEEPERS, compute_until, lateness, summary};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;

use crate::WaitGroup;

/// Starts `n` tasks, each of which counts, and waits for the last.
pub(crate) async fn spawn(n: usize) -> Duration {
    let group = Arc::new(WaitGroup::new(n));
    let count = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    for _ in 0..n {
        let (group, count) = (group.clone(), count.clone());
        tokio::spawn(async move {
            // Relaxed: a count.
            count.fetch_add(1, Ordering::Relaxed);
            group.done();
        });
    }
    group.wait().await;
    start.elapsed()
}

/// Starts a task and waits for its result, `n` times.
pub(crate) async fn spawn_join(n: usize) -> Duration {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..n {
        sum += tokio::spawn(async move { i }).await.unwrap();
    }
    black_box(sum);
    start.elapsed()
}

/// `tasks` tasks yield `n` times each.
pub(crate) async fn yields(tasks: usize, n: usize) -> Duration {
    let start = Instant::now();
    let tasks = (0..tasks).map(|_| {
        tokio::spawn(async move {
            for _ in 0..n {
                yield_now().await;
            }
        })
    });
    join(tasks.collect()).await;
    start.elapsed()
}

/// `tasks` tasks lock one mutex `n` times each and count.
pub(crate) async fn mutex(tasks: usize, n: usize) -> Duration {
    let count = Arc::new(Mutex::new(0));
    let start = Instant::now();
    let tasks = (0..tasks).map(|_| {
        let count = count.clone();
        tokio::spawn(async move {
            for _ in 0..n {
                *count.lock().await += 1;
            }
        })
    });
    join(tasks.collect()).await;
    start.elapsed()
}

/// How late sleepers wake beside `hogs` tasks that compute.
pub(crate) async fn hog(hogs: usize, time: Duration) -> Figures {
    let stop = Instant::now() + time;
    let sleepers = (0..SLEEPERS).map(|_| {
        tokio::spawn(async move {
            let mut late = Vec::new();
            while Instant::now() < stop {
                let start = Instant::now();
                sleep(NAP).await;
                late.push(lateness(start));
            }
            late
        })
    });
    let sleepers: Vec<_> = sleepers.collect();
    sleep(Duration::from_millis(10)).await;
    let hogs = (0..hogs).map(|_| tokio::spawn(async move { compute_until(stop) }));
    join(hogs.collect()).await;
    summary(join(sleepers).await.concat())
}

/// What the tasks give, in order.
pub(crate) async fn join<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
