//! A million tasks, parked all at once, each on a guarded stack of its own; then each is sent a
//! number through a channel and answers.
//!
//! ```sh
//! cargo run --release --example million
//! cargo run --release --example million -- --tasks 100_000 --stack 1M --workers 1
//! ```
//!
//! | Module | What it does |
//! | --- | --- |
//! | [`crowd`] | the tasks: starts them, sends the numbers, collects the answers |
//! | [`memory`] | what the system says of memory |
//! | [`report`] | the progress bar and the table |
//! | [`options`] | the command line |

mod crowd;
mod memory;
mod options;
mod report;

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hueless::runtime;

use crowd::Crowd;
use memory::Usage;
use options::{Options, Parsed};
use report::{Progress, Report};

/// How long memory may take to be given back before we look no more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why it did not work: the exit code, and what to tell.
type Failure = (u8, String);

fn main() -> ExitCode {
    let done = match options::parse(lexopt::Parser::from_env()) {
        Ok(Parsed::Help) => {
            print!("{}", options::HELP);
            Ok(())
        }
        Ok(Parsed::Run(options)) => start(&options),
        Err(wrong) => Err((2, format!("{wrong}\nTry `million --help`."))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            eprintln!("million: {message}");
            ExitCode::from(code)
        }
    }
}

/// Sets up the runtime and does the work as its root task.
fn start(options: &Options) -> Result<(), Failure> {
    check_memory(options)?;
    builder(options).build_global().map_err(refused)?;
    let report =
        hueless::run(|| work(options.tasks, &mut Progress::new())).map_err(|failed| (1, failed))?;
    println!("\n{report}");
    Ok(())
}

fn builder(options: &Options) -> runtime::Builder {
    let mut builder = runtime::Builder::new();
    if let Some(workers) = options.workers {
        builder = builder.workers(workers);
    }
    if let Some(stack) = options.stack {
        builder = builder.stack_size(stack);
    }
    builder
}

/// The runtime does not start with such settings, or not on this system.
fn refused(error: io::Error) -> Failure {
    let bad_value = error.kind() == io::ErrorKind::InvalidInput;
    (if bad_value { 2 } else { 1 }, error.to_string())
}

/// Refuses more tasks than memory can hold, before the system has to.
fn check_memory(options: &Options) -> Result<(), Failure> {
    let each = memory::estimate(options.stack);
    match memory::available() {
        Some(available) if options.tasks.saturating_mul(each) > available => Err((
            1,
            format!(
                "{} tasks would take about {} ({} bytes each), and only {} of memory are \
                 available: about {} tasks would fit (--tasks)",
                report::grouped(options.tasks),
                report::bytes(options.tasks.saturating_mul(each)),
                report::grouped(each),
                report::bytes(available),
                report::grouped(available / each / 1000 * 1000),
            ),
        )),
        _ => Ok(()),
    }
}

/// The whole run, in a task.
fn work(tasks: u64, progress: &mut Progress) -> Result<Report, String> {
    let before = memory::usage();

    let started = Instant::now();
    progress.begin("parking", tasks);
    let crowd = Crowd::gather(tasks, |parked| progress.advance(parked))?;
    let start_time = started.elapsed();
    progress.finish(start_time);

    // A task counts just before it waits; let the last ones get there.
    hueless::sleep(Duration::from_millis(10));
    let parked = memory::usage();
    let maps = memory::maps();
    let guard = runtime::stacks().guard;

    let woken = Instant::now();
    progress.begin("waking", tasks);
    let answers = crowd.wake(|answered| progress.advance(answered))?;
    let wake_time = woken.elapsed();
    progress.finish(wake_time);

    let ended = Instant::now();
    let after = settle(before);
    Ok(Report {
        tasks,
        start_time,
        wake_time,
        answers,
        guard,
        maps,
        before,
        parked,
        after,
        settle_time: ended.elapsed(),
    })
}

/// Waits until memory has stopped falling, but no longer than [`PATIENCE`].
fn settle(before: Option<Usage>) -> Option<Usage> {
    const STEP: Duration = Duration::from_millis(50);
    /// Steps without a fall until we believe that there will be none.
    const STILL: u32 = 20;

    let end = Instant::now() + PATIENCE;
    let mut lowest = memory::usage()?;
    let mut still = 0;
    while still < STILL && Instant::now() < end {
        if before.is_some_and(|before| lowest.total() <= before.total()) {
            break; // nothing is left to fall
        }
        hueless::sleep(STEP);
        let now = memory::usage()?;
        if now.total() < lowest.total() {
            (lowest, still) = (now, 0);
        } else {
            still += 1;
        }
    }
    Some(lowest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_crowd_gives_a_whole_report() {
        let report = hueless::run(|| work(2_000, &mut Progress::new())).unwrap();
        assert_eq!(report.answers.sum, 2_000 * 1_999);
        let text = report.to_string();
        for row in [
            "start",
            "wake and answer",
            "memory a task",
            "guards",
            "memory maps",
            "after",
        ] {
            assert!(text.contains(row), "no {row:?} in:\n{text}");
        }
    }

    #[test]
    fn more_than_the_machine_has_is_refused_with_what_would_fit() {
        let options = Options {
            tasks: u64::MAX / 2,
            ..Options::default()
        };
        if memory::available().is_some() {
            let (code, message) = start(&options).unwrap_err();
            assert_eq!(code, 1);
            assert!(message.contains("would fit"), "{message}");
        }
    }

    #[test]
    fn a_stack_that_is_too_large_is_a_bad_value() {
        let options = Options {
            tasks: 1,
            stack: Some(1 << 40),
            ..Options::default()
        };
        let (code, message) = builder(&options).build().map_err(refused).unwrap_err();
        assert_eq!(code, 2, "{message}");
    }
}
