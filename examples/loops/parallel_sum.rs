//! Divide and conquer on all cores, with `join`; and the same by slices, with `scope`.
//!
//! ```sh
//! cargo run --release --example parallel_sum
//! ```
//!
//! Prints both sums and how long each way took. rayon's `join` and Cilk's `spawn`, Java's fork/join
//! pool. The halves borrow: nothing is cloned or put into an `Arc`. (For data parallelism alone rayon
//! does better; this is for programs that have tasks anyway.)

use std::thread::available_parallelism;
use std::time::Instant;

use hueless::{checkpoint, join, run, scope};

/// Some work on one number: its steps to 1, halved where it is even, else tripled plus 1.
fn steps(start: &u64) -> u64 {
    let (mut n, mut steps) = (*start, 0);
    while n > 1 {
        n = if n.is_multiple_of(2) {
            n / 2
        } else {
            3 * n + 1
        };
        steps += 1;
    }
    checkpoint(); // lets others on this core run, if it is time: without it they would wait
    steps
}

/// The sum of all steps: of the left half, and at the same time of the right half.
fn by_halves(numbers: &[u64]) -> u64 {
    if numbers.len() <= 1000 {
        return numbers.iter().map(steps).sum(); // too little work to be shared
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = join(|| by_halves(left), || by_halves(right));
    left + right
}

/// The sum of all steps: one task for each slice, a slice for each core.
fn by_slices(numbers: &[u64]) -> u64 {
    let cores = available_parallelism().map_or(1, Into::into);
    scope(|s| {
        let slices = numbers.chunks(numbers.len().div_ceil(cores).max(1));
        let sum = |slice: &[u64]| slice.iter().map(steps).sum::<u64>();
        let tasks: Vec<_> = slices.map(|slice| s.spawn(move || sum(slice))).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).sum()
    })
}

fn main() {
    let numbers: Vec<_> = (1..=100_000).collect();
    for (name, way) in [
        ("halves", by_halves as fn(&[u64]) -> u64),
        ("slices", by_slices),
    ] {
        let start = Instant::now();
        let sum = run(|| way(&numbers));
        println!("by {name}: {sum} in {:.0?}", start.elapsed());
    }
}

#[test]
fn both_ways_are_right() {
    let numbers: Vec<_> = (1..=5000).collect();
    let expected = numbers.iter().map(steps).sum();
    assert_eq!(run(|| by_halves(&numbers)), expected);
    assert_eq!(run(|| by_slices(&numbers)), expected);
    assert_eq!(run(|| by_slices(&[])), 0);
}
