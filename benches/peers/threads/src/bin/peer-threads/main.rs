//! The workloads with what std has: OS threads, `std::sync`, `thread::sleep`.

mod channels;
mod crowd;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hueless_measure::{Figures, SLEEPERS, compute_until, program, sleeper as sleep_until, summary};
use peer_threads::timed;

fn main() -> ExitCode {
    let help = "Usage: peer-threads WORKLOAD NUMBERS...   (those of `workloads --help`)\n";
    program("peer-threads", help, |name, numbers| {
        let number = |index| numbers.needed(index);
        let n = number(0)?;
        let each = |n, time| Ok(Figures::each(n, time));
        match name {
            "spawn" => each(n, spawn(n)),
            "spawnjoin" => each(n, spawn_join(n)),
            "pingpong" => each(n, channels::rendezvous(n)),
            "chan" => {
                let time = channels::chan(n, number(1)?, number(2)?, numbers.get(3, 0));
                each(n, time)
            }
            "yield" => each(n * number(1)?, yields(n, number(1)?)),
            "skynet" => each(n, channels::skynet(n)),
            "parked" => crowd::parked(n),
            "sleepers" => crowd::sleepers(n).map(Figures::milliseconds),
            "mutex" => each(n * number(1)?, mutex(n, number(1)?)),
            "hog" => Ok(hog(n, Duration::from_secs(number(1)? as u64))),
            _ => Err(format!("no workload is called {name:?}")),
        }
    })
}

/// Starts `n` threads that count and end, and waits for the last.
fn spawn(n: usize) -> Duration {
    let count = Arc::new(AtomicUsize::new(0));
    let main = thread::current();
    let start = Instant::now();
    for _ in 0..n {
        let (count, main) = (count.clone(), main.clone());
        thread::spawn(move || {
            // Release: paired with the load below.
            if count.fetch_add(1, Ordering::Release) + 1 == n {
                main.unpark();
            }
        });
    }
    // Acquire: what the threads did happened before this returns.
    while count.load(Ordering::Acquire) < n {
        thread::park();
    }
    start.elapsed()
}

/// Starts a thread and waits for its result, `n` times.
fn spawn_join(n: usize) -> Duration {
    let start = Instant::now();
    let results = (0..n).map(|i| thread::spawn(move || i).join().unwrap());
    black_box(results.sum::<usize>());
    start.elapsed()
}

/// `threads` threads yield `n` times each.
fn yields(threads: usize, n: usize) -> Duration {
    timed(boxed(threads, || {
        move || (0..n).for_each(|_| thread::yield_now())
    }))
}

/// `threads` threads lock one mutex `n` times each and count.
fn mutex(threads: usize, n: usize) -> Duration {
    let count = Arc::new(Mutex::new(0));
    timed(boxed(threads, || {
        let count = count.clone();
        move || (0..n).for_each(|_| *count.lock().unwrap() += 1)
    }))
}

/// How late sleepers wake beside `hogs` threads that compute.
fn hog(hogs: usize, time: Duration) -> Figures {
    let stop = Instant::now() + time;
    let sleepers: Vec<_> = (0..SLEEPERS)
        .map(|_| thread::spawn(move || sleep_until(stop, thread::sleep)))
        .collect();
    thread::sleep(Duration::from_millis(10));
    timed(boxed(hogs, || move || compute_until(stop)));
    let late = sleepers
        .into_iter()
        .flat_map(|sleeper| sleeper.join().unwrap());
    summary(late.collect())
}

/// So many functions, for as many threads.
fn boxed<F: FnOnce() + Send + 'static>(
    count: usize,
    new: impl Fn() -> F,
) -> Vec<Box<dyn FnOnce() + Send>> {
    (0..count).map(|_| Box::new(new()) as Box<_>).collect()
}
