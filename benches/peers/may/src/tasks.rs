//! Coroutines that start, yield, lock and compute.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_measure::{Figures, SLEEPERS, compute_until, sleeper, summary};
use may::coroutine::{JoinHandle, sleep, yield_now};
use may::go;
use may::sync::Mutex;

use crate::WaitGroup;

/// Starts `n` coroutines, each of which counts, and waits for the last.
pub(crate) fn spawn(n: usize) -> Duration {
    let group = Arc::new(WaitGroup::new(n));
    let count = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    for _ in 0..n {
        let (group, count) = (group.clone(), count.clone());
        go!(move || {
            // Relaxed: a count.
            count.fetch_add(1, Ordering::Relaxed);
            group.done();
        });
    }
    group.wait();
    start.elapsed()
}

/// Starts a coroutine and waits for its result, `n` times.
pub(crate) fn spawn_join(n: usize) -> Duration {
    let start = Instant::now();
    let results = (0..n).map(|i| go!(move || i).join().unwrap());
    black_box(results.sum::<usize>());
    start.elapsed()
}

/// `count` coroutines yield `n` times each.
pub(crate) fn yields(count: usize, n: usize) -> Duration {
    let start = Instant::now();
    let coroutines = (0..count).map(|_| {
        go!(move || {
            for _ in 0..n {
                yield_now();
            }
        })
    });
    join(coroutines.collect());
    start.elapsed()
}

/// `count` coroutines lock one mutex `n` times each and count.
pub(crate) fn mutex(count: usize, n: usize) -> Duration {
    let locked = Arc::new(Mutex::new(0));
    let start = Instant::now();
    let coroutines = (0..count).map(|_| {
        let locked = locked.clone();
        go!(move || {
            for _ in 0..n {
                *locked.lock().unwrap() += 1;
            }
        })
    });
    join(coroutines.collect());
    start.elapsed()
}

/// How late sleepers wake beside `hogs` coroutines that compute.
pub(crate) fn hog(hogs: usize, time: Duration) -> Figures {
    let stop = Instant::now() + time;
    let sleepers = (0..SLEEPERS).map(|_| go!(move || sleeper(stop, sleep)));
    let sleepers: Vec<_> = sleepers.collect();
    sleep(Duration::from_millis(10));
    let hogs = (0..hogs).map(|_| go!(move || compute_until(stop)));
    let hogs = hogs.collect();
    let late = join(sleepers);
    join(hogs);
    summary(late.concat())
}

/// What the coroutines give, in order.
pub(crate) fn join<T>(coroutines: Vec<JoinHandle<T>>) -> Vec<T> {
    let join = |coroutine: JoinHandle<T>| coroutine.join().expect("no coroutine panics");
    coroutines.into_iter().map(join).collect()
}
