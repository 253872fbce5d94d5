//! Very many tasks at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless::channel::bounded;
use hueless::{go, sleep, yield_now};
use hueless_measure::{Crowd, Figures, naps};

use super::{WaitGroup, shared};

/// `n` tasks wait on one channel, which is then disconnected: the time until all wait, the time
/// until all have ended, and the memory they took.
pub fn parked(n: usize) -> Figures {
    let (tx, rx) = bounded::<()>(0);
    let rx = shared(rx);
    let started = shared(AtomicUsize::new(0));
    let group = shared(WaitGroup::new(n));
    let gathering = Crowd(n).gather();
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
    let settling = gathering.gathered();
    sleep(settling.time());
    let waking = settling.settled();
    drop(tx);
    group.wait();
    waking.ended()
}

/// `n` tasks sleep three times, each time for a pseudo-random part of a second.
pub fn sleepers(n: usize) -> Duration {
    let group = shared(WaitGroup::new(n));
    let start = Instant::now();
    for i in 0..n {
        go!(move || {
            naps(i).for_each(sleep);
            group.done();
        });
    }
    group.wait();
    start.elapsed()
}
