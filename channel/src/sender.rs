//! The sending side.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::counter;
use crate::err::{SendError, SendTimeoutError, TrySendError};
use crate::exchange::{Channel, GateLock, Grant, Limit, Packet};
use crate::flavors::{Blocks, Rendezvous, Ring};
use crate::future::Link;
use crate::iter::Drain;
use crate::receiver::Receiver;
use crate::select::internal::{RecvCase, SendCase, Source};

/// The sending side of a channel.
///
/// # Sharing
///
/// It can be cloned, sent and shared when messages are [`Send`]; all clones send on the same
/// channel.
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
/// use hueless_channel::unbounded;
///
/// let (s, r) = unbounded();
/// let other = s.clone();
/// thread::spawn(move || other.send(1).unwrap());
/// thread::spawn(move || s.send(2).unwrap());
/// assert_eq!(r.iter().sum::<i32>(), 3);
/// ```
pub struct Sender<T> {
    flavor: Flavor<T>,
}

pub(crate) enum Flavor<T> {
    Array(counter::Sender<Channel<Ring<T>>>),
    List(counter::Sender<Channel<Blocks<T>>>),
    Zero(counter::Sender<Channel<Rendezvous<T>>>),
}

/// Runs an expression on the channel, whichever flavor it is.
macro_rules! on_channel {
    ($sender:expr, $channel:ident => $run:expr) => {
        match &$sender.flavor {
            Flavor::Array($channel) => $run,
            Flavor::List($channel) => $run,
            Flavor::Zero($channel) => $run,
        }
    };
}

// SAFETY: a handle gives access to a channel, which is `Sync` for such messages, and through it
// messages go to other threads.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above; cloning and dropping handles is counted atomically.
unsafe impl<T: Send> Sync for Sender<T> {}

