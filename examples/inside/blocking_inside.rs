//! Blocking the OS thread inside a task: who is held up by `std::thread::sleep`, and what to do
//! about it.
//!
//! ```sh
//! cargo run --example blocking_inside
//! ```
//!
//! One worker runs a neighbour that counts every few milliseconds, and a task that pauses in three
//! ways. Prints how far the neighbour got meanwhile: nowhere while the thread itself sleeps.
//! Elsewhere: `spawn_blocking`, `run_in_executor`, `asyncio.to_thread`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use hueless::{blocking, go, runtime, sleep};

/// A way to pause, and what it is called.
type Way = (&'static str, fn(Duration));

const WAYS: [Way; 3] = [
    ("hueless::sleep", sleep),
    // Goes to a thread that is there for such calls; the task waits for it.
    ("blocking(thread::sleep)", |pause| {
        blocking(|| thread::sleep(pause))
    }),
    // The worker's own thread sleeps, and all tasks on it with this one.
    ("std::thread::sleep", thread::sleep),
];

/// How often the neighbour has run during each way's pause.
fn neighbours_turns(pause: Duration) -> io::Result<[u32; 3]> {
    let runtime = runtime::Builder::new()
        .workers(1)
        .on_stall(|stall| println!("the runtime has noticed: {stall}"))
        .build()?;
    let turns = Arc::new(AtomicU32::new(0));
    let counted = turns.clone();
    Ok(runtime.run(move || {
        let neighbour = go!(name = "neighbour", move || {
            loop {
                sleep(Duration::from_millis(5));
                counted.fetch_add(1, Ordering::Relaxed); // a count
            }
        });
        let turns = WAYS.map(|(_, way)| {
            let before = turns.load(Ordering::Relaxed);
            way(pause);
            turns.load(Ordering::Relaxed) - before
        });
        neighbour.cancel();
        turns
    }))
}

fn main() -> io::Result<()> {
    let pause = Duration::from_millis(300);
    let turns = neighbours_turns(pause)?;
    println!("while a task pauses for {pause:?}, its neighbour runs");
    for ((name, _), turns) in WAYS.iter().zip(turns) {
        println!("  {turns:3} times  {name}");
    }
    Ok(())
}

#[test]
fn only_a_sleeping_thread_holds_up_the_neighbour() {
    let [sleep, blocking, thread] = neighbours_turns(Duration::from_millis(100)).unwrap();
    assert!(sleep > 0 && blocking > 0, "{sleep} and {blocking} turns");
    assert_eq!(thread, 0);
}
