//! Changing the value by what it was.
//!
//! The user's closure works on a clone, outside of any lock, for any time. So that two of them do
//! not start from the same value, modifiers take turns: a flag in the state, and the gate's queue of
//! senders for those who wait. Nobody else waits for a turn, neither receivers nor plain sends.
//!
//! A value that is sent while a closure works is later than what comes of it: that was replaced at
//! once, and is not published. Nobody can tell, since only the latest value is ever seen.

use crate::fanout::{Blank, Refused};
use crate::watch::cell::Channel;

/// The turn to modify. Dropping it passes it on.
struct Turn<'a, T> {
    channel: &'a Channel<T>,
}

impl<'a, T> Turn<'a, T> {
    fn wait(channel: &'a Channel<T>) -> Self {
        channel.wait_for_turn(|synced| {
            let modifying = &mut synced.state.modifying;
            (!*modifying).then(|| *modifying = true)
        });
        Self { channel }
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.channel
            .pass_on(|synced| synced.state.modifying = false);
    }
}

/// Has `f` change the value, and publishes what comes of it if `f` says so. Answers whether it was
/// changed.
pub(super) fn modify<T: Clone>(channel: &Channel<T>, f: impl FnOnce(&mut T) -> bool) -> bool {
    // Dropped after the turn: a value's destructor is the program's code, and may modify in turn.
    let mut changed = None;
    let before;
    let turn = Turn::wait(channel);
    let number;
    match channel.with(|synced| synced.to_modify()) {
        Some(latest) => (before, number) = latest,
        None => return false,
    }
    if !f(changed.insert(T::clone(&before))) {
        return false;
    }
    while let Some(value) = changed.take() {
        let published = channel.announce(|synced| match synced.is_latest(number) {
            true => synced.replace(value).map_err(Unpublished::Refused),
            false => Err(Unpublished::Superseded(value)),
        });
        match published {
            Ok(replaced) => {
                drop(turn);
                channel.discard(replaced);
                channel.discard(before);
                return true;
            }
            Err(Unpublished::Superseded(value)) => {
                drop(turn);
                drop(value);
                return true;
            }
            Err(Unpublished::Refused(Refused::Disconnected(value))) => {
                drop(turn);
                drop(value);
                return false;
            }
            Err(Unpublished::Refused(Refused::Starved(value))) => changed = Some(value),
        }
        channel.keep(Blank::new());
    }
    unreachable!("the value is there until it is published or not")
}

/// A modified value that was not published.
enum Unpublished<T> {
    /// Another one was sent meanwhile.
    Superseded(T),
    Refused(Refused<T>),
}
