//! Compares hueless with Go, tokio, may and OS threads: `compare --help` tells how.

use std::process::ExitCode;

use hueless_benches::compare::comparison::compare;
use hueless_benches::compare::options::{HELP, Parsed, parse};

fn main() -> ExitCode {
    let options = match parse(lexopt::Parser::from_env()) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("compare: {wrong}\nTry `compare --help`.");
            return ExitCode::from(2);
        }
    };
    match compare(&options) {
        Ok(held) if held || !options.strict => ExitCode::SUCCESS,
        Ok(_) => {
            eprintln!("compare: a goal is missed");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("compare: {why}");
            ExitCode::FAILURE
        }
    }
}
