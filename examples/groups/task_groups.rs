//! Task groups: a task that outlives the function that started it, and how `scope` prevents that.
//!
//! ```sh
//! cargo run --example task_groups
//! ```
//!
//! Prints in which order things happen: first the function returns before its work is done, then
//! after. Other names for the same idea: nursery, `TaskGroup`, `errgroup`, `WaitGroup`,
//! structured concurrency.

use std::sync::Mutex;
use std::time::Duration;

use hueless::channel::{Sender, bounded};
use hueless::{go, scope, sleep};

const PARTS: [&str; 3] = ["head", "body", "tail"];

/// The bad: returns while its tasks are still at it. Nobody waits for them, learns that they failed
/// or can stop them, and what they use must be theirs or shared: they may not borrow.
fn save_and_hope(disk: &Sender<&'static str>) {
    for part in PARTS {
        let disk = disk.clone();
        go!(move || disk.send(part)); // waits until the disk takes it
    }
}

/// The good: what is started in a scope has ended when the scope ends, whether it returns, panics or
/// is cancelled. So the tasks may borrow, and a panic of theirs is the caller's.
fn save(disk: &Mutex<Vec<&'static str>>) {
    scope(|s| {
        for part in PARTS {
            s.spawn(move || {
                sleep(Duration::from_millis(10));
                disk.lock().unwrap().push(part);
            });
        }
    });
}

/// Which parts were on the disk when `save_and_hope` returned, and which are in the end.
fn detached() -> (Vec<&'static str>, Vec<&'static str>) {
    let (disk, written) = bounded(0);
    save_and_hope(&disk);
    drop(disk);
    let when_returned = Vec::new(); // the disk takes the first part only now
    (when_returned, written.iter().collect())
}

/// The same for `save`.
fn scoped() -> (Vec<&'static str>, Vec<&'static str>) {
    let disk = Mutex::default();
    save(&disk);
    let when_returned = disk.lock().unwrap().clone();
    (when_returned, disk.into_inner().unwrap())
}

fn main() {
    for (how, (when_returned, in_the_end)) in [("detached", detached()), ("scope", scoped())] {
        println!(
            "{how:9} when it returned, {} of {} parts were written; in the end {}",
            when_returned.len(),
            PARTS.len(),
            in_the_end.len()
        );
    }
}

#[test]
fn a_scope_ends_after_its_tasks() {
    let (when_returned, in_the_end) = detached();
    assert_eq!((when_returned.len(), in_the_end.len()), (0, PARTS.len()));
    let (when_returned, in_the_end) = scoped();
    assert_eq!(
        (when_returned.len(), in_the_end.len()),
        (PARTS.len(), PARTS.len())
    );
}
