//! Gathering several results under one limit of time: all or none, or what has come by then.
//!
//! ```sh
//! cargo run --example gather
//! ```
//!
//! Prints that all three fail when one is too slow, and then which two were in time. As
//! `asyncio.gather` in `wait_for`, or `errgroup` with a context, but the calls are plain functions.

use std::time::Duration;

use hueless::cancel::Elapsed;
use hueless::{deadline, join, join_all, now, sleep, timeout};

/// What the services are called, and how long each takes to answer.
const SERVICES: [(&str, Duration); 3] = [
    ("weather", Duration::from_millis(10)),
    ("news", Duration::from_millis(20)),
    ("stocks", Duration::from_secs(3600)),
];

fn ask((name, takes): (&str, Duration)) -> String {
    sleep(takes);
    format!("{name} has answered")
}

/// All answers, in the services' order, or none: when the time is up, all calls are cancelled.
fn all(services: &[(&str, Duration)], limit: Duration) -> Result<Vec<String>, Elapsed> {
    timeout(limit, || {
        join_all(services.iter().map(|&service| move || ask(service)))
    })
}

/// Each service's answer, if it came before the same point in time.
fn in_time(services: &[(&str, Duration)], limit: Duration) -> Vec<Result<String, Elapsed>> {
    let end = now() + limit;
    join_all(
        services
            .iter()
            .map(|&service| move || deadline(end, || ask(service))),
    )
}

fn main() {
    let limit = Duration::from_millis(500);
    println!("all of two:   {:?}", all(&SERVICES[..2], limit));
    println!("all of three: {:?}", all(&SERVICES, limit));
    println!("in time:");
    for ((name, _), answer) in SERVICES.iter().zip(in_time(&SERVICES, limit)) {
        match answer {
            Ok(answer) => println!("  {answer}"),
            Err(elapsed) => println!("  {name} has not: {elapsed}"),
        }
    }
    // Results of different types: one call each.
    let (text, length) = join(|| ask(SERVICES[0]), || ask(SERVICES[1]).len());
    println!("a text and a number: {text:?}, {length}");
}

#[test]
fn one_that_is_late_costs_all_or_only_itself() {
    let long = Duration::from_secs(1000); // they answer, however slow the machine is
    let quick = all(&SERVICES[..2], long).unwrap();
    assert_eq!(quick, ["weather has answered", "news has answered"]);
    assert!(all(&SERVICES, Duration::from_millis(50)).is_err());
    let came = in_time(&SERVICES, Duration::from_secs(2));
    let came: Vec<_> = came.iter().map(Result::is_ok).collect();
    assert_eq!(came, [true, true, false]);
}