// A panic cannot leave a channel in a torn state: no user code runs while it is changed.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    pub(crate) fn new(flavor: Flavor<T>) -> Self {
        Self { flavor }
    }

    /// Sends a message if that is possible without waiting.
    ///
    /// On a rendezvous channel that is so when somebody is waiting to receive. Never blocks.
    ///
    /// # Errors
    ///
    /// [`Full`](TrySendError::Full) if there is no room (nobody is waiting to receive, on a
    /// rendezvous channel), [`Disconnected`](TrySendError::Disconnected) if every receiver is
    /// gone; with the message.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{TrySendError, bounded};
    ///
    /// let (s, r) = bounded(1);
    /// assert_eq!(s.try_send(1), Ok(()));
    /// assert_eq!(s.try_send(2), Err(TrySendError::Full(2)));
    /// drop(r);
    /// assert_eq!(s.try_send(3), Err(TrySendError::Disconnected(3)));
    /// ```
    #[inline]
    pub fn try_send(&self, msg: T) -> Result<(), TrySendError<T>> {
        on_channel!(self, channel => channel.try_send(msg))
    }

    /// Sends a message, waiting until there is room for it.
    ///
    /// Blocks the current task, or thread, while the channel is full; on a rendezvous channel,
    /// until somebody receives the message. Wakes up when the channel is disconnected. If the task
    /// is cancelled while it waits, the message is dropped.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the message, if every receiver is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use hueless_channel::{SendError, bounded};
    ///
    /// let (s, r) = bounded(1);
    /// let other = thread::spawn(move || (r.recv(), r.recv()));
    /// s.send(1).unwrap();
    /// s.send(2).unwrap(); // Waits until the first one has been received.
    /// assert_eq!(other.join().unwrap(), (Ok(1), Ok(2)));
    /// assert_eq!(s.send(3), Err(SendError(3)));
    /// ```
    #[inline]
    pub fn send(&self, msg: T) -> Result<(), SendError<T>> {
        on_channel!(self, channel => channel.send(msg))
    }

    /// Sends a message, waiting for at most `timeout` until there is room for it.
    ///
    /// Blocks as [`send`](Self::send) does. If there is room, the message is sent however short
    /// the time is.
    ///
    /// # Errors
    ///
    /// [`Timeout`](SendTimeoutError::Timeout) if the time is up,
    /// [`Disconnected`](SendTimeoutError::Disconnected) if every receiver is gone; with the
    /// message.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_channel::{SendTimeoutError, bounded};
    ///
    /// let (s, _r) = bounded(0);
    /// assert_eq!(
    ///     s.send_timeout(1, Duration::from_millis(1)),
    ///     Err(SendTimeoutError::Timeout(1)),
    /// );
    /// ```
    #[inline]
    pub fn send_timeout(&self, msg: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        on_channel!(self, channel => channel.send_within(msg, Limit::After(timeout)))
    }

    /// Sends a message, waiting until `deadline` for room.
    ///
    /// Blocks as [`send`](Self::send) does. If there is room, the message is sent even if the
    /// deadline has passed.
    ///
    /// # Errors
    ///
    /// [`Timeout`](SendTimeoutError::Timeout) if the deadline has passed,
    /// [`Disconnected`](SendTimeoutError::Disconnected) if every receiver is gone; with the
    /// message.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use hueless_channel::{SendTimeoutError, bounded};
    ///
    /// let (s, _r) = bounded(1);
    /// assert_eq!(s.send_deadline(1, Instant::now()), Ok(()));
    /// assert_eq!(
    ///     s.send_deadline(2, Instant::now()),
    ///     Err(SendTimeoutError::Timeout(2)),
    /// );
    /// ```
    #[inline]
    pub fn send_deadline(&self, msg: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        on_channel!(self, channel => channel.send_within(msg, Limit::At(deadline)))
    }

    /// Whether the channel holds no message; a rendezvous channel never does. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, _r) = hueless_channel::unbounded();
    /// assert!(s.is_empty());
    /// s.send(1).unwrap();
    /// assert!(!s.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        on_channel!(self, channel => channel.is_empty())
    }

    /// Whether the channel has no room; a rendezvous channel never has. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, _r) = hueless_channel::bounded(1);
    /// assert!(!s.is_full());
    /// s.send(1).unwrap();
    /// assert!(s.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        on_channel!(self, channel => channel.is_full())
    }

    /// The number of messages in the channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, _r) = hueless_channel::unbounded();
    /// s.send(1).unwrap();
    /// s.send(2).unwrap();
    /// assert_eq!(s.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        on_channel!(self, channel => channel.len())
    }

    /// The number of messages that the channel can hold, `None` if it is unbounded. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{bounded, unbounded};
    ///
    /// assert_eq!(unbounded::<i32>().0.capacity(), None);
    /// assert_eq!(bounded::<i32>(5).0.capacity(), Some(5));
    /// assert_eq!(bounded::<i32>(0).0.capacity(), Some(0));
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        on_channel!(self, channel => channel.capacity())
    }

    /// Whether no message can be sent any more. Never blocks. For this workspace's crates:
    /// crossbeam-channel has no such method.
    #[doc(hidden)]
    pub fn is_disconnected(&self) -> bool {
        on_channel!(self, channel => channel.is_disconnected())
    }

    /// Whether both senders send on the same channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::unbounded;
    ///
    /// let (a, _r) = unbounded::<i32>();
    /// let (b, _r) = unbounded::<i32>();
    /// assert!(a.same_channel(&a.clone()));
    /// assert!(!a.same_channel(&b));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        match (&self.flavor, &other.flavor) {
            (Flavor::Array(a), Flavor::Array(b)) => a == b,
            (Flavor::List(a), Flavor::List(b)) => a == b,
            (Flavor::Zero(a), Flavor::Zero(b)) => a == b,
            _ => false,
        }
    }

    /// Closes the channel: from now on nothing can be sent on it, as if every receiver were gone,
    /// and once it is empty receivers get errors, as if every sender were. All who wait wake up.
    ///
    /// Returns an iterator over what is left in the channel. What is not taken from it can be
    /// received as ever: as a statement of its own, this is what Go's `close` is. A `select!` send
    /// whose message is still being made fails, unless a receiver waits for that very message already.
    ///
    /// Closing it again does nothing. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{RecvError, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// s.send("last words").unwrap();
    /// s.close();
    /// assert!(s.send("more").is_err());
    /// assert_eq!(r.recv(), Ok("last words"));
    /// assert_eq!(r.recv(), Err(RecvError));
    /// ```
    pub fn close(&self) -> Drain<'_, T> {
        on_channel!(self, channel => channel.close());
        Drain::new(Some(match &self.flavor {
            Flavor::Array(channel) => &**channel,
            Flavor::List(channel) => &**channel,
            Flavor::Zero(channel) => &**channel,
        }))
    }

    /// A case of a select that sends here. For the macro.
    #[doc(hidden)]
    #[inline]
    pub fn send_in_select(&self) -> SendCase<'_, T> {
        SendCase::new(self)
    }

    /// Sends a future's message, or has the future wait.
    ///
    /// # Safety
    /// As for [`Channel::send_or_wait`].
    pub(crate) unsafe fn send_or_wait(
        &self,
        link: Pin<&Link>,
        packet: &Packet<T>,
    ) -> Option<Result<(), SendError<T>>> {
        // SAFETY: by this function's contract.
        on_channel!(self, channel => unsafe { channel.send_or_wait(link, packet) })
    }

    /// Ends the wait of a future.
    ///
    /// # Safety
    /// As for [`Channel::withdraw_send`].
    pub(crate) unsafe fn withdraw(&self, link: &Link) -> bool {
        // SAFETY: by this function's contract.
        on_channel!(self, channel => unsafe { channel.withdraw_send(link) })
    }

    /// Nothing can be received from here: for the compiler to say so. For the macro.
    #[doc(hidden)]
    pub fn receive_in_select(&self) -> RecvCase<'_, Receiver<T>>
    where
        Self: Source,
    {
        unreachable!("a sender is no source")
    }

    /// The channel's gate, for select.
    pub(crate) fn gate(&self) -> &GateLock {
        on_channel!(self, channel => channel.gate())
    }

    /// Completes a send that a select has committed.
    ///
    /// # Safety
    /// `grant` was granted by this sender's channel.
    pub(crate) unsafe fn complete(&self, grant: Grant, msg: T) -> Result<(), SendError<T>> {
        // SAFETY: by this function's contract.
        on_channel!(self, channel => unsafe { channel.complete(grant, msg) })
    }

    /// Gives up a send that a select has committed.
    ///
    /// # Safety
    /// `grant` was granted by this sender's channel.
    pub(crate) unsafe fn give_up(&self, grant: Grant) {
        // SAFETY: by this function's contract.
        on_channel!(self, channel => unsafe { channel.give_up(grant) })
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self::new(match &self.flavor {
            Flavor::Array(channel) => Flavor::Array(channel.acquire()),
            Flavor::List(channel) => Flavor::List(channel.acquire()),
            Flavor::Zero(channel) => Flavor::Zero(channel.acquire()),
        })
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // SAFETY: the handle is gone after this.
        on_channel!(self, channel => unsafe { channel.release(Channel::disconnect_senders) });
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Sender { .. }")
    }
}
