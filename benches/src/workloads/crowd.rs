//! Very many tasks at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless::channel::bounded;
use hueless::{go, sleep, yield_now};

use super::memory::Memory;
use super::{Figures, WaitGroup, milliseconds, shared};

/// `n` tasks wait on one channel, which is then disconnected: the time until all wait, the time
/// until all have ended, and the memory they took.
pub fn parked(n: usize) -> Figures {
    let before = Memory::of("self");
    let (tx, rx) = bounded::<()>(0);
    let rx = shared(rx);
    let started = shared(AtomicUsize::new(0));
    let group = shared(WaitGroup::new(n));
    let start = Instant::now();
    for _ in 0..n {
        go!(move || {
            // Relaxed: a count.
            started.fetch_add(1, Ordering::Relaxed);
            let _ = rx.recv();
            group.done();
        });
    }
    while started.load(Ordering::Relaxed) != n {
        yield_now();
    }
    sleep(Duration::from_millis(50));
    let up = start.elapsed();
    let each = Memory::of("self").more_each(before, n);
    let start = Instant::now();
    drop(tx);
    group.wait();
    let down = start.elapsed();
    let figures = Figures::milliseconds(up + down)
        .with("up_ms", format!("{:.1}", milliseconds(up)))
        .with("wake_ms", format!("{:.1}", milliseconds(down)));
    each.figures(figures)
}

/// `n` tasks sleep three times, each time for a pseudo-random part of a second.
pub fn sleepers(n: usize) -> Duration {
    let group = shared(WaitGroup::new(n));
    let start = Instant::now();
    for i in 0..n {
        go!(move || {
            let mut x = (i as u32).wrapping_mul(2_654_435_761).wrapping_add(1);
            for _ in 0..3 {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                sleep(Duration::from_millis(u64::from(x % 1000)));
            }
            group.done();
        });
    }
    group.wait();
    start.elapsed()
}
