//! Clean-up when a task is cancelled: in a destructor, or by catching, cleaning up and going on
//! with the cancellation. `shield` keeps it away from clean-up that blocks.
//!
//! ```sh
//! cargo run --example cleanup
//! ```
//!
//! Prints what two cancelled tasks still do. Without the shield the first blocking call of the
//! clean-up is cancelled too. Python: `except CancelledError: …; raise` and `asyncio.shield`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use hueless::cancel::{is_cancellation, shield};
use hueless::channel::{Sender, unbounded};
use hueless::{go, sleep};

type Log = Sender<&'static str>;

/// Destructors run when the task is cancelled, and may block: nothing cancels them.
struct Connection(Log);

impl Drop for Connection {
    fn drop(&mut self) {
        sleep(Duration::from_millis(1)); // the other side takes its time
        let _ = self.0.send("connection closed");
    }
}

fn roll_back(log: &Log) {
    sleep(Duration::from_millis(1)); // a round trip to the database
    let _ = log.send("rolled back");
}

fn transfer(log: Log, shielded: bool) {
    let _connection = Connection(log.clone());
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _ = log.send("transfer begun");
        sleep(Duration::MAX); // here it is cancelled
    }));
    if let Err(payload) = outcome {
        assert!(is_cancellation(&*payload), "else it has panicked");
        match shielded {
            true => shield(|| roll_back(&log)),
            false => roll_back(&log), // unwinds at its first blocking call
        }
        resume_unwind(payload); // the cancellation goes on
    }
}

/// What a cancelled transfer logs.
fn cancelled(shielded: bool) -> Vec<&'static str> {
    let (log, entries) = unbounded();
    let task = go!(move || transfer(log, shielded));
    let begun = entries.recv().expect("the task begins");
    task.cancel();
    assert!(task.join().unwrap_err().is_cancelled());
    [begun].into_iter().chain(entries).collect()
}

fn main() {
    println!("with a shield:    {}", cancelled(true).join(", "));
    println!("without a shield: {}", cancelled(false).join(", "));
}

#[test]
fn the_shield_lets_the_roll_back_end() {
    let (begun, closed) = ("transfer begun", "connection closed");
    assert_eq!(cancelled(true), [begun, "rolled back", closed]);
    assert_eq!(cancelled(false), [begun, closed]);
}
