//! A timeline: which task ran when on which worker, drawn as text.
//!
//! ```sh
//! cargo run --example timeline
//! ```
//!
//! Six tasks compute and sleep in turns on two workers; each notes its own slices. Prints a row for
//! each worker with the task's letter where it computed and a dot where nobody did. A task stays on
//! the worker where it began, and two never run at once on one.

use std::collections::BTreeMap;
use std::io;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use hueless::channel::{Sender, unbounded};
use hueless::{run, runtime, scope, sleep};

const TASKS: &str = "ABCDEF";
/// Columns of the drawing.
const WIDTH: u128 = 72;

/// A stretch of computing without a wait.
struct Slice {
    task: char,
    /// The worker is an OS thread.
    worker: ThreadId,
    from: Instant,
    to: Instant,
}

/// Computes and sleeps in turns.
fn work(task: char, slices: &Sender<Slice>) {
    for turn in 1..=3 {
        let from = Instant::now();
        while from.elapsed() < Duration::from_millis(4 * turn) {} // computes
        let (worker, to) = (thread::current().id(), Instant::now());
        let slice = Slice {
            task,
            worker,
            from,
            to,
        };
        slices.send(slice).expect("the drawing waits for it");
        sleep(Duration::from_millis(10)); // others run
    }
}

fn record() -> Vec<Slice> {
    let (slices, recorded) = unbounded();
    run(|| {
        scope(|s| {
            for task in TASKS.chars() {
                s.spawn({
                    let slices = slices.clone();
                    move || work(task, &slices)
                });
            }
        });
    });
    drop(slices);
    recorded.iter().collect()
}

/// A row for each worker.
fn draw(slices: &[Slice]) -> Vec<String> {
    let begin = slices.iter().map(|slice| slice.from).min().expect("slices");
    let end = slices.iter().map(|slice| slice.to).max().expect("slices");
    let total = (end - begin).as_nanos();
    let column = |at: Instant| ((at - begin).as_nanos() * (WIDTH - 1) / total) as usize;
    let mut rows = BTreeMap::new();
    for slice in slices {
        let row = rows.entry(format!("{:?}", slice.worker));
        let row = row.or_insert_with(|| vec!['.'; WIDTH as usize]);
        row[column(slice.from)..=column(slice.to)].fill(slice.task);
    }
    rows.into_values().map(String::from_iter).collect()
}

fn main() -> io::Result<()> {
    runtime::Builder::new().workers(2).build_global()?;
    for (worker, row) in draw(&record()).into_iter().enumerate() {
        println!("worker {worker}  {row}");
    }
    Ok(())
}

#[test]
fn tasks_stay_on_their_worker_where_one_runs_at_a_time() {
    let mut slices = record();
    assert_eq!(slices.len(), 3 * TASKS.len());
    slices.sort_by_key(|slice| slice.from);
    for (index, slice) in slices.iter().enumerate() {
        for later in &slices[index + 1..] {
            assert!(slice.task != later.task || slice.worker == later.worker);
            assert!(slice.worker != later.worker || slice.to <= later.from);
        }
    }
}
