//! A tree of tasks.

use std::time::{Duration, Instant};

use hueless::channel::{Sender, bounded};
use hueless::go;

/// Children of a task.
const BRANCHES: usize = 10;

/// A tree of tasks with `leaves` leaves, a power of ten, that adds the leaves' numbers up.
pub fn skynet(leaves: usize) -> Duration {
    let start = Instant::now();
    let (tx, rx) = bounded(0);
    go!(move || node(&tx, 0, leaves));
    let sum = rx.recv().unwrap();
    let time = start.elapsed();
    assert_eq!(sum, leaves * (leaves - 1) / 2);
    time
}

/// Sends the sum of the numbers from `first` on, `size` of them.
fn node(parent: &Sender<usize>, first: usize, size: usize) {
    if size == 1 {
        parent.send(first).unwrap();
        return;
    }
    let (tx, rx) = bounded(0);
    for i in 0..BRANCHES {
        let tx = tx.clone();
        let part = size / BRANCHES;
        go!(move || node(&tx, first + i * part, part));
    }
    let sum = (0..BRANCHES).map(|_| rx.recv().unwrap()).sum();
    parent.send(sum).unwrap();
}
