//! Starting tasks.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless::go;

use super::{WaitGroup, shared};

/// Starts `n` tasks, each of which counts, and waits for the last.
pub fn spawn(n: usize) -> Duration {
    let group = shared(WaitGroup::new(n));
    let count = shared(AtomicUsize::new(0));
    let start = Instant::now();
    for _ in 0..n {
        go!(move || {
            // Relaxed: the group orders it before the look below.
            count.fetch_add(1, Ordering::Relaxed);
            group.done();
        });
    }
    group.wait();
    let time = start.elapsed();
    assert_eq!(count.load(Ordering::Relaxed), n);
    time
}

/// Starts a task and waits for its result, `n` times.
pub fn spawn_join(n: usize) -> Duration {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..n {
        sum += go!(move || i).join().unwrap();
    }
    black_box(sum);
    start.elapsed()
}
