//! The receiving side.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::err::{RecvError, RecvTimeoutError, TryRecvError};
use crate::exchange::Limit;
use crate::fanout::{Cursor, Expired};
use crate::watch::cell::{Channel, Found};
use crate::watch::{Iter, Ref};

/// The receiving side of a watch channel.
///
/// # Sharing
///
/// It can be sent and shared when values are [`Send`] and [`Sync`]. A clone is a receiver of its own,
/// which has seen what this one has.
///
/// # Drop
///
/// Once the last receiver is gone, sends fail until there is [another](super::Sender::subscribe).
/// Dropping never blocks.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use hueless_channel::watch;
///
/// let (tx, rx) = watch(0);
/// let watchers = [rx.clone(), rx].map(|rx| thread::spawn(move || rx.iter().last()));
/// for n in 1..=3 {
///     tx.send(n).unwrap();
/// }
/// drop(tx);
/// assert_eq!(watchers.map(|watcher| watcher.join().unwrap()), [Some(3), Some(3)]);
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

    /// Looks at the latest value, which does not count as seen by that. Never blocks, nor does the
    /// look block anybody.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::watch(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(*rx.borrow(), 2);
    /// assert!(rx.has_changed());
    /// ```
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref::new(&self.channel)
    }

    /// Whether there is a value that this receiver has not seen. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::watch(1);
    /// assert!(!rx.has_changed());
    /// tx.send(2).unwrap();
    /// assert!(rx.has_changed());
    /// assert_eq!(rx.recv(), Ok(2));
    /// assert!(!rx.has_changed());
    /// ```
    pub fn has_changed(&self) -> bool {
        self.channel
            .with(|synced| synced.state.has_changed(&self.cursor))
    }

    /// Closes the channel, for all receivers. Never blocks.
    ///
    /// From then on the value does not change any more. A receiver gets the latest value if it has
    /// not seen it, then errors; those who wait for a value wake up.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{RecvError, watch};
    ///
    /// let (tx, rx) = watch(1);
    /// rx.close();
    /// assert!(tx.send(2).is_err());
    /// assert_eq!(rx.recv(), Err(RecvError));
    /// ```
    pub fn close(&self) {
        self.channel.close();
    }

    /// The number of senders of this channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::watch(0);
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
    /// let (_tx, rx) = hueless_channel::watch(0);
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
    /// use hueless_channel::watch;
    ///
    /// let (_tx, a) = watch(0);
    /// let (_tx, b) = watch(0);
    /// assert!(a.same_channel(&a.clone()));
    /// assert!(!a.same_channel(&b));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }
}

impl<T: Clone> Receiver<T> {
    /// Returns the latest value, which does not count as seen by that. Never blocks, unless the
    /// value's clone does.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::watch(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(rx.get(), 2);
    /// assert!(rx.has_changed());
    /// ```
    pub fn get(&self) -> T {
        T::clone(&self.borrow())
    }

    /// Receives the latest value if this receiver has not seen it. Never blocks, unless the value's
    /// clone does.
    ///
    /// # Errors
    ///
    /// [`Empty`](TryRecvError::Empty) if it has seen the latest value,
    /// [`Disconnected`](TryRecvError::Disconnected) if, besides, every sender is gone or the channel
    /// was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{TryRecvError, watch};
    ///
    /// let (tx, rx) = watch(1);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(2).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(2));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.channel.with(|synced| synced.take(&self.cursor)) {
            Some(found) => Ok(self.finish(found)?),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Receives the latest value, waiting until there is one that this receiver has not seen.
    ///
    /// Blocks the current task, or thread, while it has seen the latest value. Wakes up when the
    /// channel is closed or disconnected. A task that is cancelled while it waits has received
    /// nothing, and the receiver has missed nothing.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if this receiver has seen the latest value, and every sender is gone or the
    /// channel was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use hueless_channel::{RecvError, watch};
    ///
    /// let (tx, rx) = watch(1);
    /// thread::spawn(move || tx.send(2).unwrap());
    /// assert_eq!(rx.recv(), Ok(2));
    /// assert_eq!(rx.recv(), Err(RecvError));
    /// ```
    #[doc(alias = "changed")]
    pub fn recv(&self) -> Result<T, RecvError> {
        match self.wait(Limit::Never) {
            Ok(found) => self.finish(found),
            Err(Expired) => unreachable!("there is no limit"),
        }
    }

