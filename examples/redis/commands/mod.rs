//! The commands: a table, and what runs one of them.
//!
//! | Module | Commands on |
//! | --- | --- |
//! | [`text`] | texts and numbers |
//! | [`lists`] | lists |
//! | [`keys`] | keys, whatever their values |
//! | [`channels`] | channels |
//! | [`admin`] | the connection and the server |

mod admin;
mod channels;
mod keys;
mod lists;
mod text;

use crate::client::Client;
use crate::protocol::{Words, integer};
use crate::reply::{Failure, Replies};
use crate::server::Server;

const NOT_INTEGER: Failure = Failure::new("ERR value is not an integer or out of range");
const SYNTAX: Failure = Failure::new("ERR syntax error");
const WRONG_TYPE: Failure =
    Failure::new("WRONGTYPE Operation against a key holding the wrong kind of value");
/// Bytes of a client's word that are quoted to it.
const QUOTED: usize = 128;

/// A command that is being run.
struct Call<'a> {
    words: Words<'a>,
    server: &'a Server,
    client: &'a mut Client,
    replies: &'a mut Replies,
}

impl<'a> Call<'a> {
    /// The word at `index`, which must be there.
    fn word(&self, index: usize) -> &'a [u8] {
        self.words.at(index)
    }

    /// The word at `index` as a number.
    fn integer(&self, index: usize) -> Result<i64, Failure> {
        integer(self.word(index)).ok_or(NOT_INTEGER)
    }

    /// Whether the word at `index` is `name`.
    fn is(&self, index: usize, name: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(name.as_bytes())
    }

    /// The complaint about a subcommand that is not there.
    fn no_subcommand(&self) -> Failure {
        let command = quote(self.word(0)).to_ascii_uppercase();
        let sub = quote(self.word(1));
        Failure::from(format!(
            "ERR unknown subcommand '{sub}'. Try {command} HELP."
        ))
    }
}

type Outcome = Result<(), Failure>;

/// An entry of the table.
struct Command {
    name: &'static str,
    /// How many words it has, its name included; at least so many if negative.
    arity: i64,
    /// Where the keys are: the first word, the last one, from the end if negative, and the step.
    keys: (i64, i64, i64),
    /// Whether it may be run by a client that listens to channels.
    listening: bool,
    run: fn(&mut Call<'_>) -> Outcome,
}

const fn command(
    name: &'static str,
    arity: i64,
    keys: (i64, i64, i64),
    run: fn(&mut Call<'_>) -> Outcome,
) -> Command {
    Command {
        name,
        arity,
        keys,
        listening: false,
        run,
    }
}

/// The same for one that a client may run while it listens to channels.
const fn listening(name: &'static str, arity: i64, run: fn(&mut Call<'_>) -> Outcome) -> Command {
    Command {
        name,
        arity,
        keys: NONE,
        listening: true,
        run,
    }
}

const NONE: (i64, i64, i64) = (0, 0, 0);
const ONE: (i64, i64, i64) = (1, 1, 1);
const ALL: (i64, i64, i64) = (1, -1, 1);

/// All commands, by name.
const COMMANDS: &[Command] = &[
    command("client", -2, NONE, admin::client),
    command("command", -1, NONE, admin::command),
    command("config", -2, NONE, admin::config),
    command("dbsize", 1, NONE, admin::dbsize),
    command("decr", 2, ONE, text::decr),
    command("decrby", 3, ONE, text::decrby),
    command("del", -2, ALL, keys::del),
    command("echo", 2, NONE, admin::echo),
    command("exists", -2, ALL, keys::exists),
    command("expire", 3, ONE, keys::expire),
    command("flushall", -1, NONE, admin::flushall),
    command("get", 2, ONE, text::get),
    command("hello", -1, NONE, admin::hello),
    command("incr", 2, ONE, text::incr),
    command("incrby", 3, ONE, text::incrby),
    command("info", -1, NONE, admin::info),
    command("llen", 2, ONE, lists::llen),
    command("lpush", -3, ONE, lists::lpush),
    command("lrange", 4, ONE, lists::lrange),
    command("mget", -2, ALL, text::mget),
    command("pexpire", 3, ONE, keys::pexpire),
    listening("ping", -1, admin::ping),
    command("pttl", 2, ONE, keys::pttl),
    command("publish", 3, NONE, channels::publish),
    listening("quit", -1, admin::quit),
    command("rpush", -3, ONE, lists::rpush),
    command("select", 2, NONE, admin::select),
    command("set", -3, ONE, text::set),
    listening("subscribe", -2, channels::subscribe),
    command("ttl", 2, ONE, keys::ttl),
    listening("unsubscribe", -1, channels::unsubscribe),
];

/// The command called `name`, in whatever case.
fn find(name: &[u8]) -> Option<&'static Command> {
    let lower = name.iter().map(u8::to_ascii_lowercase);
    let compare = |command: &Command| command.name.bytes().cmp(lower.clone());
    let index = COMMANDS.binary_search_by(compare).ok()?;
    Some(&COMMANDS[index])
}

/// Runs the command that `words` are, of which there is at least one, and adds its reply.
pub(crate) fn run(words: Words<'_>, server: &Server, client: &mut Client, replies: &mut Replies) {
    let mut run = || {
        let command = find(words.at(0)).ok_or_else(|| unknown(words))?;
        let (name, count) = (command.name, words.len() as i64);
        if count != command.arity && (command.arity > 0 || count < -command.arity) {
            return Err(wrong_number(name));
        }
        if client.listens() && !command.listening {
            return Err(Failure::from(format!(
                "ERR Can't execute '{name}': only SUBSCRIBE / UNSUBSCRIBE / PING / QUIT are allowed \
                 in this context"
            )));
        }
        (command.run)(&mut Call {
            words,
            server,
            client,
            replies,
        })
    };
    if let Err(failure) = run() {
        replies.failure(&failure);
    }
}

fn wrong_number(name: &str) -> Failure {
    Failure::from(format!(
        "ERR wrong number of arguments for '{name}' command"
    ))
}

fn unknown(words: Words<'_>) -> Failure {
    let arguments: String = words
        .from(1)
        .scan(0, |length, word| {
            *length += word.len();
            (*length <= QUOTED).then(|| format!("'{}' ", quote(word)))
        })
        .collect();
    Failure::from(format!(
        "ERR unknown command '{}', with args beginning with: {arguments}",
        quote(words.at(0))
    ))
}

/// What to quote of `word`.
fn quote(word: &[u8]) -> String {
    String::from_utf8_lossy(&word[..word.len().min(QUOTED)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found() {
        for command in COMMANDS {
            let upper = command.name.to_ascii_uppercase();
            for name in [command.name, &upper] {
                let found = find(name.as_bytes()).expect("sorted by name");
                assert_eq!(found.name, command.name);
            }
        }
        for name in ["", "ge", "gett", "zzz"] {
            assert!(find(name.as_bytes()).is_none());
        }
    }
}
