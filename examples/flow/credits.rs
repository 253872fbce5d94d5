//! Credits: the receiver says how many items it is ready for, the sender sends no more than that.
//!
//! ```sh
//! cargo run --example credits
//! ```
//!
//! Prints each grant and what came for it. Back-pressure as in reactive streams (`request(n)`), HTTP/2's
//! windows, AMQP's prefetch; here a [`Semaphore`] holds the credit.

use hueless::channel::{Receiver, unbounded};
use hueless::{go, sync::Semaphore};
use std::sync::Arc;

/// Sends the numbers from 1 on, one for each credit, until nobody listens any more.
fn publisher(credit: Arc<Semaphore>) -> Receiver<u32> {
    // Without a bound: the credit alone limits what lies in it.
    let (tx, rx) = unbounded();
    go!(name = "publisher", move || {
        for item in 1.. {
            credit.acquire().forget(); // used up; dropped, it would go back
            if tx.send(item).is_err() {
                break;
            }
        }
    });
    rx
}

/// Asks for `grants[0]` items, takes them, asks for `grants[1]`, and so on.
fn subscribe(grants: &[usize]) -> Vec<Vec<u32>> {
    let credit = Arc::new(Semaphore::new(0));
    let items = publisher(credit.clone());
    let received = grants
        .iter()
        .map(|&n| {
            credit.add_permits(n);
            let batch = items.iter().take(n).collect();
            assert!(items.is_empty(), "something came without a credit");
            batch
        })
        .collect();
    drop(items);
    credit.add_permits(1); // so that the publisher finds out
    received
}

fn main() {
    let grants = [3, 1, 5];
    for (n, batch) in grants.iter().zip(subscribe(&grants)) {
        println!("credit for {n}: {batch:?}");
    }
}

#[test]
fn nothing_comes_without_credit() {
    let received = subscribe(&[2, 1, 3]);
    assert_eq!(received, [vec![1, 2], vec![3], vec![4, 5, 6]]);
    main();
}
