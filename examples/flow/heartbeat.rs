//! A heartbeat: a worker says every few milliseconds that it is alive, also while it has nothing to do.
//!
//! ```sh
//! cargo run --example heartbeat
//! ```
//!
//! Prints what the supervisor hears after two pulses: a result, the end, the silence of a worker that hangs.
//! Go's `time.Ticker` in a `select` with a `quit` channel.

use std::time::Duration;

use hueless::channel::{Receiver, bounded, tick, unbounded};
use hueless::{go, select, sleep};

#[derive(Debug, PartialEq)]
enum Sign {
    Pulse,
    Result(u32),
    Hangs,
    Ended,
}

/// Doubles numbers and beats, until `quit` is disconnected. With a 0 it hangs.
fn worker(jobs: Receiver<u32>, quit: Receiver<()>) -> Receiver<Sign> {
    let (signs, rx) = unbounded();
    go!(name = "worker", move || {
        let pulse = tick(Duration::from_millis(5));
        loop {
            select! {
                recv(pulse) -> _ => signs.send(Sign::Pulse).unwrap(),
                recv(jobs) -> job => match job.unwrap() {
                    0 => sleep(Duration::MAX),
                    n => signs.send(Sign::Result(2 * n)).unwrap(),
                },
                recv(quit) -> _ => break,
            }
        }
    });
    rx
}

/// The next sign of life. The time-out is far longer than the pause between two pulses.
fn next(signs: &Receiver<Sign>) -> Sign {
    match signs.recv_timeout(Duration::from_millis(500)) {
        Ok(sign) => sign,
        Err(error) if error.is_timeout() => Sign::Hangs,
        Err(_) => Sign::Ended,
    }
}

/// Hears two pulses, sends `job` or quits, and hears until something else comes than pulses.
fn supervise(job: Option<u32>) -> (u32, Sign) {
    let ((jobs, todo), (alive, quit)) = (bounded(0), bounded(0));
    let signs = worker(todo, quit);
    for _ in 0..2 {
        assert_eq!(next(&signs), Sign::Pulse);
    }
    match job {
        Some(job) => jobs.send(job).unwrap(),
        None => drop(alive), // that disconnects `quit`
    }
    let mut pulses = 2;
    loop {
        match next(&signs) {
            Sign::Pulse => pulses += 1,
            other => return (pulses, other),
        }
    }
}

fn main() {
    for (what, job) in [("a job", Some(21)), ("no job", None), ("a bug", Some(0))] {
        let (pulses, sign) = supervise(job);
        println!("{what:6}: {sign:?} after {pulses} pulses");
    }
}

#[test]
fn the_supervisor_knows() {
    assert_eq!(supervise(Some(4)).1, Sign::Result(8));
    assert_eq!(supervise(None).1, Sign::Ended);
    assert_eq!(supervise(Some(0)).1, Sign::Hangs);
}
