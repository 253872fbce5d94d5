//! How watch channels come into being.

use std::sync::Arc;

use crate::fanout::Blank;
use crate::watch::cell::{Cell, Channel};
use crate::watch::{Receiver, Sender};

/// Memory is kept for so many values beside the latest one: for those that readers still look at.
const SPARES: usize = 16;

/// Creates a channel that holds one value, the latest; `init` is the first.
///
/// Receivers read it at any time, and wait for one that they have not seen. Senders replace it and
/// never wait. The first value counts as seen by the receiver that is made here. Never blocks.
///
/// # Examples
///
/// ```
/// use hueless_channel::{TryRecvError, watch};
///
/// let (tx, rx) = watch(1);
/// assert_eq!(*rx.borrow(), 1);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// tx.send(2).unwrap();
/// tx.send(3).unwrap();
/// assert_eq!(rx.recv(), Ok(3)); // The latest one only.
/// ```
pub fn watch<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let (cell, cursor) = Cell::new(Blank::new().fill(init));
    let channel = Arc::new(Channel::new(cell, SPARES));
    (Sender::new(channel.clone()), Receiver::new(channel, cursor))
}
