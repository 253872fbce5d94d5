//! Messages.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hueless::channel;
use hueless::{go, select};

/// Two tasks send a number to and fro, `n` times, over two rendezvous channels.
pub fn ping_pong(n: usize) -> Duration {
    let (ping, pinged) = channel::bounded(0);
    let (pong, ponged) = channel::bounded(0);
    let start = Instant::now();
    let one = go!(move || {
        for _ in 0..n {
            let value: usize = pinged.recv().unwrap();
            pong.send(value).unwrap();
        }
    });
    let other = go!(move || {
        for i in 0..n {
            ping.send(i).unwrap();
            ponged.recv().unwrap();
        }
    });
    one.join().unwrap();
    other.join().unwrap();
    start.elapsed()
}

/// `producers` tasks send `n` numbers in all to `consumers` tasks, which add them up.
pub fn bounded(n: usize, producers: usize, consumers: usize, capacity: usize) -> Duration {
    let (tx, rx) = channel::bounded::<usize>(capacity);
    let mut handles = Vec::with_capacity(producers + consumers);
    let start = Instant::now();
    for _ in 0..producers {
        let tx = tx.clone();
        handles.push(go!(move || {
            for i in 0..n / producers {
                tx.send(i).unwrap();
            }
        }));
    }
    drop(tx);
    for _ in 0..consumers {
        let rx = rx.clone();
        handles.push(go!(move || {
            black_box(rx.iter().sum::<usize>());
        }));
    }
    for handle in handles {
        handle.join().unwrap();
    }
    start.elapsed()
}

/// One task selects over four rendezvous channels, each of which has a sender.
pub fn select(n: usize) -> Duration {
    let each = n / 4;
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..4).map(|_| channel::bounded::<usize>(0)).unzip();
    let start = Instant::now();
    // They stay until the end: a disconnected channel would be ready for ever.
    for tx in &senders {
        let tx = tx.clone();
        go!(move || {
            for i in 0..each {
                tx.send(i).unwrap();
            }
        });
    }
    let selecting = go!(move || {
        let [a, b, c, d] = &receivers[..] else {
            unreachable!("four channels")
        };
        let mut sum = 0;
        for _ in 0..each * 4 {
            sum += select! {
                recv(a) -> value => value.unwrap(),
                recv(b) -> value => value.unwrap(),
                recv(c) -> value => value.unwrap(),
                recv(d) -> value => value.unwrap(),
            };
        }
        black_box(sum);
    });
    selecting.join().unwrap();
    let time = start.elapsed();
    drop(senders);
    time
}
