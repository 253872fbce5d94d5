//! Several promises at once: all of them, all whatever becomes of each, the first good one, the first.
//!
//! ```sh
//! cargo run --example all_settled
//! ```
//!
//! Prints the result of each, with the name that JavaScript has for it; the panic on stderr is meant to
//! be. Python's `asyncio.gather` and `wait`, Scala's `Future.sequence`. Losers of a race are cancelled
//! where they wait, and awaited: nothing is left running.

use std::time::Duration;

use hueless::{join_all, join_all_settled, race_all, race_ok, sleep, try_map_concurrent};

/// A mirror of some server: answers after a while, if it is up.
#[derive(Clone, Copy)]
struct Mirror(&'static str, Duration, bool);

impl Mirror {
    fn fetch(self) -> Result<String, String> {
        let Self(name, latency, is_up) = self;
        sleep(latency);
        match is_up {
            true => Ok(format!("data from {name}")),
            false => Err(format!("{name} is down")),
        }
    }
}

const QUICK: Mirror = Mirror("quick", Duration::from_millis(1), true);
const DOWN: Mirror = Mirror("down", Duration::ZERO, false);
/// Who waits for this one waits in vain.
const NEVER: Mirror = Mirror("never", Duration::MAX, true);

/// A function for each mirror.
fn each<const N: usize>(mirrors: [Mirror; N]) -> [impl FnOnce() -> Result<String, String>; N] {
    mirrors.map(|mirror| move || mirror.fetch())
}

/// All results, or the first error; then the others are cancelled.
fn all<const N: usize>(mirrors: [Mirror; N]) -> Result<Vec<String>, String> {
    try_map_concurrent(mirrors, N, Mirror::fetch)
}

fn main() {
    println!("Promise.all:        {:?}", all([QUICK, QUICK]));
    println!("                    {:?}", all([QUICK, DOWN, NEVER]));
    println!("Promise.allSettled: {:?}", join_all(each([QUICK, DOWN])));
    println!(
        "Promise.any:        {:?}",
        race_ok(each([DOWN, NEVER, QUICK]))
    );
    println!("                    {:?}", race_ok(each([DOWN, DOWN])));
    println!("Promise.race:       {:?}", race_all(each([NEVER, QUICK])));
    // Where what may fail panics:
    for result in join_all_settled([4, 0].map(|n| move || 100 / n)) {
        println!("join_all_settled:   {result:?}");
    }
}

#[test]
fn each_way_of_waiting() {
    assert_eq!(all([QUICK, DOWN, NEVER]), Err("down is down".into()));
    assert!(all([QUICK, QUICK]).is_ok());
    let settled = join_all(each([DOWN, QUICK]));
    assert!(settled[0].is_err() && settled[1].is_ok());
    assert_eq!(
        race_ok(each([DOWN, NEVER, QUICK])).unwrap(),
        "data from quick"
    );
    assert_eq!(race_ok(each([DOWN; 3])).unwrap_err().len(), 3);
    assert_eq!(
        race_all(each([NEVER, DOWN])),
        Some(Err("down is down".into()))
    );
    main();
}
