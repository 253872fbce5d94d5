//! Async code and tasks: two async producers are merged by a channel, an async consumer reads from it.
//!
//! ```sh
//! cargo run --example merge_streams
//! ```
//!
//! Prints the merged items. `futures::stream::select`, tokio's `StreamMap`, Rx's `merge`: here each
//! source gets a task, which runs its future by `block_on`, and the channel merges. Towards async code
//! a receiver has `recv_async` and, with a crate that has the trait's methods such as `futures`,
//! `into_stream`.

use hueless::channel::{Receiver, unbounded};
use hueless::{block_on, go};

/// An async source, as a library may have it: calls back with each item.
async fn count(from: u32, to: u32, mut each: impl AsyncFnMut(u32)) {
    for n in from..to {
        tokio::task::yield_now().await; // something that pends
        each(n).await;
    }
}

/// A channel with what both sources yield, as it comes.
fn merge(ranges: [(u32, u32); 2]) -> Receiver<u32> {
    let (tx, rx) = unbounded();
    for (from, to) in ranges {
        let tx = tx.clone();
        // The future need not be `Send`: it stays in the task, which parks while it is pending.
        go!(move || block_on(count(from, to, async |n| tx.send_async(n).await.unwrap())));
    }
    rx
}

/// An async consumer, for any executor.
async fn consume(items: Receiver<u32>) -> Vec<u32> {
    let mut all = Vec::new();
    while let Ok(item) = items.recv_async().await {
        all.push(item);
    }
    all
}

fn main() {
    // On a tokio runtime, the other world:
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    println!(
        "in tokio:  {:?}",
        tokio.block_on(consume(merge([(0, 5), (10, 15)])))
    );

    // Or here; as plain code it would be `merge(…).iter().collect()`.
    println!(
        "in a task: {:?}",
        block_on(consume(merge([(0, 5), (10, 15)])))
    );
}

#[test]
fn both_arrive_in_order() {
    let all = block_on(consume(merge([(0, 50), (50, 100)])));
    let (low, high): (Vec<_>, Vec<_>) = all.into_iter().partition(|n| *n < 50);
    assert!(low.into_iter().eq(0..50) && high.into_iter().eq(50..100));
    main();
}
