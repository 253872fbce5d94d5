//! The command line.

use lexopt::prelude::*;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Starts a million tasks that all park at once, sends each a number through a
channel, collects the answers and checks their sum.

Usage: million [OPTIONS]

Options:
  --tasks N      how many tasks [default: 1000000]
  --stack SIZE   usable bytes of each stack, as in 65536, 256K, 1M [default:
                 192K, or what the environment variable HUELESS_STACK says]
  --workers N    how many OS threads run the tasks [default: one for each core,
                 or what HUELESS_WORKERS says]
  --help         print this

Exit codes: 0 all answers right, 1 it did not work, 2 bad arguments.
";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) tasks: u64,
    pub(crate) stack: Option<usize>,
    pub(crate) workers: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tasks: 1_000_000,
            stack: None,
            workers: None,
        }
    }
}

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Parsed {
    Help,
    Run(Options),
}

/// Reads the command line; the error is for people.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Parsed, String> {
    let mut options = Options::default();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Long("tasks") => options.tasks = value(&mut parser, "--tasks", count)?,
            Long("stack") => options.stack = Some(value(&mut parser, "--stack", size)?),
            Long("workers") => {
                let workers = value(&mut parser, "--workers", count)?;
                options.workers = Some(usize::try_from(workers).unwrap_or(usize::MAX));
            }
            Long("help") | Short('h') => return Ok(Parsed::Help),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(Parsed::Run(options))
}

fn value<T>(
    parser: &mut lexopt::Parser,
    name: &str,
    parse: fn(&str) -> Result<T, &'static str>,
) -> Result<T, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    let text = value.to_string_lossy();
    parse(text.trim()).map_err(|wrong| format!("{name} {text}: {wrong}"))
}

/// `1000000` or `1_000_000`.
fn count(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "not a whole number of at least 1";
    match text.replace('_', "").parse() {
        Ok(0) | Err(_) => Err(WRONG),
        Ok(count) => Ok(count),
    }
}

/// `65536`, `256K`, `1M`, `1G`.
fn size(text: &str) -> Result<usize, &'static str> {
    const WRONG: &str = "not a size; write bytes, or a number with K, M or G, as in 256K";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "k" | "K" | "KiB" => 10,
        "m" | "M" | "MiB" => 20,
        "g" | "G" | "GiB" => 30,
        _ => return Err(WRONG),
    };
    match digits.replace('_', "").parse::<usize>() {
        Ok(0) | Err(_) => Err(WRONG),
        Ok(number) => number.checked_mul(1 << shift).ok_or(WRONG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Result<Parsed, String> {
        parse(lexopt::Parser::from_args(arguments))
    }

    #[test]
    fn defaults_and_values() {
        assert_eq!(of(&[]), Ok(Parsed::Run(Options::default())));
        let all = of(&["--tasks", "10_000", "--stack=256K", "--workers", "3"]);
        let expected = Options {
            tasks: 10_000,
            stack: Some(256 << 10),
            workers: Some(3),
        };
        assert_eq!(all, Ok(Parsed::Run(expected)));
        assert_eq!(of(&["--help"]), Ok(Parsed::Help));
    }

    #[test]
    fn bad_values_name_their_option() {
        for (arguments, named) in [
            (&["--tasks", "0"][..], "--tasks 0"),
            (&["--tasks", "-5"], "--tasks"),
            (&["--tasks", "many"], "--tasks many"),
            (&["--tasks"], "--tasks"),
            (&["--stack", "12Q"], "--stack 12Q"),
            (&["--stack", "99999999999999G"], "--stack"),
            (&["--workers", "1.5"], "--workers 1.5"),
            (&["--colour"], "--colour"),
            (&["7"], "7"),
        ] {
            let wrong = of(arguments).unwrap_err();
            assert!(wrong.contains(named), "{arguments:?}: {wrong}");
        }
    }
}
