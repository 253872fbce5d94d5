//! A timeline: which task ran when on which worker, drawn as text.
//!
//! ```sh
//! cargo run --example timeline
//! ```
//!
//! Six tasks compute and sleep in turns on two workers, and note when. Prints a row for each worker,
//! with a letter for the task that computed, or a dot. A task stays on the worker where it
//! began, and two never run at once on one.

use std::collections::BTreeMap;
use std::io;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use hueless::{join_all, runtime, sleep};

const TASKS: [char; 6] = ['A', 'B', 'C', 'D', 'E', 'F'];
const WIDTH: usize = 72;

/// A stretch of computing, without a wait. The worker is an OS thread.
struct Slice {
    task: char,
    worker: ThreadId,
    time: [Instant; 2],
}

/// Computes, then sleeps, so that others run; the next turn takes longer.
fn turn(task: char, turn: u32) -> Slice {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(4) * turn {}
    let (worker, time) = (thread::current().id(), [begin, Instant::now()]);
    sleep(Duration::from_millis(10));
    Slice { task, worker, time }
}

fn record() -> Vec<Slice> {
    let three_turns = |task| move || [1, 2, 3].map(|number| turn(task, number));
    let slices = join_all(TASKS.map(three_turns));
    slices.into_iter().flatten().collect()
}

/// A row for each worker.
fn draw(slices: &[Slice]) -> Vec<String> {
    let times = slices.iter().flat_map(|slice| slice.time);
    let begin = times.clone().min().expect("there are slices");
    let since_begin = |time: Instant| (time - begin).as_secs_f64();
    let scale = (WIDTH - 1) as f64 / times.map(since_begin).fold(0.0, f64::max);
    let mut rows = BTreeMap::new();
    for Slice { task, worker, time } in slices {
        let row = rows.entry(format!("{worker:?}"));
        let [first, last] = time.map(|time| (since_begin(time) * scale) as usize);
        row.or_insert([b'.'; WIDTH])[first..=last].fill(*task as u8);
    }
    let text = |row: [u8; WIDTH]| row.map(char::from).iter().collect();
    rows.into_values().map(text).collect()
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
    assert!(slices.len() == 3 * TASKS.len() && !draw(&slices).is_empty());
    slices.sort_by_key(|slice| slice.time);
    for (index, slice) in slices.iter().enumerate() {
        for later in &slices[index + 1..] {
            assert!(slice.task != later.task || slice.worker == later.worker);
            assert!(slice.worker != later.worker || slice.time[1] <= later.time[0]);
        }
    }
}
