//! One sender, many receivers: `broadcast` gives everyone every message, `watch` the latest value.
//!
//! ```sh
//! cargo run --example broadcast
//! ```
//!
//! Prints what two listeners heard of the news, and the setting that two services ended up with. tokio's
//! `broadcast` and `watch`, Go's closed channels and `sync.Cond`, an observable.

use hueless::channel::{broadcast, watch};
use hueless::{go, task::JoinHandle};

/// Every listener hears all of the news.
fn news(listeners: usize) -> Vec<Vec<&'static str>> {
    let (tx, rx) = broadcast(16); // a listener may be 16 messages behind, then it misses some
    let listen = |_| {
        let rx = rx.clone(); // hears what `rx` has not heard yet
        go!(move || rx.iter().map(|message| message.expect("in time")).collect())
    };
    let tasks: Vec<JoinHandle<Vec<_>>> = (0..listeners).map(listen).collect();
    for message in ["sun", "clouds", "rain"] {
        tx.send(message).unwrap();
    }
    drop(tx);
    tasks.into_iter().map(|task| task.join().unwrap()).collect()
}

/// Every service applies the latest setting, and may miss those between. Returns what each has seen.
fn settings(services: usize) -> Vec<Vec<u32>> {
    let (tx, rx) = watch(0);
    let service = |_| {
        let rx = rx.clone();
        go!(move || rx.iter().collect()) // each that is new by then, until the sender is gone
    };
    let tasks: Vec<JoinHandle<Vec<_>>> = (0..services).map(service).collect();
    for setting in 1..=100 {
        tx.send(setting).unwrap();
    }
    drop(tx);
    tasks.into_iter().map(|task| task.join().unwrap()).collect()
}

fn main() {
    for (n, heard) in news(2).iter().enumerate() {
        println!("listener {n} heard {heard:?}");
    }
    for (n, seen) in settings(2).iter().enumerate() {
        let (count, last) = (seen.len(), seen.last().unwrap());
        println!("service {n} has seen {count} of 100 settings, and ended with {last}");
    }
}

#[test]
fn all_hear_everything_and_know_the_latest() {
    assert_eq!(news(3), vec![vec!["sun", "clouds", "rain"]; 3]);
    for seen in settings(3) {
        assert!(seen.is_sorted() && seen.ends_with(&[100]), "{seen:?}");
    }
    main();
}
