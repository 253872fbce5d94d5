//! Runs one workload and prints its figures: `workloads NAME [ARGUMENTS]`.
//!
//! One line of `key=value` pairs, of which the first is the figure that counts; lower is better.

use std::process::ExitCode;

use hueless::runtime::Builder;
use hueless_benches::workloads;
use hueless_measure::program;

fn main() -> ExitCode {
    // The other mode of the scheduler, in which started tasks move between workers, as in Go.
    if std::env::var_os("MIGRATE").is_some_and(|value| !value.is_empty() && value != "0") {
        // SAFETY: the workloads keep nothing of their thread's across an operation.
        let started = unsafe { Builder::new().migrate() }.build_global();
        if let Err(error) = started {
            eprintln!("workloads: {error}");
            return ExitCode::FAILURE;
        }
    }
    program("workloads", workloads::HELP, workloads::run)
}
