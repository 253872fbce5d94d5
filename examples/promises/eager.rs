//! Eager promises: `go!` starts the work at once, its handle is the promise of the result.
//!
//! ```sh
//! cargo run --example eager
//! ```
//!
//! Prints a result that was there before somebody asked, one that took too long, and one that failed;
//! its panic on stderr is meant to be.
//!
//! JavaScript's `Promise`, Java's `CompletableFuture.supplyAsync`, `std::async(launch::async)`, C#'s
//! `Task.Run`. A future of Rust's does nothing until it is polled: that is the example `lazy`.

use std::time::Duration;

use hueless::channel::{Receiver, bounded};
use hueless::go;
use hueless::task::JoinHandle;

/// Starts to work out `n` factorial. Nobody has to wait for it.
fn factorial(n: u64) -> JoinHandle<u64> {
    go!(move || (1..=n).product())
}

/// Promises what somebody will send.
fn from_channel(rx: Receiver<u64>) -> JoinHandle<u64> {
    go!(move || rx.recv().expect("a sender that keeps its word"))
}

fn main() {
    // Both run while this thread does something else.
    let (five, ten) = (factorial(5), factorial(10));
    println!(
        "then:     {} and {}",
        five.join().unwrap(),
        ten.join().unwrap()
    );

    // `.then(f)` is a task that waits for another.
    let twelve = factorial(4);
    let half = go!(move || twelve.join().unwrap() / 2);
    println!("chained:  {}", half.join().unwrap());

    // A handle that was asked too early can be asked again.
    let (tx, rx) = bounded(0);
    let handle = match from_channel(rx).join_timeout(Duration::from_millis(10)) {
        Err(handle) => handle,
        Ok(result) => panic!("{result:?} from nowhere"),
    };
    println!("pending:  {}", !handle.is_finished());
    tx.send(7).unwrap();
    println!("resolved: {}", handle.join().unwrap());

    // A panic is the rejection.
    let (tx, rx) = bounded(0);
    drop(tx);
    println!("rejected: {}", from_channel(rx).join().unwrap_err());
}

#[test]
fn runs_though_nobody_asks() {
    let promise = factorial(5);
    while !promise.is_finished() {
        hueless::yield_now();
    }
    assert_eq!(promise.join().unwrap(), 120);

    let (tx, rx) = bounded(0);
    drop(tx);
    assert!(from_channel(rx).join().unwrap_err().is_panic());
    main();
}
