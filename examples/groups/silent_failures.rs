//! Failures that nobody looks at are not silent: what a detached panic prints, what joining shows,
//! and what a runtime lists that ends while tasks of its own are stuck.
//!
//! ```sh
//! cargo run --example silent_failures
//! ```
//!
//! Prints, on stderr, std's report of each panic; that task "fetch" has ended by one that nobody
//! joined; and that task "stuck" is left behind, where it was spawned, and in which system call it is.

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use hueless::{go, runtime, task, yield_now};

fn main() -> Result<(), Box<dyn Error>> {
    println!("1. a detached task panics:");
    let fetch = go!(name = "fetch", || panic!("no such page"));
    while !fetch.is_finished() {
        yield_now();
    }
    drop(fetch); // nobody joins it

    println!("2. a task panics and is joined: the error says who, from where, and why:");
    let error = go!(name = "parse", || "seven".parse::<i32>().unwrap()).join();
    let error = error.expect_err("seven is no number");
    println!("   {error}");

    println!("3. a runtime ends while one of its tasks blocks its OS thread:");
    let runtime = runtime::Builder::new().workers(1).build()?;
    let (_send, receive) = mpsc::channel::<()>(); // std's: it blocks the thread, not the task
    task::Builder::new()
        .name("stuck")
        .spawn_on(&runtime, move || receive.recv())?;
    while runtime.metrics().unstarted > 0 {
        yield_now(); // one that has not begun would just be dropped
    }
    runtime.shutdown_timeout(Duration::from_millis(50));
    Ok(())
}

#[test]
fn stderr_names_the_culprits() {
    use hueless::process::Command;

    // This program once more, for what it prints.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "prints_failures", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    for part in [
        "\"fetch\" (spawned examples/groups/silent_failures.rs:",
        "ended by this panic; nobody joined it",
        "1 of its tasks did not end within 50ms",
        "worker 0 is ",
        "\"stuck\" (spawned examples/groups/silent_failures.rs:",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
#[ignore = "for `stderr_names_the_culprits`"]
fn prints_failures() {
    main().unwrap();
}
