//! Messages: `tokio::sync::mpsc` where there is one consumer, async-channel where there are several.
//! Neither has channels without capacity: where the others rendezvous, it is 1.

use std::hint::black_box;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Sender, channel};

use crate::tasks::join;

/// Children of a node of the tree.
const BRANCHES: usize = 10;

/// Two tasks send a number to and fro, `n` times.
pub(crate) async fn ping_pong(n: usize) -> Duration {
    let (ping, mut pinged) = channel(1);
    let (pong, mut ponged) = channel(1);
    let start = Instant::now();
    let one = tokio::spawn(async move {
        for _ in 0..n {
            let value: usize = pinged.recv().await.unwrap();
            pong.send(value).await.unwrap();
        }
    });
    let other = tokio::spawn(async move {
        for i in 0..n {
            ping.send(i).await.unwrap();
            ponged.recv().await.unwrap();
        }
    });
    join(vec![one, other]).await;
    start.elapsed()
}

/// `producers` tasks send `n` numbers in all to one task, which adds them up.
pub(crate) async fn one_consumer(n: usize, producers: usize, capacity: usize) -> Duration {
    let (tx, mut rx) = channel::<usize>(capacity);
    let start = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..producers {
        let tx = tx.clone();
        tasks.push(tokio::spawn(async move {
            for i in 0..n / producers {
                tx.send(i).await.unwrap();
            }
        }));
    }
    drop(tx);
    tasks.push(tokio::spawn(async move {
        let mut sum = 0;
        while let Some(value) = rx.recv().await {
            sum += value;
        }
        black_box(sum);
    }));
    join(tasks).await;
    start.elapsed()
}

/// The same, to several tasks.
pub(crate) async fn consumers(
    n: usize,
    producers: usize,
    consumers: usize,
    capacity: usize,
) -> Duration {
    let (tx, rx) = async_channel::bounded::<usize>(capacity);
    let start = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..producers {
        let tx = tx.clone();
        tasks.push(tokio::spawn(async move {
            for i in 0..n / producers {
                tx.send(i).await.unwrap();
            }
        }));
    }
    drop(tx);
    for _ in 0..consumers {
        let rx = rx.clone();
        tasks.push(tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(value) = rx.recv().await {
                sum += value;
            }
            black_box(sum);
        }));
    }
    join(tasks).await;
    start.elapsed()
}

/// A tree of tasks with `leaves` leaves, a power of ten, that adds the leaves' numbers up.
pub(crate) async fn skynet(leaves: usize) -> Duration {
    let start = Instant::now();
    let (tx, mut rx) = channel(1);
    tokio::spawn(node(tx, 0, leaves));
    let sum = rx.recv().await.unwrap();
    let time = start.elapsed();
    assert_eq!(sum, leaves * (leaves - 1) / 2);
    time
}

/// Sends the sum of the numbers from `first` on, `size` of them. In a box, since it contains itself.
fn node(
    parent: Sender<usize>,
    first: usize,
    size: usize,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if size == 1 {
            parent.send(first).await.unwrap();
            return;
        }
        let (tx, mut rx) = channel(1);
        for i in 0..BRANCHES {
            let part = size / BRANCHES;
            tokio::spawn(node(tx.clone(), first + i * part, part));
        }
        let mut sum = 0;
        for _ in 0..BRANCHES {
            sum += rx.recv().await.unwrap();
        }
        parent.send(sum).await.unwrap();
    })
}

/// One task selects over four channels, each of which has a sender.
pub(crate) async fn select(n: usize) -> Duration {
    let each = n / 4;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| channel::<usize>(1)).unzip();
    let start = Instant::now();
    for tx in senders {
        tokio::spawn(async move {
            for i in 0..each {
                tx.send(i).await.unwrap();
            }
        });
    }
    let selecting = tokio::spawn(async move {
        let [mut a, mut b, mut c, mut d] = <[_; 4]>::try_from(receivers).expect("four channels");
        let mut sum = 0;
        for _ in 0..each * 4 {
            // Those that have ended are disabled: they give nothing.
            sum += tokio::select! {
                Some(value) = a.recv() => value,
                Some(value) = b.recv() => value,
                Some(value) = c.recv() => value,
                Some(value) = d.recv() => value,
            };
        }
        black_box(sum);
    });
    selecting.await.unwrap();
    start.elapsed()
}
