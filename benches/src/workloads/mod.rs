//! The workloads, by the names and with the arguments that all the compared programs share.
//!
//! They mirror the programs in Go and tokio. What those capture by pointer, for the garbage
//! collector to free, or by `Arc`, lives here in a leaked block (`shared`): each workload runs
//! once in a process, or a few times in a test.

mod channel;
mod conserve;
mod crowd;
mod dial;
mod hog;
mod leave;
mod mutex;
mod net;
mod skewed;
mod skynet;
mod spawn;
mod switch;
mod wait_group;

use std::any::Any;
use std::sync::Mutex;
use std::time::Duration;

use hueless_measure::{Arguments, Figures};

pub use channel::{bounded, ping_pong, select};
pub use conserve::conserve;
pub use crowd::{parked, sleepers};
pub use dial::dial;
pub use hog::hog;
pub use leave::leave;
pub use mutex::mutex;
pub use net::{echo, http};
pub use skewed::skewed;
pub use skynet::skynet;
pub use spawn::{spawn, spawn_join};
pub use switch::yields;
pub use wait_group::WaitGroup;

/// What `workloads --help` prints.
pub const HELP: &str = "\
Usage: workloads NAME [ARGUMENTS]     (their defaults in brackets)

  spawn N [1000000]              start tasks that count and end
  spawnjoin N [1000000]          start one, wait for its result; N times
  pingpong N [1000000]           two tasks, two rendezvous channels
  chan N P C CAP [4000000 1 1 100]  N messages from P tasks to C tasks
  yield TASKS N [2 2000000]      each yields N times
  skynet N [1000000]             a tree of tasks with N leaves, a power of ten, that
                                 add numbers
  parked N [1000000]             tasks that wait for one channel to close
  sleepers N [1000000]           tasks that sleep three times, up to 1 s
  leave N K [100000 200]         ns to leave a queue of 100, 1000, .. N tasks from
                                 its middle: the least of K
  select N [1000000]             one task selects over four channels
  mutex TASKS N [8 1000000]      each locks one mutex N times
  hog HOGS SECS STEPS [4 3 1000] lateness of 1 ms sleepers beside loops that
                                 call checkpoint() every STEPS steps (0: never)
  conserve N [1000]              how long new tasks wait behind N tasks in turn that
                                 spin, beside an idle worker
  skewed TASKS N WORST [10000 20 0]  each computes up to 100 us and sleeps 1 ms, N
                                 times; how evenly the workers share that; WORST 1:
                                 only those compute that begin on one worker
  echo PORT [9001]               a TCP server that sends back what it gets
  http PORT [9001]               a minimal HTTP/1.1 server
  dial PORT N PROCESS [9001 1000]  N connections to an echo server, open at once until
                                 the standard input ends, and echoed to before and
                                 after; with its process id: what memory each takes it
";

/// A value that tasks share, never freed: what a Go closure captures, or a Rust `static`.
fn shared<T: Any + Send + Sync>(value: T) -> &'static T {
    // Leak checkers find it here.
    static KEPT: Mutex<Vec<&'static (dyn Any + Send + Sync)>> = Mutex::new(Vec::new());
    let value: &'static T = Box::leak(Box::new(value));
    KEPT.lock().expect("nobody panics with it").push(value);
    value
}

