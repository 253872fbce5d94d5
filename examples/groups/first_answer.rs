//! A race: several mirrors are asked for the same, the first answer counts, the others are
//! cancelled and have unwound when the call returns.
//!
//! ```sh
//! cargo run --example first_answer
//! ```
//!
//! Prints the winner, and what became of each request. Elsewhere: `Promise.race`, `Promise.any`,
//! `tokio::select!`, `FIRST_COMPLETED`.

use std::sync::Mutex;
use std::time::Duration;

use hueless::{race, race_all, race_ok, sleep, timeout};

/// A request's slot at a mirror, given back when it is dropped: an answer or not.
struct Request<'a> {
    mirror: &'a str,
    given_back: &'a Mutex<Vec<String>>,
}

impl Request<'_> {
    fn send(self, millis: u64) -> String {
        sleep(Duration::from_millis(millis)); // who loses unwinds from here
        format!("a file from {}", self.mirror)
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let mut given_back = self.given_back.lock().unwrap();
        given_back.push(self.mirror.to_owned());
    }
}

/// The first mirror's answer, and whose slots were given back by the time the race was over.
fn fetch(mirrors: &[(&str, u64)]) -> (Option<String>, Vec<String>) {
    let given_back = Mutex::default();
    let first = race_all(mirrors.iter().map(|&(mirror, millis)| {
        let given_back = &given_back; // racers may borrow: none outlives the race
        let request = Request { mirror, given_back };
        move || request.send(millis)
    }));
    (first, given_back.into_inner().unwrap())
}

/// Functions that are not alike race as a tuple.
fn cached_or_fresh() -> &'static str {
    let slow = || {
        sleep(Duration::MAX);
        "fresh"
    };
    race((slow, || "cached"))
}

const MIRRORS: [(&str, u64); 3] = [("oslo", 3_600_000), ("rome", 20), ("lima", 3_600_000)];

fn main() {
    let (first, given_back) = fetch(&MIRRORS);
    println!("first:      {}", first.expect("there are mirrors"));
    println!("given back: {}", given_back.join(", "));
    println!("of two:     {}", cached_or_fresh());

    // Where a failure is no answer, the first success counts.
    let parsed = race_ok(["seven", "7"].map(|text| move || text.parse::<i32>()));
    println!("a success:  {parsed:?}");
    let nobody = timeout(Duration::from_millis(10), || fetch(&MIRRORS[..1]));
    println!("in time:    {nobody:?}");
}

#[test]
fn losers_have_unwound_when_the_race_is_over() {
    let (first, mut given_back) = fetch(&MIRRORS);
    assert_eq!(first.as_deref(), Some("a file from rome"));
    given_back.sort();
    assert_eq!(given_back, ["lima", "oslo", "rome"]);
    main();
}
