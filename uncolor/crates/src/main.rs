//! Blocking crates from crates.io, unmodified, in a thousand tasks on two workers, and in as many threads.
//!
//! ```text
//! cargo run --release -- --tasks 1000 --requests 20
//! ```
//!
//! Each file in `tried/` is the code of somebody who uses one crate, and knows nothing of hueless. It runs
//! against servers of other processes: real ones, or threads with std's sockets (`servers/`). Each crate runs
//! in a process of its own for each of the two ways, so that one that never comes back harms no other. The
//! report is a table in markdown. The exit code is 1 if a crate does not do what is expected of it
//! (`cases.rs`).

mod arguments;
mod at;
mod cases;
mod child;
mod parent;
mod servers;
mod table;
mod together;
mod tried;

use std::process::ExitCode;

use arguments::Command;

fn main() -> ExitCode {
    let done = match arguments::parse() {
        Ok(Command::Help) => {
            print!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Serve { name, certificate }) => servers::own::serve(&name, &certificate),
        Ok(Command::One(one)) => child::run(&one),
        Ok(Command::All(all)) => parent::run(&all),
        Err(wrong) => {
            eprintln!("crates: {wrong}\nTry `crates --help`");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
