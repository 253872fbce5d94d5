//! Request numbers in every log line, without passing them along: `scoped_local!`.
//!
//! ```sh
//! cargo run --example request_ids
//! ```
//!
//! Prints the log of two requests that are served at once, each of which asks two services at once.
//! Children of a scope inherit the value, detached tasks do not. Elsewhere: Python's `contextvars`,
//! Go's `context.WithValue`, Java's `ScopedValue`, `tokio::task_local!`.

use std::sync::Mutex;
use std::time::Duration;

use hueless::task::scoped_local;
use hueless::{go, join, join_all, sleep};

scoped_local! {
    /// The number of the request that is being served.
    static REQUEST: u32
}

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Writes a line to the log. Knows of requests what `REQUEST` says, and is called from anywhere.
fn log(text: &str) {
    let line = REQUEST.with(|request| match request {
        Some(number) => format!("[request {number}] {text}"),
        None => format!("[no request] {text}"),
    });
    LINES.lock().unwrap().push(line);
}

/// Asks a service; there is no parameter for the request.
fn ask(service: &str) -> usize {
    log(&format!("asks for {service}"));
    sleep(Duration::from_millis(5)); // meanwhile other requests are served on this thread
    log(&format!("has {service}"));
    service.len()
}

fn serve(number: u32) -> usize {
    REQUEST.scope(number, || {
        let (user, prices) = join(|| ask("user"), || ask("prices")); // children inherit
        go!(|| log("counts visitors")).join().unwrap(); // a detached task is on its own
        user + prices
    })
}

/// Serves two requests at once and returns the log, sorted.
fn serve_two() -> Vec<String> {
    LINES.lock().unwrap().clear();
    join_all([1, 2].map(|number| move || serve(number)));
    let mut lines = LINES.lock().unwrap().clone();
    lines.sort();
    lines
}

fn main() {
    for line in serve_two() {
        println!("{line}");
    }
}

#[test]
fn each_line_knows_its_request() {
    let texts = ["asks for prices", "asks for user", "has prices", "has user"];
    let mut expected = vec!["[no request] counts visitors".to_owned(); 2];
    for number in 1..=2 {
        expected.extend(texts.map(|text| format!("[request {number}] {text}")));
    }
    assert_eq!(serve_two(), expected);
}
