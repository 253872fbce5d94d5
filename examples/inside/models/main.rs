//! The comparison that textbooks draw, measured here and now: one after the other, OS threads, async
//! tasks (tokio), hueless's tasks.
//!
//! ```sh
//! cargo run --release --example models
//! cargo run --release --example models -- --tasks 10000 --wait 1000
//! ```
//!
//! Prints a table with a row for each model: how long a thousand waits of 200 ms take (the synchronous
//! time is extrapolated from a few); the memory of a task while it waits, without what the kernel keeps
//! for a thread; how long a hundred pieces of computing take; and what a switch to another task costs.

mod options;
mod switches;
mod waits;
mod work;

use std::process::ExitCode;
use std::{env, io};

use hueless::process::Command;

use options::{Model, Options, USAGE};

/// Measures one model, in this process, and prints its row.
fn measure(model: Model, options: &Options) {
    let about = if model == Model::Sync { "~" } else { "" }; // extrapolated
    let waits = waits::measure(model, options.tasks, options.wait);
    let memory = waits
        .memory
        .map(|bytes| format!("{:.1} KiB", bytes / 1024.0));
    let work = work::measure(model, options.jobs);
    let switch = switches::measure(model, options.switches);
    let switch = switch.map(|cost| format!("{:.2} µs", cost.as_secs_f64() * 1e6));
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    row([
        model.name(),
        &format!("{about}{:.2} s", waits.total.as_secs_f64()),
        &or_none(memory),
        &format!("{:.2} s", work.as_secs_f64()),
        &or_none(switch),
    ]);
}

fn row([model, waits, memory, work, switch]: [&str; 5]) {
    println!("{model:<8} {waits:>24} {memory:>14} {work:>10} {switch:>10}");
}

/// Measures each model in a process of its own, so that none finds what another has left.
fn compare(options: &Options) -> io::Result<bool> {
    let waits = format!("{} waits of {} ms", options.tasks, options.wait.as_millis());
    let work = format!("{} jobs", options.jobs);
    row(["model", &waits, "memory a task", &work, "a switch"]);
    for model in Model::ALL {
        let mut child = Command::new(env::current_exe()?);
        child.args(env::args_os().skip(1));
        if !child.args(["--only", model.name()]).status()?.success() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn main() -> ExitCode {
    let options = match Options::parse(lexopt::Parser::from_env()) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("models: {wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if options.help {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if let Some(model) = options.only {
        measure(model, &options);
        return ExitCode::SUCCESS;
    }
    match compare(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE, // the child has said why
        Err(error) => {
            eprintln!("models: {error}");
            ExitCode::FAILURE
        }
    }
}

#[test]
fn only_the_synchronous_model_waits_for_one_after_the_other() {
    let arguments = ["--tasks=100", "--wait=20", "--jobs=2", "--switches=100"];
    let options = Options::parse(lexopt::Parser::from_args(arguments)).unwrap();
    for model in Model::ALL {
        measure(model, &options);
        let total = waits::measure(model, options.tasks, options.wait).total;
        let in_turn = options.wait * options.tasks as u32;
        assert_eq!(
            total >= in_turn,
            model == Model::Sync,
            "{model:?}: {total:?}"
        );
    }
}
