//! Naps, how late sleepers wake, and what they are beside.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::{Figures, milliseconds};

/// Steps of a loop that computes, between two looks at the clock.
pub const LOOK: usize = 1_000_000;
/// How many sleepers are beside loops that compute.
pub const SLEEPERS: usize = 100;
/// How long each sleeps at a time.
pub const NAP: Duration = Duration::from_millis(1);

/// The three times, pseudo-random parts of a second, that sleeper number `i` sleeps.
///
/// ```
/// let naps: Vec<_> = hueless_measure::naps(7).collect();
/// assert_eq!(naps.len(), 3);
/// assert!(naps.iter().all(|nap| nap.as_millis() < 1000));
/// ```
pub fn naps(i: usize) -> impl Iterator<Item = Duration> + Send {
    let mut x = (i as u32).wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..3).map(move |_| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        Duration::from_millis(u64::from(x % 1000))
    })
}

/// Sleeps for a millisecond again and again until `stop`, by `sleep`; gives how many milliseconds
/// too long each took.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let stop = Instant::now() + Duration::from_millis(5);
/// let late = hueless_measure::sleeper(stop, std::thread::sleep);
/// assert!(late.iter().all(|late| *late >= 0.0));
/// ```
pub fn sleeper(stop: Instant, sleep: impl Fn(Duration)) -> Vec<f64> {
    let mut late = Vec::new();
    while Instant::now() < stop {
        let start = Instant::now();
        sleep(NAP);
        late.push(lateness(start));
    }
    late
}

/// How many milliseconds more than [`NAP`] have passed since `start`.
///
/// ```
/// let late = hueless_measure::lateness(std::time::Instant::now());
/// assert!(late >= -hueless_measure::milliseconds(hueless_measure::NAP));
/// ```
pub fn lateness(start: Instant) -> f64 {
    milliseconds(start.elapsed()) - milliseconds(NAP)
}

/// The figures of all sleepers.
///
/// ```
/// let figures = hueless_measure::summary((0..=100).map(f64::from).collect());
/// assert_eq!(figures.to_string(), "p99_ms=99.00 p50_ms=50.00 max_ms=100.00 wakes=101");
/// ```
///
/// # Panics
/// When nobody has slept.
pub fn summary(mut late: Vec<f64>) -> Figures {
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

/// So many steps of a computation from `x` on.
///
/// ```
/// assert_eq!(hueless_measure::compute(1, 0), 1);
/// ```
#[inline]
pub fn compute(mut x: u64, steps: usize) -> u64 {
    for _ in 0..steps {
        x = x
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
    }
    x
}

/// Computes until `stop`, without a pause: [`LOOK`] steps between two looks at the clock.
///
/// ```
/// hueless_measure::compute_until(std::time::Instant::now());
/// ```
pub fn compute_until(stop: Instant) {
    let mut x = 1;
    loop {
        x = compute(x, LOOK);
        if Instant::now() > stop {
            break;
        }
    }
    black_box(x);
}
