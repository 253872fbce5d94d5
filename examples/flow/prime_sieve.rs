//! The concurrent prime sieve: a chain of tasks, one for each prime, which lets no multiples of it through.
//!
//! ```sh
//! cargo run --example prime_sieve
//! ```
//!
//! Prints the first 20 primes. The classic of CSP (Hoare, McIlroy) and of Go's home page. A fast way to
//! find primes it is not.

use hueless::channel::{Receiver, bounded};
use hueless::go;

/// 2, 3, 4, …
fn numbers() -> Receiver<u32> {
    let (tx, rx) = bounded(0);
    // Ends when nobody listens any more.
    go!(name = "numbers", move || (2..).all(|n| tx.send(n).is_ok()));
    rx
}

/// What `input` has that is not divisible by `prime`.
fn without_multiples(prime: u32, input: Receiver<u32>) -> Receiver<u32> {
    let (tx, rx) = bounded(0);
    go!(name = format!("sieve of {prime}"), move || {
        input
            .iter()
            .filter(|n| n % prime != 0)
            .all(|n| tx.send(n).is_ok())
    });
    rx
}

/// All primes. Dropping the iterator takes the chain down, from its end to its begin.
fn primes() -> impl Iterator<Item = u32> {
    let mut candidates = Some(numbers());
    std::iter::from_fn(move || {
        let rest = candidates.take()?;
        let prime = rest.recv().ok()?; // the first that came through all sieves
        candidates = Some(without_multiples(prime, rest));
        Some(prime)
    })
}

fn main() {
    let first: Vec<_> = primes().take(20).collect();
    println!("{first:?}");
}

#[test]
fn only_primes_come_through() {
    let first: Vec<_> = primes().take(10).collect();
    assert_eq!(first, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
    main();
}
