//! The channels of crossbeam-channel between OS threads.

use std::hint::black_box;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};
use hueless_measure::{Figures, program};
use peer_threads::{pass, ping_pong};

fn main() -> ExitCode {
    let help = "Usage: peer-crossbeam pingpong|chan|select NUMBERS...\n";
    program("peer-crossbeam", help, |name, numbers| {
        let n = numbers.needed(0)?;
        let time = match name {
            "pingpong" => rendezvous(n),
            "chan" => chan(n, numbers.needed(1)?, numbers.needed(2)?, numbers.get(3, 0)),
            "select" => select(n),
            _ => return Err(format!("no workload is called {name:?}")),
        };
        Ok(Figures::each(n, time))
    })
}

fn rendezvous(n: usize) -> Duration {
    let (ping, pinged) = bounded(0);
    let (pong, ponged) = bounded(0);
    ping_pong(
        n,
        move |i| ping.send(i).unwrap(),
        move || pinged.recv().unwrap(),
        move |i| pong.send(i).unwrap(),
        move || ponged.recv().unwrap(),
    )
}

fn chan(n: usize, producers: usize, consumers: usize, capacity: usize) -> Duration {
    let (tx, rx) = bounded(capacity);
    let senders: Vec<Sender<usize>> = vec![tx; producers];
    let receivers: Vec<Receiver<usize>> = vec![rx; consumers];
    let send = |tx: &Sender<_>, i| tx.send(i).unwrap();
    pass(n, senders, receivers, send, Receiver::into_iter)
}

/// One thread selects over four rendezvous channels, each of which has a sender.
fn select(n: usize) -> Duration {
    let each = n / 4;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| bounded::<usize>(0)).unzip();
    let start = Instant::now();
    // They stay until the end: a disconnected channel would be ready for ever.
    for tx in &senders {
        let tx = tx.clone();
        thread::spawn(move || (0..each).for_each(|i| tx.send(i).unwrap()));
    }
    let selecting = thread::spawn(move || {
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
