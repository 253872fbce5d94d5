//! A rate limiter: a token bucket, which allows a burst and then so many a second.
//!
//! ```sh
//! cargo run --example rate_limiter
//! ```
//!
//! Prints when each request was let through: three at once, the others 20 ms apart. Go's
//! `golang.org/x/time/rate`, Guava's `RateLimiter`, nginx's `limit_req`.

use std::time::{Duration, Instant};

use hueless::channel::{Receiver, bounded, select, tick};
use hueless::go;

/// A bucket of `burst` tokens, full at first, to which one is added each `period` if there is room.
///
/// To receive is to take a token: `recv` waits for one, `try_recv` tells at once, `select!` does both with
/// other things. Once the receivers are gone, the task that fills it ends.
fn token_bucket(burst: usize, period: Duration) -> Receiver<()> {
    let (fill, tokens) = bounded(burst);
    for _ in 0..burst {
        fill.send(()).unwrap();
    }
    let ticks = tick(period);
    go!(name = "bucket", move || loop {
        ticks.recv().unwrap();
        // `try_send`, so a token that finds the bucket full is lost.
        if let Err(error) = fill.try_send(())
            && error.is_disconnected()
        {
            break;
        }
    });
    tokens
}

/// When each of `requests` requests was let through, from the begin on.
fn serve(requests: usize, burst: usize, period: Duration) -> Vec<Duration> {
    let start = Instant::now();
    let tokens = token_bucket(burst, period);
    tokens
        .iter()
        .take(requests)
        .map(|()| start.elapsed())
        .collect()
}

fn main() {
    for (n, at) in serve(8, 3, Duration::from_millis(20)).iter().enumerate() {
        println!("request {n} after {:3} ms", at.as_millis());
    }
    // Who would rather refuse than wait:
    let tokens = token_bucket(1, Duration::from_secs(60));
    for n in 0..2 {
        select! {
            recv(tokens) -> _ => println!("request {n}: 200 OK"),
            default => println!("request {n}: 429 Too Many Requests"),
        }
    }
}

#[test]
fn after_the_burst_it_takes_its_time() {
    let period = Duration::from_millis(5);
    let through = serve(8, 3, period);
    for (n, at) in through.iter().enumerate() {
        // Not sooner, that is: on a busy machine it may be later.
        assert!(*at >= period * n.saturating_sub(2) as u32, "{through:?}");
    }
    let tokens = token_bucket(2, Duration::from_secs(60));
    assert_eq!(tokens.try_iter().count(), 2, "the burst, and no more");
    main();
}
