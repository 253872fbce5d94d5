//! Retrying: with a time limit for each attempt, and pauses that double (exponential backoff).
//!
//! ```sh
//! cargo run --example retry
//! ```
//!
//! Prints why each attempt failed, and the result of the one that did not. `backoff`, `tokio-retry`,
//! Go's `context.WithTimeout` in a loop. [`timeout`] limits any code: where that blocks when the time
//! is up it unwinds, and its destructors run, so nothing is passed along and nothing is left behind.

use std::io::{self, ErrorKind};
use std::time::Duration;

use hueless::{run, sleep, timeout};

/// Calls `f` with the number of the attempt, until it succeeds, `attempts` times at most, each within
/// `limit`.
///
/// Returns the last attempt's result. Where many clients could fail at the same moment, the pauses
/// should be random.
fn retry<T>(
    attempts: u32,
    limit: Duration,
    mut f: impl FnMut(u32) -> io::Result<T>,
) -> io::Result<T> {
    let mut pause = Duration::from_millis(5);
    let mut attempt = 1;
    loop {
        let result = timeout(limit, || f(attempt)).unwrap_or_else(|elapsed| Err(elapsed.into()));
        match result {
            Err(error) if attempt < attempts => println!("attempt {attempt}: {error}"),
            last => return last,
        }
        sleep(pause);
        pause *= 2;
        attempt += 1;
    }
}

/// A server that is down at first, then hangs, then answers.
fn fetch(attempt: u32) -> io::Result<&'static str> {
    match attempt {
        1 => Err(ErrorKind::ConnectionRefused.into()),
        2 => {
            sleep(Duration::MAX);
            unreachable!("the limit comes first")
        }
        _ => Ok("200 OK"),
    }
}

fn main() {
    run(|| {
        let limit = Duration::from_millis(100);
        println!("attempts: 5 at most");
        println!("result:    {:?}", retry(5, limit, fetch));
        println!("attempts: 2 at most");
        println!("result:    {}", retry(2, limit, fetch).unwrap_err());
    });
}

#[test]
fn the_third_attempt_succeeds() {
    let limit = Duration::from_millis(20);
    assert_eq!(retry(5, limit, fetch).unwrap(), "200 OK");
    let error = retry(2, limit, fetch).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}
