//! Very many coroutines at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_measure::{Crowd, Figures, naps};
use may::coroutine::{sleep, yield_now};
use may::go;
use may::sync::SyncFlag;

use crate::WaitGroup;

/// `n` coroutines wait for one flag, which is then raised.
pub(crate) fn parked(n: usize) -> Figures {
    let gate = Arc::new(SyncFlag::new());
    let started = Arc::new(AtomicUsize::new(0));
    let group = Arc::new(WaitGroup::new(n));
    let gathering = Crowd(n).gather();
    for _ in 0..n {
        let (gate, started, group) = (gate.clone(), started.clone(), group.clone());
        go!(move || {
            // Relaxed: a count.
            started.fetch_add(1, Ordering::Relaxed);
            gate.wait();
            group.done();
        });
    }
    while started.load(Ordering::Relaxed) != n {
        yield_now();
    }
    let settling = gathering.gathered();
    sleep(settling.time());
    let waking = settling.settled();
    gate.fire();
    group.wait();
    waking.ended()
}

/// `n` coroutines sleep three times, each time for a pseudo-random part of a second.
pub(crate) fn sleepers(n: usize) -> Duration {
    let group = Arc::new(WaitGroup::new(n));
    let start = Instant::now();
    for i in 0..n {
        let group = group.clone();
        go!(move || {
            naps(i).for_each(sleep);
            group.done();
        });
    }
    group.wait();
    start.elapsed()
}
