//! The receiving side.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::broadcast::ring::{Batch, Channel, Found};
use crate::broadcast::{Iter, RecvError, RecvTimeoutError, TryIter, TryRecvError};
use crate::exchange::Limit;
use crate::fanout::{Cursor, Expired, Parcel};

/// The receiving side of a broadcast channel.
///
/// It sees every message that is sent after it was made, in the order they were sent, unless it
/// falls so far behind that they are overwritten.
///
/// # Sharing
///
/// It can be sent and shared when messages are [`Send`] and [`Sync`]. A clone is a receiver of its
/// own, which sees everything that this one has yet to see. To share the messages between several
/// tasks, so that each goes to one of them, share one receiver, by reference or in an
/// [`Arc`].
///
/// # Drop
///
/// Dropping a receiver drops the messages that only this one had yet to see. Once the last one is
/// gone, sends fail until there is [another](super::Sender::subscribe). Dropping never blocks, unless
/// a message's destructor does.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use hueless_channel::broadcast;
///
/// let (tx, rx) = broadcast(100);
/// let counters = [rx.clone(), rx].map(|rx| thread::spawn(move || rx.iter().count()));
/// for i in 0..100 {
///     tx.send(i).unwrap();
/// }
/// drop(tx);
/// assert_eq!(counters.map(|counter| counter.join().unwrap()), [100, 100]);
/// ```
pub struct Receiver<T> {
    pub(super) channel: Arc<Channel<T>>,
    pub(super) cursor: Cursor,
}

