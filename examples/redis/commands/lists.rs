//! Lists.

use super::{Call, Outcome, WRONG_TYPE};
use crate::store::{List, Value};

pub(super) fn lpush(call: &mut Call<'_>) -> Outcome {
    push(call, List::push_front)
}

pub(super) fn rpush(call: &mut Call<'_>) -> Outcome {
    push(call, List::push_back)
}

fn push(call: &mut Call<'_>, push: fn(&mut List, Box<[u8]>)) -> Outcome {
    let key = call.word(1);
    let elements = call.words.from(2).map(Box::from);
    let mut shard = call.server.store.shard(key);
    let length = match shard.get(key).map(|entry| &mut entry.value) {
        Some(Value::List(list)) => {
            elements.for_each(|element| push(list, element));
            list.len()
        }
        Some(Value::Text(_)) => return Err(WRONG_TYPE),
        None => {
            let mut list = List::new();
            elements.for_each(|element| push(&mut list, element));
            let length = list.len();
            shard.put(key, Value::List(list));
            length
        }
    };
    call.replies.integer(length as i64);
    Ok(())
}

pub(super) fn llen(call: &mut Call<'_>) -> Outcome {
    let key = call.word(1);
    let length = match call
        .server
        .store
        .shard(key)
        .get(key)
        .map(|entry| &entry.value)
    {
        Some(Value::List(list)) => list.len(),
        Some(Value::Text(_)) => return Err(WRONG_TYPE),
        None => 0,
    };
    call.replies.integer(length as i64);
    Ok(())
}

/// `LRANGE key first last`; numbers below 0 count from the end.
pub(super) fn lrange(call: &mut Call<'_>) -> Outcome {
    let (first, last) = (call.integer(2)?, call.integer(3)?);
    let key = call.word(1);
    let mut shard = call.server.store.shard(key);
    let list = match shard.get(key).map(|entry| &entry.value) {
        Some(Value::List(list)) => list,
        Some(Value::Text(_)) => return Err(WRONG_TYPE),
        None => {
            call.replies.array(0);
            return Ok(());
        }
    };
    let length = list.len() as i64;
    let index = |number: i64| {
        if number < 0 {
            number.saturating_add(length)
        } else {
            number
        }
    };
    let first = index(first).max(0);
    let end = index(last).min(length - 1) + 1;
    if first >= end {
        call.replies.array(0);
        return Ok(());
    }
    let elements = list.range(first as usize..end as usize);
    call.replies.array(elements.len());
    elements.for_each(|element| call.replies.text(element));
    Ok(())
}
