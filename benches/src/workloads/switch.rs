//! Switching between tasks.

use std::time::{Duration, Instant};

use hueless::{go, yield_now};

/// `tasks` tasks yield `n` times each.
pub fn yields(tasks: usize, n: usize) -> Duration {
    let start = Instant::now();
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            go!(move || {
                for _ in 0..n {
                    yield_now();
                }
            })
        })
        .collect();
    for handle in handles {
        handle.join().unwrap();
    }
    start.elapsed()
}