// A panic cannot leave a channel in a torn state: no user code runs while it is changed.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    /// A receiver that the channel counts already.
    pub(super) fn new(channel: Arc<Channel<T>>, cursor: Cursor) -> Self {
        Self { channel, cursor }
    }

    /// The number of messages that this receiver can receive without waiting; those that it has
    /// missed do not count. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast(2);
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// assert_eq!(rx.len(), 2);
    /// tx.send(3).unwrap();
    /// assert_eq!(rx.len(), 2, "the first one was overwritten");
    /// ```
    pub fn len(&self) -> usize {
        self.channel
            .with(|synced| synced.state.unseen(&self.cursor))
    }

    /// Whether there is no message that this receiver could receive. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast(2);
    /// assert!(rx.is_empty());
    /// tx.send(1).unwrap();
    /// assert!(!rx.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of messages that the channel can hold. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(hueless_channel::broadcast::<i32>(5).1.capacity(), 5);
    /// ```
    pub fn capacity(&self) -> usize {
        self.channel.with(|synced| synced.state.capacity())
    }

    /// Closes the channel, for all receivers. Never blocks.
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
    /// rx.close();
    /// assert!(tx.send(2).is_err());
    /// assert_eq!(rx.recv(), Ok(1));
    /// assert_eq!(rx.recv(), Err(RecvError::Disconnected));
    /// ```
    pub fn close(&self) {
        self.channel.close();
    }

    /// The number of senders of this channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast::<i32>(1);
    /// drop(tx);
    /// assert_eq!(rx.sender_count(), 0);
    /// ```
    pub fn sender_count(&self) -> usize {
        self.channel.with(|synced| synced.sides.senders)
    }

    /// The number of receivers of this channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_tx, rx) = hueless_channel::broadcast::<i32>(1);
    /// let _other = rx.clone();
    /// assert_eq!(rx.receiver_count(), 2);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.channel.with(|synced| synced.sides.receivers)
    }

    /// Whether both receivers receive from the same channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::broadcast;
    ///
    /// let (_tx, a) = broadcast::<i32>(1);
    /// let (_tx, b) = broadcast::<i32>(1);
    /// assert!(a.same_channel(&a.clone()));
    /// assert!(!a.same_channel(&b));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives a message if that is possible without waiting. Never blocks, unless the message's
    /// clone does.
    ///
    /// # Errors
    ///
    /// [`Empty`](TryRecvError::Empty) if there is no message, [`Lagged`](TryRecvError::Lagged) if
    /// messages were overwritten before this receiver came for them,
    /// [`Disconnected`](TryRecvError::Disconnected) if everything was received and every sender is
    /// gone or the channel was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::broadcast;
    /// use hueless_channel::broadcast::TryRecvError;
    ///
    /// let (tx, rx) = broadcast(1);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(4).unwrap();
    /// tx.send(5).unwrap();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(1)));
    /// assert_eq!(rx.try_recv(), Ok(5));
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.channel.with(|synced| synced.take(&self.cursor)) {
            Some(found) => Ok(self.finish(found)?),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Receives a message, waiting until there is one.
    ///
    /// Blocks the current task, or thread, while there is no message that this receiver has not
    /// seen. Wakes up when the channel is closed or disconnected. A task that is cancelled while it
    /// waits has received nothing, and the receiver has missed nothing.
    ///
    /// # Errors
    ///
    /// [`Lagged`](RecvError::Lagged) if messages were overwritten before this receiver came for
    /// them; the next call goes on with the oldest message that is still there.
    /// [`Disconnected`](RecvError::Disconnected) if everything was received and every sender is gone
    /// or the channel was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use hueless_channel::broadcast;
    /// use hueless_channel::broadcast::RecvError;
    ///
    /// let (tx, rx) = broadcast(1);
    /// thread::spawn(move || tx.send(5).unwrap());
    /// assert_eq!(rx.recv(), Ok(5));
    /// assert_eq!(rx.recv(), Err(RecvError::Disconnected));
    /// ```
    pub fn recv(&self) -> Result<T, RecvError> {
        match self.wait(Limit::Never) {
            Ok(found) => self.finish(found),
            Err(Expired) => unreachable!("there is no limit"),
        }
    }

    /// Receives a message, waiting for at most `timeout`.
    ///
    /// Blocks as [`recv`](Self::recv) does. If there is a message, it is received however short the
    /// time is.
    ///
    /// # Errors
    ///
    /// [`Timeout`](RecvTimeoutError::Timeout) if the time is up, and as for [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_channel::broadcast;
    /// use hueless_channel::broadcast::RecvTimeoutError;
    ///
    /// let (tx, rx) = broadcast(1);
    /// let wait = Duration::from_millis(1);
    /// assert_eq!(rx.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
    /// tx.send(5).unwrap();
    /// assert_eq!(rx.recv_timeout(wait), Ok(5));
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_within(Limit::After(timeout))
    }

    /// Receives a message, waiting until `deadline`.
    ///
    /// Blocks as [`recv`](Self::recv) does. If there is a message, it is received even if the
    /// deadline has passed.
    ///
    /// # Errors
    ///
    /// [`Timeout`](RecvTimeoutError::Timeout) if the deadline has passed, and as for
    /// [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use hueless_channel::broadcast;
    /// use hueless_channel::broadcast::RecvTimeoutError;
    ///
    /// let (tx, rx) = broadcast(1);
    /// tx.send(5).unwrap();
    /// assert_eq!(rx.recv_deadline(Instant::now()), Ok(5));
    /// assert_eq!(rx.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
    /// ```
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_within(Limit::At(deadline))
    }

    /// Iterates over messages, waiting for each until everything was received and every sender is
    /// gone or the channel was closed. Where messages were missed, the iterator says so with a
    /// [`Lagged`](super::Lagged), and goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::broadcast;
    /// use hueless_channel::broadcast::Lagged;
    ///
    /// let (tx, rx) = broadcast(2);
    /// for i in 1..=3 {
    ///     tx.send(i).unwrap();
    /// }
    /// drop(tx);
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [Err(Lagged(1)), Ok(2), Ok(3)]);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// Iterates over the messages that can be received without waiting, as [`iter`](Self::iter)
    /// does.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast(2);
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [Ok(1), Ok(2)]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }

    fn recv_within(&self, limit: Limit) -> Result<T, RecvTimeoutError> {
        match self.wait(limit) {
            Ok(found) => Ok(self.finish(found)?),
            Err(Expired) => Err(RecvTimeoutError::Timeout),
        }
    }

    fn wait(&self, limit: Limit) -> Result<Found<T>, Expired> {
        self.channel.wait(limit, |synced| synced.take(&self.cursor))
    }

    /// What was found, for the user. The lock is not held.
    pub(super) fn finish(&self, found: Found<T>) -> Result<T, RecvError> {
        match found {
            Found::Message(parcel) => Ok(self.channel.open(parcel)),
            Found::Lagged(missed) => Err(RecvError::Lagged(missed)),
            Found::Disconnected => Err(RecvError::Disconnected),
        }
    }
}

impl<T> Clone for Receiver<T> {
    /// Another receiver of the same channel, which sees everything that this one has yet to see.
    /// Never blocks.
    fn clone(&self) -> Self {
        let cursor = self.channel.with(|synced| synced.join_at(&self.cursor));
        Self::new(self.channel.clone(), cursor)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.with(|synced| synced.leave(&self.cursor));
        let mut unseen = Unseen {
            channel: &self.channel,
            batch: self.channel.with(|synced| synced.state.trim()),
        };
        while let Some(parcel) = unseen.next() {
            self.channel.discard(parcel);
        }
    }
}

/// The messages that nobody has yet to see, once a receiver has left.
///
/// If the drop of one of them panics, the others are taken out all the same, so that the channel is
/// right, and leaked, as crossbeam-channel does it.
struct Unseen<'a, T> {
    channel: &'a Channel<T>,
    batch: Batch<T>,
}

impl<T> Unseen<'_, T> {
    fn next(&mut self) -> Option<Parcel<T>> {
        if self.batch.is_empty() {
            self.batch = self.channel.with(|synced| synced.state.trim());
        }
        self.batch.pop()
    }
}

impl<T> Drop for Unseen<'_, T> {
    fn drop(&mut self) {
        while let Some(parcel) = self.next() {
            self.channel.leak(parcel);
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
