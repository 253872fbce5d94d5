//! Tasks that compute and park in turn, and how evenly the workers share them.

use std::collections::HashMap;
use std::hint::spin_loop;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use hueless::runtime::metrics;
use hueless::{go, sleep};
use hueless_measure::{Figures, milliseconds};

use super::{WaitGroup, shared};

const NAP: Duration = Duration::from_millis(1);

/// `tasks` tasks compute for up to 100 µs and then sleep for 1 ms, `rounds` times each; if `skewed`,
/// only those compute that begin on the thread on which the first one begins, which is the worst case
/// for tasks that stay where they begin.
///
/// Gives the time until all have ended, the time that the computing would have taken had the workers
/// shared it evenly, and each worker's part of the beginnings and of the switches.
pub fn skewed(tasks: usize, rounds: usize, skewed: bool) -> Figures {
    let group = shared(WaitGroup::new(tasks));
    let computed = shared(AtomicU64::new(0));
    let begun = shared(Mutex::new(Begun::default()));
    let before = metrics();
    let start = Instant::now();
    for task in 0..tasks {
        go!(move || {
            let is_first_thread = begun.lock().expect("nobody panics with it").note();
            let mut random = task as u32 * 2 + 1;
            let mut sum = 0;
            for _ in 0..rounds {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if is_first_thread || !skewed {
                    let nanos = (u64::from(random >> 16) * 100_000) >> 16;
                    compute(Duration::from_nanos(nanos));
                    sum += nanos;
                }
                sleep(NAP);
            }
            // Relaxed: read after all have ended.
            computed.fetch_add(sum, Ordering::Relaxed);
            group.done();
        });
    }
    group.wait();
    let time = start.elapsed();
    let metrics = metrics().since(&before);
    let workers = metrics.workers.iter().filter(|worker| !worker.is_spare);
    let even = Duration::from_nanos(computed.load(Ordering::Relaxed));
    let even = even / workers.clone().count() as u32;
    let begun = begun.lock().expect("nobody panics with it");
    Figures::milliseconds(time)
        .with("even_ms", format!("{:.1}", milliseconds(even)))
        .with("begun", shares(begun.on.values().copied()))
        .with("switches", shares(workers.map(|worker| worker.switches)))
        .with("steals", metrics.steals)
}

/// How many tasks have begun on each thread.
#[derive(Default)]
struct Begun {
    first: Option<ThreadId>,
    on: HashMap<ThreadId, u64>,
}

impl Begun {
    /// Counts a task that begins here; whether the first one did so as well.
    fn note(&mut self) -> bool {
        let here = thread::current().id();
        *self.on.entry(here).or_default() += 1;
        *self.first.get_or_insert(here) == here
    }
}

/// Computes for `time`, by the clock.
fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

/// Percentages of the sum.
fn shares(counts: impl Iterator<Item = u64> + Clone) -> String {
    let sum = counts.clone().sum::<u64>().max(1);
    let percent = |count| format!("{}%", (count * 100 + sum / 2) / sum);
    counts.map(percent).collect::<Vec<_>>().join("/")
}
