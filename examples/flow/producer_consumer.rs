//! Producer and consumer: a queue with little room makes the fast one wait for the slow one.
//!
//! ```sh
//! cargo run --example producer_consumer
//! ```
//!
//! Prints how far the producer got ahead of the consumer: a few items, however many there are.
//! Elsewhere: Go's `make(chan T, 4)`, std's `mpsc::sync_channel`, Java's `BlockingQueue`, Python's
//! `asyncio.Queue(maxsize=4)`.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use hueless::{channel::bounded, scope, yield_now};

/// So many items may lie in the queue.
const ROOM: usize = 4;

/// Passes on `items` items. Returns their sum, and the most that were made but not yet used up.
fn pass_on(items: u64) -> (u64, usize) {
    let (tx, rx) = bounded(ROOM);
    let stock = &AtomicUsize::new(0); // Relaxed: a number, which orders nothing else

    scope(|s| {
        let producer = s.spawn(move || {
            let mut most = 0;
            for item in 1..=items {
                most = most.max(stock.fetch_add(1, Relaxed) + 1);
                tx.send(item).unwrap(); // waits while the queue is full
            }
            most // the sender is dropped here, which ends the consumer's loop
        });
        let consumer = s.spawn(move || {
            let mut sum = 0;
            for item in rx {
                yield_now(); // the slow part
                sum += item;
                stock.fetch_sub(1, Relaxed);
            }
            sum
        });
        (consumer.join().unwrap(), producer.join().unwrap())
    })
}

fn main() {
    let (sum, most) = pass_on(10_000);
    println!("10000 items, sum {sum}; at most {most} of them at a time, {ROOM} in the queue");
}

#[test]
fn the_producer_is_never_far_ahead() {
    let (sum, most) = pass_on(1000);
    assert_eq!(sum, 500_500);
    // One more is in the producer's hands, and one in the consumer's.
    assert!((1..=ROOM + 2).contains(&most), "{most} at a time");
}
