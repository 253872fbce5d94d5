//! A worker pool: a fixed number of tasks takes jobs from a queue; who submits one gets a promise.
//!
//! ```sh
//! cargo run --example worker_pool
//! ```
//!
//! Prints the jobs' results in the order in which they were submitted. Elsewhere: Python's
//! `ThreadPoolExecutor.submit`, Java's `ExecutorService`. A task costs so little that a pool is needed only
//! to *limit* what runs at once; if all jobs are there already, [`map_concurrent`](hueless::map_concurrent)
//! does that in one line.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hueless::channel::{Receiver, Sender, bounded, unbounded};
use hueless::{go, map_concurrent, yield_now};

type Job = Box<dyn FnOnce() + Send>;

/// Dropping it ends the workers, after the jobs that were submitted.
struct Pool(Sender<Job>);

impl Pool {
    fn new(workers: usize) -> Self {
        let (tx, rx) = unbounded::<Job>();
        for n in 0..workers {
            let rx = rx.clone();
            go!(name = format!("worker {n}"), move || {
                // One that panics drops its promise, which tells whoever waits, and ends nobody else.
                rx.iter()
                    .for_each(|job| drop(catch_unwind(AssertUnwindSafe(job))))
            });
        }
        Self(tx)
    }

    /// Queues a job. The receiver gets its result.
    fn submit<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
        let (promise, result) = bounded(1);
        // Who submitted it may have left without waiting.
        let job = move || drop(promise.send(f()));
        self.0.send(Box::new(job)).expect("the workers are there");
        result
    }
}

fn cube(n: u64) -> u64 {
    yield_now();
    n * n * n
}

fn main() {
    let pool = Pool::new(2);
    let results: Vec<_> = (1..=8).map(|n| pool.submit(move || cube(n))).collect();
    let cubes: Vec<_> = results
        .iter()
        .map(|result| result.recv().unwrap())
        .collect();
    println!("cubes by a pool:           {cubes:?}");

    println!(
        "cubes by map_concurrent:   {:?}",
        map_concurrent(1..=8, 2, cube)
    );
}

#[test]
fn jobs_run_on_the_workers_only() {
    let pool = Pool::new(2);
    let names: Vec<_> = (0..50)
        .map(|_| pool.submit(|| hueless::task::current().name().map(str::to_owned)))
        .collect();
    for name in names {
        let name = name.recv().unwrap().unwrap();
        assert!(["worker 0", "worker 1"].contains(&&*name), "{name}");
    }
    // Jobs that panic take no worker along.
    for _ in 0..4 {
        let panics = pool.submit(|| std::panic::resume_unwind(Box::new("in a job")));
        assert!(panics.recv().is_err());
    }
    assert_eq!(pool.submit(|| 7).recv(), Ok(7));
    main();
}
