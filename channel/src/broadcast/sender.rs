//! The sending side.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::broadcast::Receiver;
use crate::broadcast::ring::Channel;
use crate::err::SendError;
use crate::fanout::{Blank, Refused};

/// The sending side of a broadcast channel.
///
/// # Sharing
///
/// It can be cloned, and all clones send on the same channel: receivers see the messages of all of
/// them, in one order. It can be sent and shared when messages are [`Send`] and [`Sync`]:
///
/// ```compile_fail
/// // Two receivers may clone one message at the same time, which a `Cell` does not stand.
/// let (tx, _rx) = hueless_channel::broadcast::<std::cell::Cell<i32>>(1);
/// std::thread::spawn(move || drop(tx));
/// ```
///
/// # Drop
///
/// Dropping the last sender disconnects the channel: receivers get the messages that are left, and
/// errors from then on. Those who wait for a message wake up. Dropping never blocks.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use hueless_channel::broadcast;
///
/// let (tx, rx) = broadcast(8);
/// let other = tx.clone();
/// thread::spawn(move || other.send(1).unwrap());
/// thread::spawn(move || tx.send(2).unwrap());
/// assert_eq!(rx.iter().map(|msg| msg.unwrap()).sum::<i32>(), 3);
/// ```
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
}

// A panic cannot leave a channel in a torn state: no user code runs while it is changed.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    /// A sender that the channel counts already.
    pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { channel }
    }

    /// Sends a message to every receiver there is, and returns how many they are.
    ///
    /// Never blocks and never yields. If there is no room, the oldest message is overwritten; who
    /// has not received that one is told so. Since it never yields, a task that sends many messages
    /// at a stretch should let others run in between (`hueless::yield_now`): the receivers that live
    /// on its own worker cannot keep up otherwise.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the message, if there is no receiver or the channel was closed. There may
    /// be receivers again later, see [`subscribe`](Self::subscribe).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{SendError, broadcast};
    ///
    /// let (tx, rx) = broadcast(2);
    /// let other = rx.clone();
    /// assert_eq!(tx.send("news"), Ok(2));
    /// assert_eq!((rx.recv(), other.recv()), (Ok("news"), Ok("news")));
    /// drop((rx, other));
    /// assert_eq!(tx.send("olds"), Err(SendError("olds")));
    /// ```
    #[doc(alias = "publish")]
    pub fn send(&self, mut msg: T) -> Result<usize, SendError<T>> {
        loop {
            msg = match self.channel.announce(|synced| synced.send(msg)) {
                Ok(sent) => {
                    if let Some(parcel) = sent.overwritten {
                        self.channel.discard(parcel);
                    }
                    return Ok(sent.receivers);
                }
                Err(Refused::Disconnected(msg)) => return Err(SendError(msg)),
                Err(Refused::Starved(msg)) => msg,
            };
            self.channel.keep(Blank::new());
        }
    }

    /// Makes a receiver that sees what is sent from now on. Never blocks.
    ///
    /// There need not be a receiver left for that. On a channel that was closed it only gets the
    /// error that says so.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::broadcast;
    ///
    /// let (tx, rx) = broadcast(2);
    /// tx.send(1).unwrap();
    /// let late = tx.subscribe();
    /// tx.send(2).unwrap();
    /// assert_eq!((rx.recv(), rx.recv()), (Ok(1), Ok(2)));
    /// assert_eq!(late.recv(), Ok(2));
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        let cursor = self.channel.with(|synced| synced.join());
        Receiver::new(self.channel.clone(), cursor)
    }

    /// Closes the channel. Never blocks.
    ///
    /// From then on sends fail. Receivers get the messages that are left, then errors; those who wait
    /// for a message wake up.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::broadcast;
    /// use hueless_channel::broadcast::RecvError;
    ///
    /// let (tx, rx) = broadcast(2);
    /// tx.send(1).unwrap();
    /// tx.close();
    /// assert!(tx.send(2).is_err());
    /// assert_eq!(rx.recv(), Ok(1));
    /// assert_eq!(rx.recv(), Err(RecvError::Disconnected));
    /// ```
    pub fn close(&self) {
        self.channel.close();
    }

    /// The number of messages that some receiver has yet to receive. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast(2);
    /// let other = rx.clone();
    /// tx.send(1).unwrap();
    /// rx.recv().unwrap();
    /// assert_eq!(tx.len(), 1);
    /// other.recv().unwrap();
    /// assert_eq!(tx.len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.channel.with(|synced| synced.state.len())
    }

    /// Whether every receiver has received every message. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast(2);
    /// assert!(tx.is_empty());
    /// tx.send(1).unwrap();
    /// assert!(!tx.is_empty());
    /// # drop(rx);
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the next message overwrites one that some receiver has yet to receive. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast(1);
    /// assert!(!tx.is_full());
    /// tx.send(1).unwrap();
    /// assert!(tx.is_full());
    /// # drop(rx);
    /// ```
    pub fn is_full(&self) -> bool {
        self.channel
            .with(|synced| synced.state.len() == synced.state.capacity())
    }

    /// The number of messages that the channel can hold. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(hueless_channel::broadcast::<i32>(5).0.capacity(), 5);
    /// ```
    pub fn capacity(&self) -> usize {
        self.channel.with(|synced| synced.state.capacity())
    }

    /// The number of senders of this channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = hueless_channel::broadcast::<i32>(1);
    /// let _other = tx.clone();
    /// assert_eq!(tx.sender_count(), 2);
    /// ```
    pub fn sender_count(&self) -> usize {
        self.channel.with(|synced| synced.sides.senders)
    }

    /// The number of receivers of this channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast::<i32>(1);
    /// drop(rx);
    /// assert_eq!(tx.receiver_count(), 0);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.channel.with(|synced| synced.sides.receivers)
    }

    /// Whether both senders send on the same channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::broadcast;
    ///
    /// let (a, _rx) = broadcast::<i32>(1);
    /// let (b, _rx) = broadcast::<i32>(1);
    /// assert!(a.same_channel(&a.clone()));
    /// assert!(!a.same_channel(&b));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.channel.count_sender_in();
        Self::new(self.channel.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.channel.count_sender_out();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Sender { .. }")
    }
}
