//! The workloads on may, the established crate of stackful coroutines for Rust.

mod channels;
mod crowd;
mod tasks;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use hueless_measure::{Arguments, Figures, program};
use may::go;
use may::sync::SyncFlag;

fn main() -> ExitCode {
    let help = "Usage: peer-may WORKLOAD NUMBERS...   (those of `workloads --help`)\n";
    program("peer-may", help, |name, numbers| {
        let workers = available_parallelism().map_err(|error| error.to_string())?;
        may::config().set_workers(workers.get());
        let (name, numbers) = (name.to_owned(), numbers.clone());
        let run = go!(move || run(&name, &numbers));
        run.join().map_err(|_| "a coroutine has panicked")?
    })
}

fn run(name: &str, numbers: &Arguments) -> Result<Figures, String> {
    let number = |index| numbers.needed(index);
    let n = number(0)?;
    let each = |n, time| Ok(Figures::each(n, time));
    match name {
        "spawn" => each(n, tasks::spawn(n)),
        "spawnjoin" => each(n, tasks::spawn_join(n)),
        "pingpong" => each(n, channels::ping_pong(n)),
        "chan" => {
            let (producers, consumers) = (number(1)?, number(2)?);
            let time = match consumers {
                1 => channels::one_consumer(n, producers),
                _ => channels::consumers(n, producers, consumers),
            };
            each(n, time)
        }
        "yield" => each(n * number(1)?, tasks::yields(n, number(1)?)),
        "skynet" => each(n, channels::skynet(n)),
        "parked" => Ok(crowd::parked(n)),
        "sleepers" => Ok(Figures::milliseconds(crowd::sleepers(n))),
        "mutex" => each(n * number(1)?, tasks::mutex(n, number(1)?)),
        "hog" => Ok(tasks::hog(n, Duration::from_secs(number(1)? as u64))),
        _ => Err(format!("no workload is called {name:?}")),
    }
}

/// Counts coroutines down; whoever waits is woken once, by the last of them.
struct WaitGroup {
    left: AtomicUsize,
    end: SyncFlag,
}

impl WaitGroup {
    fn new(coroutines: usize) -> Self {
        Self {
            left: AtomicUsize::new(coroutines),
            end: SyncFlag::new(),
        }
    }

    fn done(&self) {
        // Release, and Acquire for the last one: what they did happened before `wait` returns.
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.end.fire();
        }
    }

    fn wait(&self) {
        self.end.wait();
    }
}
