//! Texts and numbers, which are texts too.

use std::io::Write;
use std::time::Duration;

use super::{Call, NOT_INTEGER, Outcome, SYNTAX, WRONG_TYPE};
use crate::commands::keys::{deadline, invalid_time};
use crate::protocol::integer;
use crate::reply::Failure;
use crate::store::Value;

const OVERFLOW: Failure = Failure::new("ERR increment or decrement would overflow");
const DECREMENT: Failure = Failure::new("ERR decrement would overflow");

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let key = call.word(1);
    match call
        .server
        .store
        .shard(key)
        .get(key)
        .map(|entry| &entry.value)
    {
        Some(Value::Text(text)) => call.replies.text(text),
        Some(Value::List(_)) => return Err(WRONG_TYPE),
        None => call.replies.nil(),
    }
    Ok(())
}

pub(super) fn mget(call: &mut Call<'_>) -> Outcome {
    let keys = call.words.from(1);
    let mut shards = call.server.store.shards(keys.clone());
    call.replies.array(call.words.len() - 1);
    for key in keys {
        match shards.of(key).get(key).map(|entry| &entry.value) {
            Some(Value::Text(text)) => call.replies.text(text),
            Some(Value::List(_)) | None => call.replies.nil(),
        }
    }
    Ok(())
}

/// `SET key value [NX | XX] [EX seconds | PX milliseconds]`
pub(super) fn set(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.word(1), call.word(2));
    // Whether the key must be there, or must not be.
    let (mut there, mut time) = (None, None);
    let mut options = call.words.from(3);
    while let Some(option) = options.next() {
        let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
        let unit = match () {
            () if is("nx") && there != Some(true) => {
                there = Some(false);
                continue;
            }
            () if is("xx") && there != Some(false) => {
                there = Some(true);
                continue;
            }
            () if is("ex") && time.is_none() => Duration::from_secs(1),
            () if is("px") && time.is_none() => Duration::from_millis(1),
            () => return Err(SYNTAX),
        };
        let count = integer(options.next().ok_or(SYNTAX)?).ok_or(NOT_INTEGER)?;
        if count <= 0 {
            return Err(invalid_time("set"));
        }
        time = Some(deadline(count, unit, "set")?);
    }
    let mut shard = call.server.store.shard(key);
    if there.is_some_and(|there| there != shard.get(key).is_some()) {
        call.replies.nil();
        return Ok(());
    }
    shard.put(key, Value::Text(value.into()));
    shard.expire(key, time);
    call.replies.status("OK");
    Ok(())
}

pub(super) fn incr(call: &mut Call<'_>) -> Outcome {
    add(call, 1)
}

pub(super) fn decr(call: &mut Call<'_>) -> Outcome {
    add(call, -1)
}

pub(super) fn incrby(call: &mut Call<'_>) -> Outcome {
    let by = call.integer(2)?;
    add(call, by)
}

pub(super) fn decrby(call: &mut Call<'_>) -> Outcome {
    let by = call.integer(2)?;
    add(call, by.checked_neg().ok_or(DECREMENT)?)
}

fn add(call: &mut Call<'_>, by: i64) -> Outcome {
    let key = call.word(1);
    let mut shard = call.server.store.shard(key);
    let sum = match shard.get(key).map(|entry| &mut entry.value) {
        Some(Value::Text(text)) => {
            let number = integer(text).ok_or(NOT_INTEGER)?;
            let sum = number.checked_add(by).ok_or(OVERFLOW)?;
            text.clear();
            // Writing to a vector does not fail.
            let _ = write!(text, "{sum}");
            sum
        }
        Some(Value::List(_)) => return Err(WRONG_TYPE),
        None => {
            shard.put(key, Value::Text(by.to_string().into()));
            by
        }
    };
    call.replies.integer(sum);
    Ok(())
}
