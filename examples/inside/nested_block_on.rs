//! `block_on` in a task in a future in a `block_on`: it works, and parks the task, not its thread.
//!
//! ```sh
//! cargo run --example nested_block_on
//! ```
//!
//! Prints the answer of plain code that calls async code that calls plain code, on one worker, where
//! a neighbour has to run meanwhile; and from the main thread. Elsewhere this panics with "Cannot start a
//! runtime from within a runtime", or is a deadlock.

use std::io;

use hueless::channel::{Receiver, Sender, bounded};
use hueless::{block_on, go, runtime};

/// A library with an async interface.
async fn question(answers: &Receiver<u32>) -> u32 {
    answers.recv_async().await.expect("there is an answer")
}

/// Code that knows nothing of async, and waits for the library.
fn plain(answers: &Receiver<u32>) -> u32 {
    block_on(question(answers)) // no worker waits here, the task does
}

/// Async code, which calls plain code as if it did not block.
async fn between(answers: &Receiver<u32>) -> u32 {
    let direct = plain(answers); // a `block_on` right inside another
    let receiver = answers.clone();
    let task = go!(move || plain(&receiver)); // and one in a task, awaited
    direct + task.await.expect("the task has a result")
}

/// Answers two questions, each only when somebody has asked it.
fn neighbour(answers: &Sender<u32>) {
    for answer in [40, 2] {
        answers.send(answer).expect("somebody asks");
    }
}

/// Everything on one worker: whoever waits must let the neighbour run.
fn nested() -> io::Result<u32> {
    let runtime = runtime::Builder::new().workers(1).build()?;
    Ok(runtime.run(|| {
        let (sender, answers) = bounded(0);
        let asked = go!(name = "neighbour", move || neighbour(&sender));
        let sum = block_on(between(&answers));
        asked.join().expect("both questions were asked");
        sum
    }))
}

fn main() -> io::Result<()> {
    println!("block_on in a task in a block_on: {}", nested()?);
    // On a plain OS thread the same calls block the thread.
    let (sender, answers) = bounded(2);
    neighbour(&sender);
    println!(
        "and from the main thread:         {}",
        block_on(between(&answers))
    );
    Ok(())
}

#[test]
fn the_only_worker_is_never_blocked() {
    assert_eq!(nested().unwrap(), 42);
}
