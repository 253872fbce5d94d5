//! The blocking client of MySQL and MariaDB.

use std::sync::OnceLock;

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, Pool, PoolConstraints, PoolOpts};

use crate::at::{At, Outcome, SLOWLY, check};

/// Each with its own connection.
pub(crate) fn work(at: &At) -> Outcome {
    ask_all(at, &mut Conn::new(options(at)?)?)
}

static POOL: OnceLock<mysql::Result<Pool>> = OnceLock::new();

/// All with a few connections, of its own pool.
pub(crate) fn pooled(at: &At) -> Outcome {
    let pool = PoolConstraints::new_const::<16, 16>();
    let options = options(at)?.pool_opts(PoolOpts::new().with_constraints(pool));
    let pool = POOL.get_or_init(|| Pool::new(options));
    let pool = pool.as_ref().map_err(ToString::to_string)?;
    for word in at.words() {
        ask(at, pool.get_conn()?.as_mut(), word)?;
    }
    Ok(())
}

fn options(at: &At) -> Result<OptsBuilder, Box<dyn std::error::Error + Send + Sync>> {
    Ok(OptsBuilder::new()
        .ip_or_hostname(Some("127.0.0.1"))
        .tcp_port(at.port()?)
        .user(Some("root"))
        .prefer_socket(false))
}

fn ask_all(at: &At, connection: &mut Conn) -> Outcome {
    at.words().try_for_each(|word| ask(at, connection, word))
}

fn ask(at: &At, connection: &mut Conn, word: String) -> Outcome {
    if at.slow {
        let sleep = format!("SELECT SLEEP({})", SLOWLY.as_secs_f64());
        check(connection.query_first(sleep)?, Some(0))?;
    }
    check(connection.exec_first("SELECT ?", (&word,))?, Some(word))
}
