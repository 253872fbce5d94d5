//! Messages over `std::sync::mpsc`. What several consumers share is behind a mutex, for std's channels
//! have one consumer.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{iter, thread};

use peer_threads::{pass, ping_pong};

/// Children of a node of the tree.
const BRANCHES: usize = 10;

pub(crate) fn rendezvous(n: usize) -> Duration {
    let (ping, pinged) = sync_channel(0);
    let (pong, ponged) = sync_channel(0);
    ping_pong(
        n,
        move |i| ping.send(i).unwrap(),
        move || pinged.recv().unwrap(),
        move |i| pong.send(i).unwrap(),
        move || ponged.recv().unwrap(),
    )
}

pub(crate) fn chan(n: usize, producers: usize, consumers: usize, capacity: usize) -> Duration {
    let (tx, rx) = sync_channel(capacity);
    let senders = vec![tx; producers];
    let send = |tx: &SyncSender<usize>, i| tx.send(i).unwrap();
    if consumers == 1 {
        return pass(n, senders, vec![rx], send, Receiver::into_iter);
    }
    let rx = Arc::new(Mutex::new(rx));
    let shared = vec![rx; consumers];
    pass(n, senders, shared, send, |rx| {
        iter::from_fn(move || rx.lock().unwrap().recv().ok())
    })
}

/// A tree of threads with `leaves` leaves, a power of ten, that adds the leaves' numbers up.
pub(crate) fn skynet(leaves: usize) -> Duration {
    let start = Instant::now();
    let (tx, rx) = sync_channel(0);
    thread::spawn(move || node(&tx, 0, leaves));
    let sum = rx.recv().unwrap();
    let time = start.elapsed();
    assert_eq!(sum, leaves * (leaves - 1) / 2);
    time
}

/// Sends the sum of the numbers from `first` on, `size` of them.
fn node(parent: &SyncSender<usize>, first: usize, size: usize) {
    if size == 1 {
        parent.send(first).unwrap();
        return;
    }
    let (tx, rx) = sync_channel(0);
    for i in 0..BRANCHES {
        let tx = tx.clone();
        let part = size / BRANCHES;
        thread::spawn(move || node(&tx, first + i * part, part));
    }
    let sum = (0..BRANCHES).map(|_| rx.recv().unwrap()).sum();
    parent.send(sum).unwrap();
}
