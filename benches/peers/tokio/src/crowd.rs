//! Very many tasks at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_measure::{Crowd, Figures, naps};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::WaitGroup;

/// `n` tasks wait for one semaphore, which is then closed.
pub(crate) async fn parked(n: usize) -> Figures {
    let gate = Arc::new(Semaphore::new(0));
    let started = Arc::new(AtomicUsize::new(0));
    let group = Arc::new(WaitGroup::new(n));
    let gathering = Crowd(n).gather();
    for _ in 0..n {
        let (gate, started, group) = (gate.clone(), started.clone(), group.clone());
        tokio::spawn(async move {
            // Relaxed: a count.
            started.fetch_add(1, Ordering::Relaxed);
            let _ = gate.acquire().await;
            group.done();
        });
    }
    while started.load(Ordering::Relaxed) != n {
        yield_now().await;
    }
    let settling = gathering.gathered();
    sleep(settling.time()).await;
    let waking = settling.settled();
    gate.close();
    group.wait().await;
    waking.ended()
}

/// `n` tasks sleep three times, each time for a pseudo-random part of a second.
pub(crate) async fn sleepers(n: usize) -> Duration {
    let group = Arc::new(WaitGroup::new(n));
    let start = Instant::now();
    for i in 0..n {
        let group = group.clone();
        tokio::spawn(async move {
            for nap in naps(i) {
                sleep(nap).await;
            }
            group.done();
        });
    }
    group.wait().await;
    start.elapsed()
}
