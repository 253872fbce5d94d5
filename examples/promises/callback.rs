//! From callbacks to plain code: a promise that a callback on a foreign thread completes.
//!
//! ```sh
//! cargo run --example callback
//! ```
//!
//! Prints the answers. JavaScript's `new Promise((resolve, reject) => …)`, Java's
//! `CompletableFuture.complete`, tokio's `oneshot`, Kotlin's `suspendCoroutine`. Channels and locks
//! work between OS threads and tasks as between tasks, so the callback needs to know nothing of tasks.

use std::sync::Arc;
use std::thread;

use hueless::channel::bounded;
use hueless::sync::OnceLock;
use hueless::{join_all, run};

/// A library of another world: it answers on a thread of its own.
fn look_up(host: &str, callback: impl FnOnce(Result<u32, String>) + Send + 'static) {
    let answer = match host {
        "unknown" => Err(format!("no such host: {host}")),
        _ => Ok(host.len() as u32),
    };
    thread::spawn(move || callback(answer));
}

/// The same as a call that waits: it parks the task until the callback comes.
fn look_up_and_wait(host: &str) -> Result<u32, String> {
    let (resolve, promise) = bounded(1);
    // Nobody may be there any more: who waited can have been cancelled, by a time-out for example.
    look_up(host, move |answer| drop(resolve.send(answer)));
    // An error here: the callback was dropped, so it will never come.
    promise.recv().unwrap_or_else(|_| Err("no answer".into()))
}

/// One answer for many who wait, now or later.
fn shared(host: &str) -> Arc<OnceLock<Result<u32, String>>> {
    let promise = Arc::new(OnceLock::new());
    let resolve = promise.clone();
    look_up(host, move |answer| resolve.set(answer).expect("only once"));
    promise
}

fn main() {
    run(|| {
        println!("one: {:?}", look_up_and_wait("localhost"));
        println!("one: {:?}", look_up_and_wait("unknown"));
        let promise = shared("example.org");
        let answers = join_all((0..3).map(|_| || promise.wait().clone()));
        println!("all: {answers:?}");
    });
}

#[test]
fn callbacks_complete_promises() {
    assert_eq!(run(|| look_up_and_wait("four")), Ok(4));
    assert!(
        look_up_and_wait("unknown").is_err(),
        "also on this OS thread"
    );
    let promise = shared("seven77");
    let answers = join_all((0..100).map(|_| || promise.wait().clone()));
    assert_eq!(answers, vec![Ok(7); 100]);
    main();
}
