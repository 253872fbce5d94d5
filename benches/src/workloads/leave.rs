//! Leaving a long queue from its middle: how the cost grows with the queue.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless::channel::{Receiver, Sender, bounded, select};
use hueless::{go, yield_now};
use hueless_measure::Figures;

use super::{WaitGroup, shared};

/// The lengths of the queues, with the names of their figures.
const LENGTHS: [(&str, usize); 4] = [
    ("n100", 100),
    ("n1000", 1_000),
    ("n10000", 10_000),
    ("n100000", 100_000),
];

/// Nanoseconds that a task takes to leave the middle of a queue of each length up to `longest`: the
/// least of `leavers`, since a constant is what is claimed and all else only adds to it.
pub fn leave(longest: usize, leavers: usize) -> Figures {
    LENGTHS
        .iter()
        .filter(|(_, length)| *length <= longest)
        .fold(Figures::default(), |figures, (name, length)| {
            figures.with(name, least(*length, leavers).as_nanos())
        })
}

fn least(length: usize, leavers: usize) -> Duration {
    let (s, r) = bounded::<()>(0);
    let r: &'static Receiver<()> = shared(r);
    let waiting = shared(AtomicUsize::new(0));
    let group = shared(WaitGroup::new(length));
    let stay = |count: usize| {
        for _ in 0..count {
            go!(move || {
                waiting.fetch_add(1, Ordering::Relaxed);
                let _ = r.recv();
                group.done();
            });
        }
    };
    let settle = |count: usize| {
        while waiting.load(Ordering::Relaxed) < count {
            yield_now();
        }
        // Those who have begun are on their way into the queue.
        (0..100).for_each(|_| yield_now());
    };
    stay(length / 2);
    settle(length / 2);
    let (told, tell): (Vec<Sender<()>>, Vec<_>) = (0..leavers).map(|_| bounded::<()>(0)).unzip();
    let (gone, is_gone) = bounded::<()>(0);
    for told in tell {
        let gone = gone.clone();
        go!(move || {
            waiting.fetch_add(1, Ordering::Relaxed);
            select! {
                recv(r) -> _ => {}
                recv(told) -> _ => gone.send(()).unwrap_or(()),
            }
        });
    }
    settle(length / 2 + leavers);
    stay(length - length / 2);
    settle(length + leavers);
    let times = told.iter().map(|told| {
        let start = Instant::now();
        told.send(()).unwrap_or(());
        is_gone.recv().unwrap_or(());
        start.elapsed()
    });
    let least = times.min().unwrap_or_default();
    drop(s);
    group.wait();
    least
}
