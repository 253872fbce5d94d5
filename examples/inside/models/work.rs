//! Tasks that compute and never wait: no model computes faster than the cores do.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use crate::options::Model;

/// How many primes there are below 20,000, found the slow way: a few milliseconds.
fn compute() -> usize {
    let is_prime = |n: u32| {
        (2..n)
            .take_while(|d| d * d <= n)
            .all(|d| !n.is_multiple_of(d))
    };
    (2..black_box(20_000)).filter(|&n| is_prime(n)).count()
}

/// The time until so many tasks have computed.
pub(crate) fn measure(model: Model, jobs: usize) -> Duration {
    let start = Instant::now();
    let found: usize = match model {
        Model::Sync => (0..jobs).map(|_| compute()).sum(),
        Model::Threads => thread::scope(|s| {
            let threads: Vec<_> = (0..jobs).map(|_| s.spawn(compute)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("it computes"))
                .sum()
        }),
        Model::Tokio => {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let tasks: Vec<_> = (0..jobs)
                    .map(|_| tokio::spawn(async { compute() }))
                    .collect();
                let mut found = 0;
                for task in tasks {
                    found += task.await.expect("it computes");
                }
                found
            })
        }
        Model::Hueless => hueless::join_all((0..jobs).map(|_| compute))
            .into_iter()
            .sum(),
    };
    assert_eq!(found, jobs * 2262);
    start.elapsed()
}
