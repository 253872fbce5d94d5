//! Graceful shutdown: on Ctrl-C take nothing new, let what has begun end, and cancel what takes too long.
//!
//! ```sh
//! cargo run --example graceful_shutdown
//! ```
//!
//! Prints how many requests were answered and how many cut off. Press Ctrl-C, or wait for a second. Go's
//! `signal.NotifyContext` with `http.Server.Shutdown`, tokio's `CancellationToken` with a `TaskTracker`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use hueless::channel::{Receiver, after, bounded, tick};
use hueless::{cancel::CancelToken, sync::WaitGroup};
use hueless::{go, select, select_biased, signal, sleep};

/// Answers a request. The tenth never gets its data.
fn handle(request: u32) -> u32 {
    match request {
        10 => sleep(Duration::MAX),
        _ => sleep(Duration::from_millis(5)),
    }
    request * request
}

/// Answers requests until `stop` is disconnected; those that have begun then have `grace` to end.
/// Returns how many were answered, and how many cut off.
fn serve(requests: Receiver<u32>, stop: &Receiver<()>, grace: Duration) -> (u32, u32) {
    let (cut, handlers) = (CancelToken::new(), WaitGroup::new());
    // Answered, cut off. Relaxed: they are read when all handlers are done.
    let counts = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    loop {
        // Biased: a request that is there already comes after the stop.
        let request = select_biased! {
            recv(stop) -> _ => None,
            recv(requests) -> request => request.ok(),
        };
        let Some(request) = request else { break };
        let (cut, counts) = (cut.clone(), counts.clone());
        handlers.go(move || {
            let answer = cut.run(|| handle(request));
            counts[usize::from(answer.is_err())].fetch_add(1, Relaxed);
        });
    }
    drop(requests); // who sends now gets an error
    if !handlers.wait_timeout(grace) {
        cut.cancel(); // who is left unwinds where it waits
        handlers.wait();
    }
    (counts[0].load(Relaxed), counts[1].load(Relaxed))
}

fn main() -> std::io::Result<()> {
    let ctrl_c = signal::ctrl_c()?;
    let (running, stop) = bounded(0);
    go!(move || {
        select! {
            recv(ctrl_c) -> _ => println!("Ctrl-C"),
            recv(after(Duration::from_secs(1))) -> _ => println!("closing time"),
        }
        drop(running);
    });
    let (client, requests) = bounded(0);
    let ticks = tick(Duration::from_millis(10));
    go!(move || (1..).zip(ticks).all(|(n, _)| client.send(n).is_ok()));
    let (answered, cut_off) = serve(requests, &stop, Duration::from_millis(200));
    println!("{answered} requests answered, {cut_off} cut off");
    Ok(())
}

#[test]
fn what_has_begun_ends_and_what_hangs_is_cut_off() {
    let ((running, stop), (client, requests)) = (bounded(0), bounded(0));
    let server = go!(move || serve(requests, &stop, Duration::from_millis(500)));
    (1..=20).for_each(|n| client.send(n).unwrap());
    drop(running);
    assert_eq!(server.join().unwrap(), (19, 1));
    assert!(client.send(21).is_err());
    // Nothing new: what has come, but was not taken before the stop, is not.
    for _ in 0..20 {
        let (client, requests) = bounded(1);
        let (_, stop) = bounded(0);
        client.send(1).unwrap();
        assert_eq!(serve(requests, &stop, Duration::MAX), (0, 0));
    }
}
