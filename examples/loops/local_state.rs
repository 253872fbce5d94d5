//! Variables of a task's own, and values that are in scope while a request is handled.
//!
//! ```sh
//! cargo run --example local_state
//! ```
//!
//! Prints what each request's task counted, and on whose behalf its helpers worked. `thread_local!` for
//! tasks ([`task_local!`](task_local)); Java's `ScopedValue`, Python's `contextvars`, Go's
//! `context.Value`, tokio's `task_local!` ([`scoped_local!`](scoped_local)). A thread-local would mix
//! them up: tasks share the threads.

use std::cell::Cell;

use hueless::task::{scoped_local, task_local};
use hueless::{join, join_all, yield_now};

task_local! {
    /// How many queries this task has made. Begins anew in each task.
    static QUERIES: Cell<u32> = const { Cell::new(0) };
}

scoped_local! {
    /// Who asks. Children of a scope inherit it, so `join` and its like do not lose it.
    static USER: String
}

/// Somewhere deep down: no argument says who asks, or what to count.
fn query(table: &str) -> String {
    yield_now(); // others run on this thread meanwhile, and count too
    QUERIES.set(QUERIES.get() + 1);
    let user = USER.with(|user| user.cloned().unwrap_or_default());
    format!("{table} for {user}")
}

/// Handles a request. Returns what it has read, and how many queries its own task has made.
fn handle(user: &str, queries: u32) -> (String, u32) {
    USER.scope(user.to_owned(), || {
        for _ in 1..queries {
            query("prices");
        }
        // The second one runs in a task of its own, which counts for itself.
        let (orders, mails) = join(|| query("orders"), || query("mails"));
        (format!("{orders}, {mails}"), QUERIES.get())
    })
}

fn main() {
    let requests = [("ann", 1), ("bob", 20), ("cid", 300)];
    for (read, queries) in join_all(requests.map(|(user, n)| move || handle(user, n))) {
        println!("{queries:3} queries, the last ones: {read}");
    }
}

#[test]
fn nobody_counts_for_others() {
    let requests = ["ann", "bob"].map(|user| move || handle(user, 50));
    let expected = ["ann", "bob"].map(|user| (format!("orders for {user}, mails for {user}"), 50));
    assert_eq!(join_all(requests), expected);
    assert_eq!((query("prices"), QUERIES.get()), ("prices for ".into(), 1));
}
