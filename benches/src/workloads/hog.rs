//! Sleepers beside tasks that compute.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hueless::{checkpoint, go, sleep};
use hueless_measure::{Figures, LOOK, SLEEPERS, compute, compute_until, sleeper, summary};

/// How late sleepers wake beside `hogs` tasks that compute for `time`, calling `checkpoint()` once
/// in `steps` steps; never, if `steps` is 0.
pub fn hog(hogs: usize, time: Duration, steps: usize) -> Figures {
    let stop = Instant::now() + time;
    let sleepers: Vec<_> = (0..SLEEPERS)
        .map(|_| go!(move || sleeper(stop, sleep)))
        .collect();
    sleep(Duration::from_millis(10));
    let hogs: Vec<_> = (0..hogs)
        .map(|_| match steps {
            0 => go!(move || compute_until(stop)),
            _ => go!(move || compute_with_checkpoints(stop, steps)),
        })
        .collect();

    let mut late: Vec<f64> = Vec::new();
    for sleeper in sleepers {
        late.extend(sleeper.join().unwrap());
    }
    for hog in hogs {
        hog.join().unwrap();
    }
    summary(late)
}

/// Computes until `stop`, with a checkpoint after so many steps each.
fn compute_with_checkpoints(stop: Instant, steps: usize) {
    let mut x = 1;
    loop {
        for _ in 0..LOOK.div_ceil(steps) {
            x = compute(x, steps);
            checkpoint();
        }
        if Instant::now() > stop {
            break;
        }
    }
    black_box(x);
}
