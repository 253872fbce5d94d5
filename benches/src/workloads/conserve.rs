//! How long new tasks wait behind a task that keeps its worker, while another worker idles.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless::go;
use hueless_measure::{Figures, milliseconds};

/// Tasks spawned at a time.
const GROUPS: [usize; 6] = [1, 3, 1, 20, 1, 1];

/// `rounds` tasks in turn spawn groups of tasks and spin, without a checkpoint, until these have run
/// elsewhere: how long those tasks wait, as traced by themselves; apart, those that come singly, for
/// which nobody is woken at once.
pub fn conserve(rounds: usize) -> Figures {
    let hog = |round| go!(move || hog(round)).join().expect("nobody panics");
    let (mut single, mut grouped) = (Vec::new(), Vec::new());
    for (size, wait) in (0..rounds).flat_map(hog) {
        if size == 1 { &mut single } else { &mut grouped }.push(wait);
    }
    single.sort_by(f64::total_cmp);
    grouped.sort_by(f64::total_cmp);
    let quantile = |waits: &[f64], part: f64| {
        let index = (part * (waits.len() - 1) as f64) as usize;
        format!("{:.3}", waits[index])
    };
    Figures::default()
        .with("p99_ms", quantile(&single, 0.99))
        .with("p50_ms", quantile(&single, 0.5))
        .with("max_ms", quantile(&single, 1.0))
        .with("group_p99_ms", quantile(&grouped, 0.99))
        .with("group_p50_ms", quantile(&grouped, 0.5))
        .with("group_max_ms", quantile(&grouped, 1.0))
        .with("tasks", single.len() + grouped.len())
}

/// Keeps its worker for some milliseconds; gives how long each task that it spawned has
/// waited, and how many came together.
fn hog(round: usize) -> Vec<(usize, f64)> {
    let mut random = round as u32 * 2 + 1;
    let mut tasks = Vec::new();
    for size in GROUPS {
        let ended = Arc::new(AtomicUsize::new(0));
        for _ in 0..size {
            let ended = ended.clone();
            let spawned = Instant::now();
            tasks.push(go!(move || {
                let wait = spawned.elapsed();
                // Relaxed: a count.
                ended.fetch_add(1, Ordering::Relaxed);
                (size, milliseconds(wait))
            }));
        }
        while ended.load(Ordering::Relaxed) != size {
            spin_loop();
        }
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        spin_for(Duration::from_micros(u64::from(random >> 22)));
    }
    let waits = tasks.into_iter().map(|task| task.join());
    waits.map(|wait| wait.expect("nobody panics")).collect()
}

/// Computes for `time`.
fn spin_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}
