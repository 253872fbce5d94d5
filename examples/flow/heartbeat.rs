//! A heartbeat: a worker says every few milliseconds that it is alive, also while it has nothing to do.
//!
//! ```sh
//! cargo run --example heartbeat
//! ```
//!
//! Prints what the supervisor hears then: a result, the end, nothing more from a worker that hangs. Go's
//! `time.Ticker` in a `select` with a `quit` channel.

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
                recv(pulse) -> _ => drop(signs.send(Sign::Pulse)), // heard or not
                recv(jobs) -> job => match job {
                    Ok(0) => sleep(Duration::MAX),
                    Ok(n) => drop(signs.send(Sign::Result(2 * n))),
                    Err(_) => break,
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
fn supervise(job: Option<u32>) -> Sign {
    let ((jobs, todo), (alive, quit)) = (bounded(0), bounded(0));
    let signs = worker(todo, quit);
    for _ in 0..2 {
        assert_eq!(next(&signs), Sign::Pulse);
    }
    match job {
        Some(job) => jobs.send(job).unwrap(),
        None => drop(alive), // that disconnects `quit`
    }
    let mut heard = std::iter::repeat_with(|| next(&signs));
    heard.find(|sign| *sign != Sign::Pulse).unwrap()
}

fn main() {
    for (what, job) in [("a job", Some(21)), ("quit", None), ("a bug", Some(0))] {
        println!("two pulses, {what:5}: {:?}", supervise(job));
    }
}

#[test]
fn the_supervisor_knows() {
    assert_eq!(supervise(Some(4)), Sign::Result(8));
    assert_eq!(supervise(None), Sign::Ended);
    assert_eq!(supervise(Some(0)), Sign::Hangs);
}
