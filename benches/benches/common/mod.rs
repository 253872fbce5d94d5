//! The same work on hueless and on tokio, side by side in one criterion group.

use std::time::Duration;

use criterion::Criterion;
use tokio::runtime::{Builder, Runtime};

/// Measurements that take seconds, not minutes: to see what has changed, not to settle disputes.
pub(crate) fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

/// Adds a group in which both run `n` operations, as tasks, and say how long they took.
pub(crate) fn compare<F>(
    criterion: &mut Criterion,
    name: &str,
    ours: impl Fn(usize) -> Duration + Sync,
    theirs: impl Fn(usize) -> F,
) where
    F: Future<Output = Duration> + Send + 'static,
{
    let tokio: Runtime = Builder::new_multi_thread()
        .build()
        .expect("a tokio runtime");
    let mut group = criterion.benchmark_group(name);
    group.bench_function("hueless", |bencher| {
        bencher.iter_custom(|n| hueless::run(|| ours(n as usize)));
    });
    group.bench_function("tokio", |bencher| {
        bencher.iter_custom(|n| {
            // As a task: the thread of `block_on` is no worker.
            let work = theirs(n as usize);
            tokio.block_on(async { tokio::spawn(work).await.expect("no panic") })
        });
    });
    group.finish();
}
