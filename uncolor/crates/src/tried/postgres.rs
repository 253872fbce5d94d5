//! The blocking client of PostgreSQL, which is tokio's behind a `block_on`.

use postgres::{Client, NoTls};

use crate::at::{At, Outcome, SLOWLY, check};

pub(crate) fn work(at: &At) -> Outcome {
    let url = format!(
        "host=127.0.0.1 port={} user=root dbname=postgres",
        at.port()?
    );
    let mut client = Client::connect(&url, NoTls)?;
    let statement = client.prepare("SELECT $1::text")?;
    for word in at.words() {
        if at.slow {
            client.execute("SELECT pg_sleep($1)", &[&SLOWLY.as_secs_f64()])?;
        }
        let row = client.query_one(&statement, &[&word])?;
        check(row.get::<_, String>(0), word)?;
    }
    Ok(())
}
