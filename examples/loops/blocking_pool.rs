//! Calling what blocks its OS thread (a database driver, a C library, a lock of std's): `blocking`.
//!
//! ```sh
//! cargo run --example blocking_pool
//! ```
//!
//! Prints what the library found, and that others ran on the one worker meanwhile. tokio's
//! `spawn_blocking` and `block_in_place`, Go's hand-off of system calls, Python's `run_in_executor`.
//! The call runs on a thread of a pool, and the task waits for it, so it may borrow from the task's
//! stack.

use std::sync::mpsc;

use hueless::{blocking, runtime::Builder, scope, yield_now};

/// A library that knows nothing of tasks: it blocks its thread until it is given something to look for.
fn library(text: &str, question: &mpsc::Receiver<char>) -> usize {
    let wanted = question.recv().expect("a question");
    text.matches(wanted).count()
}

/// Returns the library's answer, and how often a neighbour ran meanwhile.
fn ask(text: &str, wanted: char) -> (usize, u32) {
    let (question, questions) = mpsc::channel();
    scope(|s| {
        let neighbour = s.spawn(move || {
            let turns = (1..=100).inspect(|_| yield_now()).count() as u32;
            question.send(wanted).unwrap();
            turns
        });
        yield_now(); // the neighbour begins; from now on it belongs to this worker
        // Without `blocking` this would never end: the library would have the only worker.
        let answer = blocking(move || library(text, &questions));
        (answer, neighbour.join().unwrap())
    })
}

fn main() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let text = String::from("plain blocking code on a million green threads");
    let (answer, turns) = runtime.run(|| ask(&text, 'n'));
    println!("the library found {answer}; its neighbour had {turns} turns meanwhile");
}

#[test]
fn the_worker_stays_free() {
    let runtime = Builder::new().workers(1).build().unwrap();
    assert_eq!(runtime.run(|| ask("banana", 'a')), (3, 100));
    main();
}
