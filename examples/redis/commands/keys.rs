//! Keys, whatever their values.

use std::time::{Duration, Instant};

use hueless::now;

use super::{Call, Outcome};
use crate::reply::Failure;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

pub(super) fn del(call: &mut Call<'_>) -> Outcome {
    let keys = call.words.from(1);
    let mut shards = call.server.store.shards(keys.clone());
    let removed = keys.filter(|key| shards.of(key).remove(key)).count();
    call.replies.integer(removed as i64);
    Ok(())
}

pub(super) fn exists(call: &mut Call<'_>) -> Outcome {
    let keys = call.words.from(1);
    let mut shards = call.server.store.shards(keys.clone());
    let found = keys.filter(|key| shards.of(key).get(key).is_some()).count();
    call.replies.integer(found as i64);
    Ok(())
}

pub(super) fn expire(call: &mut Call<'_>) -> Outcome {
    limit(call, SECOND, "expire")
}

pub(super) fn pexpire(call: &mut Call<'_>) -> Outcome {
    limit(call, MILLISECOND, "pexpire")
}

/// Gives a key so many units of time; one without a future is removed.
fn limit(call: &mut Call<'_>, unit: Duration, command: &str) -> Outcome {
    let count = call.integer(2)?;
    let key = call.word(1);
    let mut shard = call.server.store.shard(key);
    let there = if count <= 0 {
        shard.remove(key)
    } else {
        let at = deadline(count, unit, command)?;
        let there = shard.get(key).is_some();
        shard.expire(key, Some(at));
        there
    };
    call.replies.integer(there.into());
    Ok(())
}

pub(super) fn ttl(call: &mut Call<'_>) -> Outcome {
    // Rounded, as Redis does.
    left(call, |left| (left + SECOND / 2).as_secs().into())
}

pub(super) fn pttl(call: &mut Call<'_>) -> Outcome {
    left(call, |left| left.as_millis())
}

/// Tells how much of its time a key has left.
fn left(call: &mut Call<'_>, count: fn(Duration) -> u128) -> Outcome {
    let key = call.word(1);
    let left = match call.server.store.shard(key).get(key) {
        None => -2,
        Some(entry) => match entry.expires() {
            None => -1,
            Some(at) => {
                let left = count(at.saturating_duration_since(now()));
                i64::try_from(left).unwrap_or(i64::MAX)
            }
        },
    };
    call.replies.integer(left);
    Ok(())
}

/// The point in time `count` units from now, `count` being positive.
pub(super) fn deadline(count: i64, unit: Duration, command: &str) -> Result<Instant, Failure> {
    let milliseconds = u64::try_from(count)
        .ok()
        .and_then(|count| count.checked_mul(unit.as_millis() as u64))
        // Redis counts from 1970 in 64 bits with a sign.
        .filter(|&milliseconds| milliseconds <= i64::MAX as u64);
    milliseconds
        .and_then(|milliseconds| now().checked_add(Duration::from_millis(milliseconds)))
        .ok_or_else(|| invalid_time(command))
}

pub(super) fn invalid_time(command: &str) -> Failure {
    Failure::from(format!("ERR invalid expire time in '{command}' command"))
}
