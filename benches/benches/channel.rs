//! Messages: a ping-pong between two tasks, and bounded channels with one and with several tasks at
//! each end. The figure is for one round trip, or one message.
//!
//! tokio has no rendezvous channel, so its ping-pong uses channels with room for one message; nor
//! one with several receivers, so that part uses async-channel.

mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use hueless_benches::workloads;
use tokio::sync::mpsc;

async fn ping_pong(n: usize) -> Duration {
    let (ping, mut pinged) = mpsc::channel::<usize>(1);
    let (pong, mut ponged) = mpsc::channel::<usize>(1);
    let start = Instant::now();
    let one = tokio::spawn(async move {
        for _ in 0..n {
            let value = pinged.recv().await.expect("a ping");
            pong.send(value).await.expect("a receiver");
        }
    });
    let other = tokio::spawn(async move {
        for i in 0..n {
            ping.send(i).await.expect("a receiver");
            ponged.recv().await.expect("a pong");
        }
    });
    one.await.expect("no panic");
    other.await.expect("no panic");
    start.elapsed()
}

async fn one_to_one(n: usize, capacity: usize) -> Duration {
    let (tx, mut rx) = mpsc::channel::<usize>(capacity);
    let start = Instant::now();
    let sending = tokio::spawn(async move {
        for i in 0..n {
            tx.send(i).await.expect("a receiver");
        }
    });
    let receiving = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(value) = rx.recv().await {
            sum += value;
        }
        black_box(sum);
    });
    sending.await.expect("no panic");
    receiving.await.expect("no panic");
    start.elapsed()
}

async fn many_to_many(n: usize, tasks: usize, capacity: usize) -> Duration {
    let (tx, rx) = async_channel::bounded::<usize>(capacity);
    let mut handles = Vec::with_capacity(2 * tasks);
    let start = Instant::now();
    for _ in 0..tasks {
        let (tx, rx) = (tx.clone(), rx.clone());
        handles.push(tokio::spawn(async move {
            for i in 0..n / tasks {
                tx.send(i).await.expect("a receiver");
            }
        }));
        handles.push(tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(value) = rx.recv().await {
                sum += value;
            }
            black_box(sum);
        }));
    }
    drop(tx);
    for handle in handles {
        handle.await.expect("no panic");
    }
    start.elapsed()
}

fn messages(criterion: &mut Criterion) {
    common::compare(criterion, "ping-pong", workloads::ping_pong, ping_pong);
    common::compare(
        criterion,
        "bounded(100)/1 to 1",
        |n| workloads::bounded(n, 1, 1, 100),
        |n| one_to_one(n, 100),
    );
    common::compare(
        criterion,
        "bounded(128)/4 to 4",
        |n| workloads::bounded(n, 4, 4, 128),
        |n| many_to_many(n, 4, 128),
    );
}

criterion_group!(name = benches; config = common::quick(); targets = messages);
criterion_main!(benches);
