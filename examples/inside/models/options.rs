//! The command line.

use std::time::Duration;

use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
Usage: models [--tasks N] [--wait MILLISECONDS] [--jobs N] [--switches N] [--only MODEL]
MODEL is one of sync, threads, tokio, hueless.";

/// How a program does several things.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Model {
    /// One after the other.
    Sync,
    Threads,
    Tokio,
    Hueless,
}

impl Model {
    pub(crate) const ALL: [Self; 4] = [Self::Sync, Self::Threads, Self::Tokio, Self::Hueless];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Threads => "threads",
            Self::Tokio => "tokio",
            Self::Hueless => "hueless",
        }
    }
}

/// What to measure.
#[derive(Debug)]
pub(crate) struct Options {
    /// Tasks that wait at once, and for how long.
    pub(crate) tasks: usize,
    pub(crate) wait: Duration,
    /// Pieces of work that compute.
    pub(crate) jobs: usize,
    /// Switches of which the mean is taken.
    pub(crate) switches: u32,
    /// The one model to measure; else all.
    pub(crate) only: Option<Model>,
    pub(crate) help: bool,
}

impl Options {
    pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut options = Self {
            tasks: 1000,
            wait: Duration::from_millis(200),
            jobs: 100,
            switches: 50_000,
            only: None,
            help: false,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("tasks") => options.tasks = at_least_one(parser.value()?.parse()?)?,
                Long("wait") => options.wait = Duration::from_millis(parser.value()?.parse()?),
                Long("jobs") => options.jobs = at_least_one(parser.value()?.parse()?)?,
                Long("switches") => options.switches = at_least_one(parser.value()?.parse()?)?,
                Long("only") => {
                    let name = parser.value()?.string()?;
                    let model = Model::ALL.into_iter().find(|model| model.name() == name);
                    options.only = Some(model.ok_or(format!("there is no model {name:?}"))?);
                }
                Short('h') | Long("help") => options.help = true,
                other => return Err(other.unexpected()),
            }
        }
        Ok(options)
    }
}

fn at_least_one<T: PartialOrd + From<u8>>(number: T) -> Result<T, lexopt::Error> {
    match number < T::from(1) {
        true => Err("a number has to be 1 at least".into()),
        false => Ok(number),
    }
}

#[test]
fn wrong_arguments_are_named() {
    let parse = |arguments: &[&str]| Options::parse(lexopt::Parser::from_args(arguments));
    let wrong = |arguments: &[&str]| parse(arguments).unwrap_err().to_string();
    assert_eq!(wrong(&["--only", "fork"]), "there is no model \"fork\"");
    assert_eq!(wrong(&["--jobs=0"]), "a number has to be 1 at least");
    assert_eq!(parse(&["--only=tokio"]).unwrap().only, Some(Model::Tokio));
}
