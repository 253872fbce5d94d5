//! Switching: tasks that yield to each other. The figure is for one yield of one task.

mod common;

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use hueless_benches::workloads;

async fn yields(tasks: usize, n: usize) -> Duration {
    let start = Instant::now();
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..n {
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for handle in handles {
        handle.await.expect("no panic");
    }
    start.elapsed()
}

fn yielding(criterion: &mut Criterion) {
    for tasks in [2, 1000] {
        let each = move |n: usize| n.div_ceil(tasks);
        common::compare(
            criterion,
            &format!("yield/{tasks} tasks"),
            move |n| workloads::yields(tasks, each(n)),
            move |n| yields(tasks, each(n)),
        );
    }
}

criterion_group!(name = benches; config = common::quick(); targets = yielding);
criterion_main!(benches);
