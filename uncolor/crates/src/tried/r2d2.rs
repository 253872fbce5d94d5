//! A pool of connections, here to Redis. Its locks are `parking_lot`'s.

use std::sync::OnceLock;
use std::time::Duration;

use r2d2::Pool;
use redis::Client;

use super::redis::{client, set_and_get_all};
use crate::at::{At, Outcome};

static POOL: OnceLock<Pool<Client>> = OnceLock::new();

/// Who takes a connection keeps it for all his requests; there are few.
pub(crate) fn few(at: &At) -> Outcome {
    with_pool_of(16, at)
}

/// There is one for everybody, so nobody waits for one.
pub(crate) fn enough(at: &At) -> Outcome {
    with_pool_of(at.crowd, at)
}

fn with_pool_of(size: usize, at: &At) -> Outcome {
    let client = client(at)?;
    let pool = POOL.get_or_init(|| {
        Pool::builder()
            .max_size(size as u32)
            .connection_timeout(Duration::from_secs(10))
            .build_unchecked(client)
    });
    set_and_get_all(at, &mut *pool.get()?)
}