    /// Receives the latest value, waiting for at most `timeout` until there is one that this receiver
    /// has not seen.
    ///
    /// Blocks as [`recv`](Self::recv) does. If there is such a value, it is received however short
    /// the time is.
    ///
    /// # Errors
    ///
    /// [`Timeout`](RecvTimeoutError::Timeout) if the time is up,
    /// [`Disconnected`](RecvTimeoutError::Disconnected) if this receiver has seen the latest value,
    /// and every sender is gone or the channel was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_channel::{RecvTimeoutError, watch};
    ///
    /// let (tx, rx) = watch(1);
    /// let wait = Duration::from_millis(1);
    /// assert_eq!(rx.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
    /// tx.send(2).unwrap();
    /// assert_eq!(rx.recv_timeout(wait), Ok(2));
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_within(Limit::After(timeout))
    }

    /// Receives the latest value, waiting until `deadline` for one that this receiver has not seen.
    ///
    /// Blocks as [`recv`](Self::recv) does. If there is such a value, it is received even if the
    /// deadline has passed.
    ///
    /// # Errors
    ///
    /// [`Timeout`](RecvTimeoutError::Timeout) if the deadline has passed,
    /// [`Disconnected`](RecvTimeoutError::Disconnected) if this receiver has seen the latest value,
    /// and every sender is gone or the channel was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use hueless_channel::{RecvTimeoutError, watch};
    ///
    /// let (tx, rx) = watch(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(rx.recv_deadline(Instant::now()), Ok(2));
    /// assert_eq!(rx.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
    /// ```
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_within(Limit::At(deadline))
    }

    /// Waits until the latest value is one that `wanted` says yes to, and returns it.
    ///
    /// Begins with the value that is there, whether this receiver has seen it or not. Every value that
    /// `wanted` was asked about counts as seen. Blocks as [`recv`](Self::recv) does. If `wanted`
    /// panics, the panic comes out here, and nobody else is affected.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if every sender is gone or the channel was closed, and the latest value is not
    /// wanted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use hueless_channel::{RecvError, watch};
    ///
    /// let (tx, rx) = watch(0);
    /// let counter = thread::spawn(move || (1..=5).for_each(|n| tx.send(n).unwrap()));
    /// assert_eq!(rx.wait_for(|n| *n >= 5), Ok(5));
    /// counter.join().unwrap();
    /// assert_eq!(rx.wait_for(|n| *n > 5), Err(RecvError));
    /// ```
    pub fn wait_for(&self, mut wanted: impl FnMut(&T) -> bool) -> Result<T, RecvError> {
        let mut value = self.channel.with(|synced| synced.state.see(&self.cursor));
        while !wanted(&value) {
            self.channel.discard(value);
            value = match self.wait(Limit::Never) {
                Ok(Found::Value(value)) => value,
                Ok(Found::Disconnected) => return Err(RecvError),
                Err(Expired) => unreachable!("there is no limit"),
            };
        }
        Ok(self.channel.open(value))
    }

    /// Iterates over values that this receiver has not seen, waiting for each until every sender is
    /// gone or the channel was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::watch(1);
    /// tx.send(2).unwrap();
    /// tx.send(3).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [3]);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
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
            Found::Value(parcel) => Ok(self.channel.open(parcel)),
            Found::Disconnected => Err(RecvError),
        }
    }
}

impl<T> Clone for Receiver<T> {
    /// Another receiver of the same channel, which has seen what this one has. Never blocks.
    fn clone(&self) -> Self {
        let cursor = self.channel.with(|synced| synced.join_at(&self.cursor));
        Self::new(self.channel.clone(), cursor)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.with(|synced| synced.sides.receivers -= 1);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
