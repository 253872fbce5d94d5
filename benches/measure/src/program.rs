//! From the command line to the line of figures.

use std::process::ExitCode;

use crate::{Arguments, Figures};

/// Runs the workload that the command line names, prints its figures, and says how the program ends:
/// with exit code 2 where `run` says what is wrong, or where no workload is named, in which case
/// `help` is printed.
///
/// ```no_run
/// use hueless_measure::{Figures, program};
///
/// fn main() -> std::process::ExitCode {
///     program("peer", "Usage: peer WORKLOAD NUMBERS...\n", |name, numbers| match name {
///         "nothing" => Ok(Figures::default().with("n", numbers.needed(0)?)),
///         _ => Err(format!("no workload is called {name:?}")),
///     })
/// }
/// ```
pub fn program(
    program: &str,
    help: &str,
    run: impl FnOnce(&str, &Arguments) -> Result<Figures, String>,
) -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(name) = words.next().filter(|name| name != "--help") else {
        eprint!("{help}");
        return ExitCode::from(2);
    };
    match Arguments::parse(words).and_then(|arguments| run(&name, &arguments)) {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            // In one piece, so that no dying thread's last words come between.
            let line = format!("{program}: {wrong}\n");
            eprint!("{line}");
            ExitCode::from(2)
        }
    }
}
