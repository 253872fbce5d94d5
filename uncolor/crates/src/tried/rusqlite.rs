//! SQLite, which is C.

use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::at::{At, Outcome, SLOWLY, check};

/// Each with a database of its own. What is asked slowly sleeps in a function that SQLite calls.
pub(crate) fn work(at: &At) -> Outcome {
    let connection = Connection::open_in_memory()?;
    connection.create_scalar_function("think", 1, FunctionFlags::SQLITE_UTF8, |context| {
        let word: String = context.get(0)?;
        if word.starts_with("slow") {
            thread::sleep(SLOWLY);
        }
        Ok(word)
    })?;
    connection.execute("CREATE TABLE words (word TEXT)", ())?;
    for word in at.words() {
        connection.execute("INSERT INTO words VALUES (think(?))", (&word,))?;
        let last = "SELECT word FROM words ORDER BY rowid DESC LIMIT 1";
        check(
            connection.query_row(last, (), |row| row.get::<_, String>(0))?,
            word,
        )?;
    }
    Ok(())
}

/// All with one file, for which they wait in a sleep of SQLite's.
pub(crate) fn one_file(at: &At) -> Outcome {
    let name = format!("words-{}.sqlite", std::process::id());
    let connection = Connection::open(at.certificate.with_file_name(name))?;
    connection.busy_timeout(Duration::from_secs(60))?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    connection.execute(
        "CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY)",
        (),
    )?;
    for word in at.words() {
        connection.execute("INSERT INTO words VALUES (?)", (&word,))?;
        let count = "SELECT count(*) FROM words WHERE word = ?";
        check(connection.query_row(count, (&word,), |row| row.get(0))?, 1)?;
    }
    Ok(())
}
