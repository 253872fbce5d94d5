//! The sending side.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::err::SendError;
use crate::fanout::{Blank, Refused};
use crate::watch::cell::Channel;
use crate::watch::modify::modify;
use crate::watch::{Receiver, Ref};

/// The sending side of a watch channel.
///
/// # Sharing
///
/// It can be cloned, and all clones send to the same receivers. It can be sent and shared when values
/// are [`Send`] and [`Sync`]:
///
/// ```compile_fail
/// // Two receivers may look at one value at the same time, which a `Cell` does not stand.
/// let (tx, _rx) = hueless_channel::watch(std::cell::Cell::new(0));
/// std::thread::spawn(move || drop(tx));
/// ```
///
/// # Drop
///
/// Dropping the last sender disconnects the channel: a receiver gets the latest value if it has not
/// seen it, and errors from then on. Those who wait for a value wake up. Dropping never blocks.
///
/// # Examples
///
/// ```
/// use hueless_channel::watch;
///
/// let (progress, rx) = watch(0);
/// for percent in 1..=100 {
///     progress.send(percent).unwrap();
/// }
/// drop(progress);
/// assert_eq!(rx.iter().last(), Some(100));
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

    /// Replaces the value, and wakes the receivers that wait for one. Never blocks and never yields.
    ///
    /// The value before it is dropped as soon as nobody looks at it.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the value, if there is no receiver or the channel was closed. The latest
    /// value then stays what it was; [`send_modify`](Self::send_modify) changes it even if there is
    /// no receiver.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{SendError, watch};
    ///
    /// let (tx, rx) = watch("old");
    /// assert_eq!(tx.send("new"), Ok(()));
    /// assert_eq!(rx.recv(), Ok("new"));
    /// drop(rx);
    /// assert_eq!(tx.send("newer"), Err(SendError("newer")));
    /// ```
    pub fn send(&self, mut value: T) -> Result<(), SendError<T>> {
        loop {
            value = match self.channel.announce(|synced| synced.send(value)) {
                Ok(replaced) => {
                    self.channel.discard(replaced);
                    return Ok(());
                }
                Err(Refused::Disconnected(value)) => return Err(SendError(value)),
                Err(Refused::Starved(value)) => value,
            };
            self.channel.keep(Blank::new());
        }
    }

    /// Looks at the latest value. Never blocks, nor does the look block anybody.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = hueless_channel::watch(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(*tx.borrow(), 2);
    /// ```
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref::new(&self.channel)
    }

    /// Makes a receiver, by which the latest value counts as seen. Never blocks.
    ///
    /// There need not be a receiver left for that.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{TryRecvError, watch};
    ///
    /// let (tx, rx) = watch(1);
    /// tx.send(2).unwrap();
    /// let late = tx.subscribe();
    /// assert_eq!(rx.try_recv(), Ok(2));
    /// assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
    /// assert_eq!(late.get(), 2);
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        let cursor = self.channel.with(|synced| synced.join());
        Receiver::new(self.channel.clone(), cursor)
    }

    /// Closes the channel. Never blocks.
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
    /// tx.send(2).unwrap();
    /// tx.close();
    /// assert!(tx.send(3).is_err());
    /// assert_eq!(rx.recv(), Ok(2));
    /// assert_eq!(rx.recv(), Err(RecvError));
    /// assert_eq!(*rx.borrow(), 2);
    /// ```
    pub fn close(&self) {
        self.channel.close();
    }

    /// The number of senders of this channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = hueless_channel::watch(0);
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
    /// let (tx, rx) = hueless_channel::watch(0);
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
    /// use hueless_channel::watch;
    ///
    /// let (a, _rx) = watch(0);
    /// let (b, _rx) = watch(0);
    /// assert!(a.same_channel(&a.clone()));
    /// assert!(!a.same_channel(&b));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }
}

impl<T: Clone> Sender<T> {
    /// Changes the value by what it was, and wakes the receivers that wait for one. Returns whether
    /// the value was changed, which it always is unless the channel was closed.
    ///
    /// `f` works on a clone, so it may take its time: receivers see the value before it, and `send`
    /// does not wait. A value that is sent meanwhile counts as later than what `f` makes. Several
    /// modifications take place one after the other: blocks the current task, or thread, while another
    /// one is at work. There need not be a receiver.
    ///
    /// If `f` panics, or the task is cancelled while it waits, nothing is changed. `f` must not
    /// modify the value of the same channel by this method, for which it would wait for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::watch(vec![1]);
    /// assert!(tx.send_modify(|list| list.push(2)));
    /// assert_eq!(rx.recv(), Ok(vec![1, 2]));
    /// ```
    pub fn send_modify(&self, f: impl FnOnce(&mut T)) -> bool {
        self.send_if_modified(|value| {
            f(value);
            true
        })
    }

    /// Changes the value as [`send_modify`](Self::send_modify) does, if `f` returns `true`. Otherwise
    /// the value stays as it was, and nobody wakes up. Returns whether the value was changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::watch(7);
    /// let halve = |n: &mut i32| {
    ///     *n /= 2;
    ///     *n > 0
    /// };
    /// assert!(tx.send_if_modified(halve) && tx.send_if_modified(halve));
    /// assert!(!tx.send_if_modified(halve));
    /// assert_eq!(rx.recv(), Ok(1));
    /// ```
    pub fn send_if_modified(&self, f: impl FnOnce(&mut T) -> bool) -> bool {
        modify(&self.channel, f)
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
