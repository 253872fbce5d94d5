//! Messages: `may::sync::mpsc` where there is one consumer, `mpmc` where there are several. Both are
//! unbounded; may has no others.

use std::hint::black_box;
use std::time::{Duration, Instant};

use may::go;
use may::sync::{mpmc, mpsc};

use crate::tasks::join;

/// Children of a node of the tree.
const BRANCHES: usize = 10;

/// Two coroutines send a number to and fro, `n` times.
pub(crate) fn ping_pong(n: usize) -> Duration {
    let (ping, pinged) = mpsc::channel::<usize>();
    let (pong, ponged) = mpsc::channel();
    let start = Instant::now();
    let one = go!(move || {
        for _ in 0..n {
            let value = pinged.recv().unwrap();
            pong.send(value).unwrap();
        }
    });
    let other = go!(move || {
        for i in 0..n {
            ping.send(i).unwrap();
            ponged.recv().unwrap();
        }
    });
    join(vec![one, other]);
    start.elapsed()
}

/// `producers` coroutines send `n` numbers in all to one, which adds them up.
pub(crate) fn one_consumer(n: usize, producers: usize) -> Duration {
    let (tx, rx) = mpsc::channel::<usize>();
    let start = Instant::now();
    let mut coroutines = Vec::new();
    for _ in 0..producers {
        let tx = tx.clone();
        coroutines.push(go!(move || {
            for i in 0..n / producers {
                tx.send(i).unwrap();
            }
        }));
    }
    drop(tx);
    coroutines.push(go!(move || {
        black_box(rx.iter().sum::<usize>());
    }));
    join(coroutines);
    start.elapsed()
}

/// The same, to several.
pub(crate) fn consumers(n: usize, producers: usize, consumers: usize) -> Duration {
    let (tx, rx) = mpmc::channel::<usize>();
    let start = Instant::now();
    let mut coroutines = Vec::new();
    for _ in 0..producers {
        let tx = tx.clone();
        coroutines.push(go!(move || {
            for i in 0..n / producers {
                tx.send(i).unwrap();
            }
        }));
    }
    drop(tx);
    for _ in 0..consumers {
        let rx = rx.clone();
        coroutines.push(go!(move || {
            let mut sum = 0;
            while let Ok(value) = rx.recv() {
                sum += value;
            }
            black_box(sum);
        }));
    }
    join(coroutines);
    start.elapsed()
}

/// A tree of coroutines with `leaves` leaves, a power of ten, that adds the leaves' numbers up.
pub(crate) fn skynet(leaves: usize) -> Duration {
    let start = Instant::now();
    let (tx, rx) = mpsc::channel();
    go!(move || node(&tx, 0, leaves));
    let sum = rx.recv().unwrap();
    let time = start.elapsed();
    assert_eq!(sum, leaves * (leaves - 1) / 2);
    time
}

/// Sends the sum of the numbers from `first` on, `size` of them.
fn node(parent: &mpsc::Sender<usize>, first: usize, size: usize) {
    if size == 1 {
        parent.send(first).unwrap();
        return;
    }
    let (tx, rx) = mpsc::channel();
    for i in 0..BRANCHES {
        let tx = tx.clone();
        let part = size / BRANCHES;
        go!(move || node(&tx, first + i * part, part));
    }
    let sum = (0..BRANCHES).map(|_| rx.recv().unwrap()).sum();
    parent.send(sum).unwrap();
}
