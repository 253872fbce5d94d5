//! A client of memcached, with a connection for everybody in its pool, which is r2d2's.

use std::sync::OnceLock;

use memcache::{Client, MemcacheError};

use crate::at::{At, Outcome, check};

static CLIENT: OnceLock<Result<Client, MemcacheError>> = OnceLock::new();

pub(crate) fn work(at: &At) -> Outcome {
    let connect = || Client::with_pool_size(format!("memcache://{}", at.address), at.crowd as u32);
    let client = CLIENT
        .get_or_init(connect)
        .as_ref()
        .map_err(ToString::to_string)?;
    for word in at.words() {
        client.set(&word, word.as_str(), 0)?;
        check(client.get::<String>(&word)?, Some(word))?;
    }
    Ok(())
}
