//! Sleepers beside tasks that compute.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hueless::{checkpoint, go, sleep};

use super::{Figures, milliseconds};

/// Steps of a loop between two looks at the clock.
const LOOK: usize = 1_000_000;
const SLEEPERS: usize = 100;
const NAP: Duration = Duration::from_millis(1);

/// How late sleepers wake beside `hogs` tasks that compute for `time`, calling `checkpoint()` once
/// in `steps` steps; never, if `steps` is 0.
pub fn hog(hogs: usize, time: Duration, steps: usize) -> Figures {
    let stop = Instant::now() + time;
    let sleepers: Vec<_> = (0..SLEEPERS)
        .map(|_| {
            go!(move || {
                let mut late = Vec::new();
                while Instant::now() < stop {
                    let start = Instant::now();
                    sleep(NAP);
                    late.push(milliseconds(start.elapsed()) - milliseconds(NAP));
                }
                late
            })
        })
        .collect();
    sleep(Duration::from_millis(10));
    let hogs: Vec<_> = (0..hogs)
        .map(|_| go!(move || compute(stop, steps)))
        .collect();

    let mut late: Vec<f64> = Vec::new();
    for sleeper in sleepers {
        late.extend(sleeper.join().unwrap());
    }
    for hog in hogs {
        hog.join().unwrap();
    }
    late.sort_by(f64::total_cmp);
    let quantile = |part: f64| {
        let index = (part * (late.len() - 1) as f64) as usize;
        format!("{:.2}", late[index])
    };
    Figures::default()
        .with("p99_ms", quantile(0.99))
        .with("p50_ms", quantile(0.5))
        .with("max_ms", quantile(1.0))
        .with("wakes", late.len())
}

/// Computes until `stop`.
fn compute(stop: Instant, steps: usize) {
    let run = |mut x: u64, steps| {
        for _ in 0..steps {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
        }
        x
    };
    let mut x = 1;
    loop {
        if steps == 0 {
            x = run(x, LOOK);
        } else {
            for _ in 0..LOOK.div_ceil(steps) {
                x = run(x, steps);
                checkpoint();
            }
        }
        if Instant::now() > stop {
            break;
        }
    }
    black_box(x);
}
