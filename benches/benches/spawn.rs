//! Starting tasks: `n` that only count, and one after the other with its result.

mod common;

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use hueless_benches::workloads;
use tokio::sync::Notify;

/// What the tasks of [`spawn`] share; never freed, as on our side.
struct Shared {
    left: AtomicUsize,
    count: AtomicUsize,
    ended: Notify,
}

async fn spawn(n: usize) -> Duration {
    let shared: &'static Shared = Box::leak(Box::new(Shared {
        left: AtomicUsize::new(n),
        count: AtomicUsize::new(0),
        ended: Notify::new(),
    }));
    let start = Instant::now();
    for _ in 0..n {
        tokio::spawn(async move {
            shared.count.fetch_add(1, Ordering::Relaxed);
            if shared.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                shared.ended.notify_one();
            }
        });
    }
    shared.ended.notified().await;
    start.elapsed()
}

async fn spawn_join(n: usize) -> Duration {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..n {
        sum += tokio::spawn(async move { i }).await.expect("no panic");
    }
    black_box(sum);
    start.elapsed()
}

fn spawning(criterion: &mut Criterion) {
    common::compare(criterion, "spawn", workloads::spawn, spawn);
    common::compare(criterion, "spawn+join", workloads::spawn_join, spawn_join);
}

criterion_group!(name = benches; config = common::quick(); targets = spawning);
criterion_main!(benches);
