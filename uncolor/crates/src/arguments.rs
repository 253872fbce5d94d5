//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

pub(crate) const HELP: &str = "\
Runs blocking crates in tasks of hueless, and in threads, and compares.

    crates [OPTIONS]         the table, of all crates or of some
    crates serve NAME        one of the servers (http, https, websocket, smtp), until stdin ends
    crates one CRATE MODE    one crate in `tasks` or `threads`, for a debugger or strace

    --tasks N        how many tasks, and how many threads [1000]
    --requests N     how many requests each makes [20]
    --workers N      how many workers the tasks have [2]
    --only A,B       these rows of the table only
    --patience S     how many seconds a crate has [60]
    --at ADDRESS     `one`: where its server listens
    --cert FILE      `serve`: where to write the server's certificate; `one`: where to find it
    --help
";

/// What is to be done.
pub(crate) enum Command {
    Help,
    Serve { name: String, certificate: PathBuf },
    One(One),
    All(All),
}

/// The size of it.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) tasks: usize,
    pub(crate) requests: usize,
    pub(crate) workers: usize,
}

/// One crate, one way.
pub(crate) struct One {
    pub(crate) name: String,
    pub(crate) in_tasks: bool,
    pub(crate) size: Size,
    pub(crate) address: String,
    pub(crate) certificate: PathBuf,
}

/// The table.
pub(crate) struct All {
    pub(crate) size: Size,
    pub(crate) only: Vec<String>,
    pub(crate) patience: u64,
}

pub(crate) fn parse() -> Result<Command, lexopt::Error> {
    let mut size = Size {
        tasks: 1000,
        requests: 20,
        workers: 2,
    };
    let (mut words, mut only, mut patience) = (Vec::new(), Vec::new(), 60);
    let (mut address, mut certificate) = (String::new(), PathBuf::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") => return Ok(Command::Help),
            Long("tasks") => size.tasks = parser.value()?.parse()?,
            Long("requests") => size.requests = parser.value()?.parse()?,
            Long("workers") => size.workers = parser.value()?.parse()?,
            Long("patience") => patience = parser.value()?.parse()?,
            Long("only") => only.extend(parser.value()?.string()?.split(',').map(str::to_owned)),
            Long("at") => address = parser.value()?.string()?,
            Long("cert") => certificate = parser.value()?.into(),
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => Ok(Command::All(All {
            size,
            only,
            patience,
        })),
        ["serve", name] => Ok(Command::Serve {
            name: name.to_owned(),
            certificate,
        }),
        ["one", name, mode @ ("tasks" | "threads")] => Ok(Command::One(One {
            name: name.to_owned(),
            in_tasks: mode == "tasks",
            size,
            address,
            certificate,
        })),
        _ => Err(format!("what is {words:?}?").into()),
    }
}
