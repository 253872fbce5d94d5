//! Fan-out: one source, several receivers; each item goes to exactly one of them, to whoever is free.
//!
//! ```sh
//! cargo run --example fan_out
//! ```
//!
//! Prints how the items were shared out: one receiver is slow, so it gets fewer. In Go: several goroutines
//! that receive from one channel; crossbeam calls such channels mpmc. (For every item to every receiver:
//! the example `broadcast`.)

use std::time::Duration;

use hueless::{channel::bounded, scope, sleep};

/// Shares `items` out among receivers that take so long for each; returns what each of them got.
fn share_out(items: u32, pace: &[Duration]) -> Vec<Vec<u32>> {
    let (tx, rx) = bounded(0);
    scope(|s| {
        let receivers: Vec<_> = pace
            .iter()
            .map(|&pause| {
                let rx = rx.clone();
                s.spawn(move || rx.iter().inspect(|_| sleep(pause)).collect::<Vec<u32>>())
            })
            .collect();
        for item in 0..items {
            tx.send(item).unwrap();
        }
        drop(tx);
        receivers.into_iter().map(|r| r.join().unwrap()).collect()
    })
}

fn main() {
    let pace = [1, 1, 10].map(Duration::from_millis);
    for (pause, got) in pace.iter().zip(share_out(60, &pace)) {
        println!("at {pause:>4.0?} an item: {:2} items", got.len());
    }
}

#[test]
fn each_item_goes_to_one() {
    let shares = share_out(100, &[Duration::ZERO; 4]);
    for share in &shares {
        assert!(share.is_sorted());
    }
    let mut all = shares.concat();
    all.sort();
    assert!(all.into_iter().eq(0..100));
    main();
}
