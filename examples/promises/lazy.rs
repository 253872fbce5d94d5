//! Lazy promises: the work is done when somebody first asks, once, for all who ask.
//!
//! ```sh
//! cargo run --example lazy
//! ```
//!
//! Prints that many asked and the work was done once. Haskell's thunks, Kotlin's `by lazy`, C++'s
//! `launch::deferred`, Go's `sync.OnceValue`, Rust's futures (which nobody shares). While one task does
//! the work the others wait for it, and their workers run other tasks meanwhile.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use hueless::sync::{LazyLock, OnceLock};
use hueless::{join_all, sleep};

/// How often the work was done. Relaxed: it is read after the tasks have been joined.
static LOADED: AtomicU32 = AtomicU32::new(0);

fn load() -> Vec<&'static str> {
    sleep(Duration::from_millis(10)); // it may block: not the worker, but who asks
    LOADED.fetch_add(1, Relaxed);
    vec!["en", "eo", "de"]
}

/// Where the work is known beforehand.
static LANGUAGES: LazyLock<Vec<&'static str>> = LazyLock::new(load);

/// Asks from many tasks at once; returns the sum of what they got.
fn ask_all(askers: usize) -> usize {
    join_all((0..askers).map(|_| || LANGUAGES.len()))
        .iter()
        .sum()
}

/// Where the first to ask brings the work along.
fn greeting(of: &OnceLock<String>, name: &str) -> String {
    of.get_or_init(|| format!("hello {name}")).clone()
}

fn main() {
    println!("nobody has asked: loaded {} times", LOADED.load(Relaxed));
    let sum = ask_all(1000);
    println!(
        "1000 have asked:  loaded {} times, they saw {sum} languages",
        LOADED.load(Relaxed)
    );

    let once = OnceLock::new();
    println!("{}, {}", greeting(&once, "ann"), greeting(&once, "bob"));
}

#[test]
fn done_once_and_on_demand() {
    assert_eq!(LOADED.load(Relaxed), 0);
    assert_eq!(ask_all(100), 300);
    assert_eq!(LOADED.load(Relaxed), 1);
    main();
}