/// Runs the workload called `name` as the runtime's root task.
///
/// # Errors
/// When there is no such workload, or when an argument is wrong.
pub fn run(name: &str, arguments: &Arguments) -> Result<Figures, String> {
    let number = |index, default| arguments.positive(index, default);
    match name {
        "spawn" => {
            let n = number(0, 1_000_000)?;
            Ok(Figures::each(n, hueless::run(|| spawn(n))))
        }
        "spawnjoin" => {
            let n = number(0, 1_000_000)?;
            Ok(Figures::each(n, hueless::run(|| spawn_join(n))))
        }
        "pingpong" => {
            let n = number(0, 1_000_000)?;
            Ok(Figures::each(n, hueless::run(|| ping_pong(n))))
        }
        "chan" => {
            let (n, p, c) = (number(0, 4_000_000)?, number(1, 1)?, number(2, 1)?);
            let capacity = arguments.get(3, 100);
            let time = hueless::run(|| bounded(n, p, c, capacity));
            Ok(Figures::each(n, time))
        }
        "yield" => {
            let (tasks, n) = (number(0, 2)?, number(1, 2_000_000)?);
            Ok(Figures::each(n * tasks, hueless::run(|| yields(tasks, n))))
        }
        "skynet" => {
            let leaves = number(0, 1_000_000)?;
            Ok(Figures::each(leaves, hueless::run(|| skynet(leaves))))
        }
        "parked" => {
            let n = number(0, 1_000_000)?;
            Ok(hueless::run(|| parked(n)))
        }
        "sleepers" => {
            let n = number(0, 1_000_000)?;
            Ok(Figures::milliseconds(hueless::run(|| sleepers(n))))
        }
        "leave" => {
            let (longest, leavers) = (number(0, 100_000)?, number(1, 200)?);
            Ok(hueless::run(|| leave(longest, leavers)))
        }
        "select" => {
            let n = number(0, 1_000_000)?;
            Ok(Figures::each(n, hueless::run(|| select(n))))
        }
        "mutex" => {
            let (tasks, n) = (number(0, 8)?, number(1, 1_000_000)?);
            let time = hueless::run(|| mutex(tasks, n));
            Ok(Figures::each(tasks * n, time))
        }
        "hog" => {
            let (hogs, seconds) = (arguments.get(0, 4), number(1, 3)?);
            let time = Duration::from_secs(seconds as u64);
            Ok(hueless::run(|| hog(hogs, time, arguments.get(2, 1000))))
        }
        "conserve" => {
            let n = number(0, 1000)?;
            Ok(hueless::run(|| conserve(n)))
        }
        "skewed" => {
            let (tasks, n) = (number(0, 10_000)?, number(1, 20)?);
            let worst = arguments.get(2, 0) != 0;
            Ok(hueless::run(|| skewed(tasks, n, worst)))
        }
        "echo" | "http" => {
            let serve = if name == "echo" { echo } else { http };
            let port = port(arguments)?;
            hueless::run(|| serve(port)).map_err(|error| format!("{name}: port {port}: {error}"))
        }
        "dial" => {
            let (port, n) = (port(arguments)?, number(1, 1000)?);
            // A process id.
            let server = match arguments.get(2, 0) {
                0 => None,
                id => Some(id.to_string()),
            };
            hueless::run(|| dial(port, n, server.as_deref(), dial::until_the_input_ends))
                .map_err(|error| format!("dial: port {port}: {error}"))
        }
        _ => Err(format!("no workload is called {name:?}\n\n{HELP}")),
    }
}

fn port(arguments: &Arguments) -> Result<u16, String> {
    let port = arguments.get(0, 9001);
    u16::try_from(port).map_err(|_| format!("{port} is not a port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(words: &str) -> Arguments {
        Arguments::parse(words.split_whitespace().map(str::to_owned)).unwrap()
    }

    fn keys(line: &str) -> Vec<&'static str> {
        let (name, words) = line.split_once(' ').unwrap_or((line, ""));
        let figures = run(name, &numbers(words)).unwrap();
        let keys = figures.keys();
        assert!(figures.get(keys[0]).unwrap().parse::<f64>().is_ok());
        keys
    }

    #[test]
    fn every_workload_runs_and_names_its_figures() {
        for line in [
            "spawn 1000",
            "spawnjoin 100",
            "pingpong 100",
            "chan 1000 1 1 100",
            "chan 1000 4 4 0",
            "yield 3 100",
            "select 400",
            "mutex 4 1000",
            "skynet 1000",
        ] {
            assert_eq!(keys(line), ["ns"], "{line}");
        }
        assert_eq!(keys("sleepers 20"), ["ms"]);
        assert_eq!(
            keys("parked 500"),
            ["ms", "ns", "up_ms", "wake_ms", "bytes", "rss_b", "pte_b"]
        );
        assert_eq!(keys("leave 1000 10"), ["n100", "n1000"]);
        assert_eq!(
            keys("conserve 5"),
            [
                "p99_ms",
                "p50_ms",
                "max_ms",
                "group_p99_ms",
                "group_p50_ms",
                "group_max_ms",
                "tasks"
            ]
        );
        assert_eq!(
            keys("skewed 50 3"),
            ["ms", "even_ms", "begun", "switches", "steals"]
        );
        for line in ["hog 2 1", "hog 1 1 0"] {
            assert_eq!(
                keys(line),
                ["p99_ms", "p50_ms", "max_ms", "wakes"],
                "{line}"
            );
        }
    }

    #[test]
    fn what_cannot_be_run_is_said() {
        let none = Arguments::default;
        assert!(run("nonsense", &none()).unwrap_err().contains("nonsense"));
        assert!(run("spawn", &numbers("0")).is_err());
        assert!(run("http", &numbers("70000")).is_err());
    }
}
