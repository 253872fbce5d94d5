//! How broadcast channels come into being.

use std::sync::Arc;

use crate::broadcast::ring::{Channel, Ring};
use crate::broadcast::{Receiver, Sender};

/// Memory is kept for so many messages beside those that the channel can hold: for those that
/// receivers have just taken out.
const SPARES: usize = 16;

/// Creates a channel on which every receiver sees every message, and which holds at most `cap`
/// messages.
///
/// A receiver sees the messages that are sent after it was made. Senders never wait: when `cap`
/// messages are there that some receiver has yet to see, the oldest is overwritten, and whoever has
/// not seen it gets an error that says how many it missed. So `cap` is how far receivers may fall
/// behind.
///
/// Memory for the places of `cap` messages is allocated here, that of the messages when they are
/// first needed. Never blocks.
///
/// # Panics
///
/// If `cap` is zero, or if so many places do not fit into memory.
///
/// # Examples
///
/// ```
/// use hueless_channel::broadcast;
/// use hueless_channel::broadcast::RecvError;
///
/// let (tx, rx) = broadcast(2);
/// let late = rx.clone();
/// tx.send("one").unwrap();
/// tx.send("two").unwrap();
/// assert_eq!(rx.recv(), Ok("one"));
/// assert_eq!(rx.recv(), Ok("two"));
///
/// tx.send("three").unwrap(); // There is room for two: the first one goes.
/// assert_eq!(late.recv(), Err(RecvError::Lagged(1)));
/// assert_eq!(late.recv(), Ok("two"));
/// assert_eq!(late.recv(), Ok("three"));
/// ```
#[doc(alias = "publish")]
#[doc(alias = "pubsub")]
#[track_caller]
pub fn broadcast<T: Clone>(cap: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        cap != 0,
        "a broadcast channel needs a capacity of at least one: senders never wait"
    );
    let (ring, cursor) = Ring::new(cap);
    let channel = Arc::new(Channel::new(ring, cap.saturating_add(SPARES)));
    (Sender::new(channel.clone()), Receiver::new(channel, cursor))
}
