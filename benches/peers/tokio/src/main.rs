//! The workloads as `async fn` on tokio, with its multi-threaded runtime as it comes.

mod channels;
mod crowd;
mod tasks;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hueless_measure::{Arguments, Figures, program};
use tokio::sync::Notify;

fn main() -> ExitCode {
    let help = "Usage: peer-tokio WORKLOAD NUMBERS...   (those of `workloads --help`)\n";
    program("peer-tokio", help, |name, numbers| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_time()
            .build()
            .map_err(|error| error.to_string())?;
        // As a task: what `block_on` runs itself is slower.
        let (name, numbers) = (name.to_owned(), numbers.clone());
        let run = runtime.spawn(async move { run(&name, &numbers).await });
        runtime.block_on(run).map_err(|error| error.to_string())?
    })
}

async fn run(name: &str, numbers: &Arguments) -> Result<Figures, String> {
    let number = |index| numbers.needed(index);
    let n = number(0)?;
    let each = |n, time| Ok(Figures::each(n, time));
    match name {
        "spawn" => each(n, tasks::spawn(n).await),
        "spawnjoin" => each(n, tasks::spawn_join(n).await),
        "pingpong" => each(n, channels::ping_pong(n).await),
        "chan" => {
            let (producers, consumers, capacity) = (number(1)?, number(2)?, number(3)?);
            let time = match consumers {
                1 => channels::one_consumer(n, producers, capacity).await,
                _ => channels::consumers(n, producers, consumers, capacity).await,
            };
            each(n, time)
        }
        "yield" => each(n * number(1)?, tasks::yields(n, number(1)?).await),
        "skynet" => each(n, channels::skynet(n).await),
        "parked" => Ok(crowd::parked(n).await),
        "sleepers" => Ok(Figures::milliseconds(crowd::sleepers(n).await)),
        "select" => each(n, channels::select(n).await),
        "mutex" => each(n * number(1)?, tasks::mutex(n, number(1)?).await),
        "hog" => Ok(tasks::hog(n, Duration::from_secs(number(1)? as u64)).await),
        _ => Err(format!("no workload is called {name:?}")),
    }
}

/// Counts tasks down; whoever waits is woken once, by the last of them.
struct WaitGroup {
    left: AtomicUsize,
    end: Notify,
}

impl WaitGroup {
    fn new(tasks: usize) -> Self {
        Self {
            left: AtomicUsize::new(tasks),
            end: Notify::new(),
        }
    }

    fn done(&self) {
        // Release, and Acquire for the last one: what the tasks did happened before `wait` returns.
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.end.notify_one();
        }
    }

    async fn wait(&self) {
        self.end.notified().await;
    }
}
