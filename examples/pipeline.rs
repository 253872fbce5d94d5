//! A pipeline: stages of tasks, joined by bounded channels, the slow one with several workers.
//!
//! ```sh
//! cargo run --release --example pipeline
//! ```
//!
//! A stage that is too fast waits until the next one has room, so memory stays bounded however
//! long the input is. When a stage ends it drops its sender, which ends the stage behind it.

use hueless::channel::{Receiver, bounded};
use hueless::{checkpoint, go, run};

/// Messages that may lie between two stages.
const ROOM: usize = 64;

/// A first stage: a task that sends what `items` yields.
fn source<T: Send + 'static>(items: impl Iterator<Item = T> + Send + 'static) -> Receiver<T> {
    let (tx, rx) = bounded(ROOM);
    go!(name = "source", move || {
        for item in items {
            if tx.send(item).is_err() {
                break; // nobody listens any more
            }
        }
    });
    rx
}

/// A stage of `workers` tasks that share their input and send on what `f` makes of it.
fn stage<A: Send + 'static, B: Send + 'static>(
    workers: usize,
    input: Receiver<A>,
    f: fn(A) -> B,
) -> Receiver<B> {
    let (tx, rx) = bounded(ROOM);
    for worker in 0..workers {
        let (input, tx) = (input.clone(), tx.clone());
        go!(name = format!("worker {worker}"), move || {
            for item in input {
                if tx.send(f(item)).is_err() {
                    break;
                }
            }
        });
    }
    rx
}

/// How many steps a number takes to 1, halved where it is even, else tripled plus 1 (Collatz).
fn steps(start: u64) -> (u64, u32) {
    let (mut n, mut steps) = (start, 0);
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
        checkpoint(); // a loop that waits for nothing lets others run
    }
    (start, steps)
}

/// The number up to `limit` that takes the most steps, and how many.
fn longest(limit: u64) -> (u64, u32) {
    let numbers = source(1..=limit);
    let counted = stage(4, numbers, steps);
    counted
        .iter()
        .max_by_key(|&(n, steps)| (steps, n))
        .expect("a limit of at least 1")
}

fn main() {
    let (number, steps) = run(|| longest(100_000));
    println!("of the numbers up to 100000, {number} takes the most steps to 1: {steps}");
}

#[test]
fn finds_the_longest_path() {
    assert_eq!(run(|| longest(1000)), (871, 178));
    main();
}
