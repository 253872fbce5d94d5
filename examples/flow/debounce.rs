//! Debouncing: of events that come in bursts only the last counts, once it has been quiet for a while.
//!
//! ```sh
//! cargo run --example debounce
//! ```
//!
//! Prints one search for each word, not for each letter. JavaScript's `debounce`, Rx's `debounceTime`;
//! in Go a `time.Timer` that is reset: here each turn of the loop makes a new [`after`], which
//! leaves nothing behind when it is dropped.

use std::time::Duration;

use hueless::channel::{Receiver, after, never, unbounded};
use hueless::{go, select_biased};

/// Passes on the last event before each silence of `quiet`, and before the end.
fn debounce<T: Send + 'static>(events: Receiver<T>, quiet: Duration) -> Receiver<T> {
    let (tx, rx) = unbounded();
    go!(name = "debounce", move || {
        let mut last = None;
        loop {
            let silence = if last.is_some() {
                after(quiet)
            } else {
                never()
            };
            // Biased: an event that is there already counts before the silence.
            let done = select_biased! {
                recv(events) -> event => match event {
                    Ok(event) => { last = Some(event); continue }
                    Err(_) => true,
                },
                recv(silence) -> _ => false,
            };
            let sent = last.take().is_none_or(|event| tx.send(event).is_ok());
            if done || !sent {
                break;
            }
        }
    });
    rx
}

/// Types the words letter by letter, each once the one before has been searched for.
fn search(words: &[&str], quiet: Duration) -> Vec<String> {
    let (keys, typed) = unbounded();
    let searches = debounce(typed, quiet);
    let results = words.iter().map(|word| {
        for end in 1..=word.len() {
            keys.send(word[..end].to_owned()).unwrap();
        }
        searches.recv().unwrap()
    });
    results.collect()
}

fn main() {
    for found in search(&["rust", "green", "threads"], Duration::from_millis(50)) {
        println!("search for {found:?}");
    }
}

#[test]
fn one_event_for_each_burst() {
    // With one worker nobody hears of the first letter before the last one is typed.
    let runtime = hueless::runtime::Builder::new().workers(1).build().unwrap();
    let found = runtime.run(|| search(&["one", "two"], Duration::from_millis(20)));
    assert_eq!(found, ["one", "two"]);

    let (tx, rx) = unbounded();
    (0..10).for_each(|n| tx.send(n).unwrap());
    drop(tx);
    let last = debounce(rx, Duration::from_secs(60));
    assert!(last.into_iter().eq([9]), "the end comes before the silence");
}
