//! One lock, many tasks.

use std::time::{Duration, Instant};

use hueless::go;
use hueless::sync::Mutex;

use super::{WaitGroup, shared};

/// `tasks` tasks lock one mutex `n` times each and count.
pub fn mutex(tasks: usize, n: usize) -> Duration {
    let shared = shared((Mutex::new(0usize), WaitGroup::new(tasks)));
    let start = Instant::now();
    for _ in 0..tasks {
        go!(move || {
            let (count, group) = shared;
            for _ in 0..n {
                *count.lock() += 1;
            }
            group.done();
        });
    }
    shared.1.wait();
    let time = start.elapsed();
    assert_eq!(*shared.0.lock(), tasks * n);
    time
}
