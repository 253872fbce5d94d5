//! Fan-in: many senders, one receiver.
//!
//! ```sh
//! cargo run --example fan_in
//! ```
//!
//! Prints the messages as they come, each source's in its order, and the sources interleaved. In Go:
//! several goroutines that send on one channel. A sender is cloned for each source; when the last clone
//! is dropped, the receiver's loop ends.

use hueless::channel::{Receiver, bounded};
use hueless::{go, yield_now};

/// Starts a task for each name, which sends `count` messages on the one channel.
fn merge(names: &[&'static str], count: u32) -> Receiver<(&'static str, u32)> {
    let (tx, rx) = bounded(0);
    for &name in names {
        let tx = tx.clone();
        go!(name = name, move || {
            for n in 1..=count {
                tx.send((name, n)).unwrap();
                yield_now();
            }
        });
    }
    rx // `tx` itself ends here: only the tasks' clones keep the channel open
}

fn main() {
    for (name, n) in merge(&["ann", "bob", "cid"], 3) {
        println!("{name}: {n}");
    }
}

#[test]
fn each_source_comes_in_order() {
    let all: Vec<_> = merge(&["ann", "bob"], 100).into_iter().collect();
    assert_eq!(all.len(), 200);
    for who in ["ann", "bob"] {
        let numbers = all.iter().filter(|(name, _)| *name == who).map(|(_, n)| *n);
        assert!(numbers.eq(1..=100), "{who}");
    }
    main();
}
