//! The connection and the server; among it what redis-cli and redis-benchmark ask when they start.

use super::{COMMANDS, Call, Outcome, SYNTAX, wrong_number};
use crate::protocol::integer;
use crate::reply::Failure;

/// What this server passes for: the version whose words it speaks.
const VERSION: &str = "7.0.0";
/// Settings that cannot be changed.
const SETTINGS: [(&str, &str); 3] = [("appendonly", "no"), ("databases", "1"), ("save", "")];

pub(super) fn ping(call: &mut Call<'_>) -> Outcome {
    let text = match call.words.len() {
        1 => None,
        2 => Some(call.word(1)),
        _ => return Err(wrong_number("ping")),
    };
    match text {
        _ if call.client.listens() => {
            call.replies.array(2);
            call.replies.text("pong");
            call.replies.text(text.unwrap_or_default());
        }
        Some(text) => call.replies.text(text),
        None => call.replies.status("PONG"),
    }
    Ok(())
}

pub(super) fn echo(call: &mut Call<'_>) -> Outcome {
    call.replies.text(call.word(1));
    Ok(())
}

pub(super) fn quit(call: &mut Call<'_>) -> Outcome {
    call.client.quits = true;
    call.replies.status("OK");
    Ok(())
}

/// There is one database.
pub(super) fn select(call: &mut Call<'_>) -> Outcome {
    if call.integer(1)? != 0 {
        return Err(Failure::new("ERR DB index is out of range"));
    }
    call.replies.status("OK");
    Ok(())
}

/// `HELLO [2]`: this server speaks the second version of the protocol only.
pub(super) fn hello(call: &mut Call<'_>) -> Outcome {
    match call.words.len() {
        1 => {}
        2 => match integer(call.word(1)) {
            Some(2) => {}
            Some(_) => return Err(Failure::new("NOPROTO unsupported protocol version")),
            None => {
                let text = "ERR Protocol version is not an integer or out of range";
                return Err(Failure::new(text));
            }
        },
        _ => return Err(SYNTAX),
    }
    let replies = &mut *call.replies;
    replies.array(14);
    for (name, value) in [("server", "redis"), ("version", VERSION)] {
        replies.text(name);
        replies.text(value);
    }
    for (name, value) in [("proto", 2), ("id", call.client.number as i64)] {
        replies.text(name);
        replies.integer(value);
    }
    for (name, value) in [("mode", "standalone"), ("role", "master")] {
        replies.text(name);
        replies.text(value);
    }
    replies.text("modules");
    replies.array(0);
    Ok(())
}

/// `CLIENT ID | GETNAME | SETNAME name | SETINFO attribute value`
pub(super) fn client(call: &mut Call<'_>) -> Outcome {
    let words = call.words.len();
    if call.is(1, "id") && words == 2 {
        call.replies.integer(call.client.number as i64);
    } else if call.is(1, "getname") && words == 2 {
        call.replies.text(&call.client.name);
    } else if call.is(1, "setname") && words == 3 {
        call.client.name = call.word(2).into();
        call.replies.status("OK");
    } else if call.is(1, "setinfo") && words == 4 {
        call.replies.status("OK");
    } else {
        return Err(call.no_subcommand());
    }
    Ok(())
}

/// `CONFIG GET name…`
pub(super) fn config(call: &mut Call<'_>) -> Outcome {
    if !call.is(1, "get") || call.words.len() < 3 {
        return Err(call.no_subcommand());
    }
    let names = call.words.from(2);
    let asked = |name: &str| {
        let is = |word: &[u8]| word == b"*" || word.eq_ignore_ascii_case(name.as_bytes());
        names.clone().any(is)
    };
    let found: Vec<_> = SETTINGS.iter().filter(|(name, _)| asked(name)).collect();
    call.replies.array(2 * found.len());
    for (name, value) in found {
        call.replies.text(name);
        call.replies.text(value);
    }
    Ok(())
}

/// `COMMAND [COUNT | DOCS …]`; there is no documentation.
pub(super) fn command(call: &mut Call<'_>) -> Outcome {
    let replies = &mut *call.replies;
    if call.words.len() == 1 {
        replies.array(COMMANDS.len());
        for command in COMMANDS {
            let (first, last, step) = command.keys;
            replies.array(6);
            replies.text(command.name);
            replies.integer(command.arity);
            replies.array(0); // flags
            for number in [first, last, step] {
                replies.integer(number);
            }
        }
    } else if call.words.at(1).eq_ignore_ascii_case(b"count") {
        replies.integer(COMMANDS.len() as i64);
    } else if call.words.at(1).eq_ignore_ascii_case(b"docs") {
        replies.array(0);
    } else {
        return Err(call.no_subcommand());
    }
    Ok(())
}

pub(super) fn info(call: &mut Call<'_>) -> Outcome {
    let server = call.server;
    let ((keys, timed), served) = (server.store.counts(), server.served());
    call.replies.text(format!(
        "# Server\r\nredis_version:{VERSION}\r\nredis_mode:standalone\r\nprocess_id:{}\r\n\r\n\
         # Clients\r\nconnected_clients:{}\r\n\r\n\
         # Stats\r\ntotal_connections_received:{}\r\ntotal_commands_processed:{}\r\n\r\n\
         # Keyspace\r\ndb0:keys={keys},expires={timed},avg_ttl=0\r\n",
        std::process::id(),
        server.clients(),
        served.connections,
        served.commands,
    ));
    Ok(())
}

pub(super) fn dbsize(call: &mut Call<'_>) -> Outcome {
    let (keys, _) = call.server.store.counts();
    call.replies.integer(keys as i64);
    Ok(())
}

pub(super) fn flushall(call: &mut Call<'_>) -> Outcome {
    call.server.store.clear();
    call.replies.status("OK");
    Ok(())
}
