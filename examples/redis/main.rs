//! A small Redis server in plain blocking code, one task a connection.
//!
//! ```sh
//! cargo run --release --example redis -- --addr 127.0.0.1:6379
//! redis-cli SET greeting hello EX 60
//! redis-benchmark -t ping,set,get,incr,lpush -P 16
//! ```
//!
//! It keeps texts and lists in memory, and knows the commands that the table in [`commands`] names.
//!
//! | Module | What it does |
//! | --- | --- |
//! | [`server`] | accepts connections until it is told to stop |
//! | [`connection`] | one connection: reads requests, sends replies |
//! | [`protocol`] | requests |
//! | [`reply`] | replies |
//! | [`commands`] | what each command does |
//! | [`store`] | keys and values |
//! | [`client`] | what is known about a client |
//! | [`pubsub`] | channels and who listens to them |

mod client;
mod commands;
mod connection;
mod protocol;
mod pubsub;
mod reply;
mod server;
mod store;
#[cfg(test)]
mod tests;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use hueless::net::TcpListener;
use hueless::runtime;
use lexopt::prelude::*;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use server::{Served, Server};

const HELP: &str = "\
Keeps texts and lists for Redis's clients, one task a connection.

Usage: redis [OPTIONS]

Options:
  --addr ADDR  where to listen [default: 127.0.0.1:6379]; port 0 takes any
  --workers N  how many OS threads run the tasks [default: one for each core]
  --help       print this

Ctrl-C or SIGTERM stops it: what has arrived is answered, then it ends. A second
one ends it at once.
";

struct Options {
    addr: String,
    workers: Option<usize>,
}

fn main() -> ExitCode {
    match parse(lexopt::Parser::from_env()) {
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Some(options)) => match serve(&options) {
            Ok(served) => {
                println!("stopped: {served}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("redis: {error}");
                let bad_value = error.kind() == io::ErrorKind::InvalidInput;
                ExitCode::from(if bad_value { 2 } else { 1 })
            }
        },
        Err(wrong) => {
            eprintln!("redis: {wrong}\nTry `redis --help`.");
            ExitCode::from(2)
        }
    }
}

/// Reads the command line; `None` if it asks for help.
fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, String> {
    let mut options = Options {
        addr: "127.0.0.1:6379".to_owned(),
        workers: None,
    };
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Long("addr") => options.addr = value(&mut parser, "--addr", |text| Some(text.into()))?,
            Long("workers") => {
                let count = |text: &str| text.parse().ok().filter(|&count| count != 0);
                options.workers = Some(value(&mut parser, "--workers", count)?);
            }
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(Some(options))
}

/// The value of the option `name`, which `parse` must like.
fn value<T>(
    parser: &mut lexopt::Parser,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    let text = value.to_string_lossy();
    parse(&text).ok_or_else(|| format!("{name} does not take {text:?}"))
}

/// Listens and serves until a signal comes.
fn serve(options: &Options) -> io::Result<Served> {
    let mut builder = runtime::Builder::new();
    if let Some(workers) = options.workers {
        builder = builder.workers(workers);
    }
    builder.build_global()?;
    hueless::run(|| {
        let listener = TcpListener::bind(options.addr.as_str()).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot listen on {}: {error}", options.addr),
            )
        })?;
        let listener = Arc::new(listener);
        stop_on_signal(listener.clone())?;
        println!("listening on {}", listener.local_addr()?);
        Ok(Server::new().serve(&listener))
    })
}

/// Closes `listener` at the first signal; the second one ends the process.
fn stop_on_signal(listener: Arc<TcpListener>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    // Signals are waited for on an OS thread of their own.
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for (before, signal) in signals.forever().enumerate() {
                if before == 0 {
                    listener.close();
                } else {
                    let _ = emulate_default_handler(signal);
                }
            }
        })?;
    Ok(())
}
