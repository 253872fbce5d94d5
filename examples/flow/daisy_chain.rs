//! A daisy chain: 10,000 tasks in a row, each adds one to what it hears and whispers it on.
//!
//! ```sh
//! cargo run --example daisy_chain
//! ```
//!
//! Prints 10001, and how long it took. Rob Pike shows it in "Go Concurrency Patterns" to say that
//! goroutines are cheap; so are tasks.

use std::time::Instant;

use hueless::{channel::bounded, go};

fn whispers(gophers: u32) -> u32 {
    let (leftmost, mut left) = bounded(0);
    for _ in 0..gophers {
        let (tx, right) = bounded(0);
        go!(move || tx.send(left.recv().unwrap() + 1).unwrap());
        left = right;
    }
    leftmost.send(1).unwrap();
    left.recv().unwrap()
}

fn main() {
    let start = Instant::now();
    println!("{}", whispers(10_000));
    println!("{:.0?}", start.elapsed());
}

#[test]
fn each_adds_one() {
    assert_eq!(whispers(100), 101);
    main();
}
