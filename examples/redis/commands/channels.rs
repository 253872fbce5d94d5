//! Channels.

use super::{Call, Outcome};

pub(super) fn publish(call: &mut Call<'_>) -> Outcome {
    let heard = call.server.hub.publish(call.word(1), call.word(2));
    call.replies.integer(heard as i64);
    Ok(())
}

pub(super) fn subscribe(call: &mut Call<'_>) -> Outcome {
    for channel in call.words.from(1) {
        call.client
            .subscribe(channel, &call.server.hub, call.replies);
    }
    Ok(())
}

/// `UNSUBSCRIBE [channel…]`: from all of them if none is named.
pub(super) fn unsubscribe(call: &mut Call<'_>) -> Outcome {
    let hub = &call.server.hub;
    for channel in call.words.from(1) {
        call.client.unsubscribe(channel, hub, call.replies);
    }
    if call.words.len() == 1 {
        let channels = call.client.channels();
        if channels.is_empty() {
            call.client.tell(call.replies, "unsubscribe", None);
        }
        for channel in channels {
            call.client.unsubscribe(&channel, hub, call.replies);
        }
    }
    Ok(())
}
