//! The workloads on plain OS threads: `peer-threads` with what std has, `peer-crossbeam` with
//! crossbeam-channel where channels are what counts.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// Runs the functions, a thread each, and gives the time until the last has ended.
pub fn timed(threads: Vec<Box<dyn FnOnce() + Send>>) -> Duration {
    let start = Instant::now();
    let threads: Vec<_> = threads.into_iter().map(thread::spawn).collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    start.elapsed()
}

/// Two threads send a number to and fro, `n` times; each has a way to send and one to receive.
pub fn ping_pong(
    n: usize,
    ping: impl Fn(usize) + Send + 'static,
    pinged: impl Fn() -> usize + Send + 'static,
    pong: impl Fn(usize) + Send + 'static,
    ponged: impl Fn() -> usize + Send + 'static,
) -> Duration {
    timed(vec![
        Box::new(move || (0..n).for_each(|_| pong(pinged()))),
        Box::new(move || {
            for i in 0..n {
                ping(i);
                ponged();
            }
        }),
    ])
}

/// Each of the senders gets its part of `n` numbers to send, and the receivers add up what comes.
pub fn pass<S, R, I>(
    n: usize,
    senders: Vec<S>,
    receivers: Vec<R>,
    send: fn(&S, usize),
    iterate: fn(R) -> I,
) -> Duration
where
    S: Send + 'static,
    R: Send + 'static,
    I: Iterator<Item = usize> + 'static,
{
    let part = n / senders.len();
    let mut threads: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    for sender in senders {
        threads.push(Box::new(move || (0..part).for_each(|i| send(&sender, i))));
    }
    for receiver in receivers {
        threads.push(Box::new(move || {
            black_box(iterate(receiver).sum::<usize>());
        }));
    }
    timed(threads)
}
