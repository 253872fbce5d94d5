//! The receiving side.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::counter;
use crate::err::{RecvError, RecvTimeoutError, TryRecvError};
use crate::exchange::{Channel, Limit};
use crate::flavors::{Blocks, Rendezvous, Ring, Timer, wait_in_vain};
use crate::future::{Attempt, Link};
use crate::iter::Drain;
use crate::select::internal::{RecvCase, SendCase, Supplier, Target};

/// The receiving side of a channel.
///
/// # Sharing
///
/// It can be cloned, sent and shared when messages are [`Send`]; all clones receive from the same
/// channel, and each message goes to one of them.
///
/// # Drop
///
/// Dropping the last receiver disconnects the channel: the messages in it are dropped, senders get
/// errors from then on, and those who wait for room wake up. Dropping never blocks, unless a
/// message's destructor does.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use hueless_channel::bounded;
///
/// let (s, r) = bounded(8);
/// let workers = [r.clone(), r].map(|r| thread::spawn(move || r.iter().count()));
/// for i in 0..100 {
///     s.send(i).unwrap();
/// }
/// drop(s);
/// let received = workers.map(|worker| worker.join().unwrap());
/// assert_eq!(received.iter().sum::<usize>(), 100);
/// ```
pub struct Receiver<T> {
    flavor: Flavor<T>,
}

pub(crate) enum Flavor<T> {
    Array(counter::Receiver<Channel<Ring<T>>>),
    List(counter::Receiver<Channel<Blocks<T>>>),
    Zero(counter::Receiver<Channel<Rendezvous<T>>>),
    Timer(Arc<Timer<T>>),
    Never,
}

/// Runs an expression on the channel, whichever flavor it is. Those that nobody sends on come last:
/// channels of the clock, and the one that never has a message.
macro_rules! on_channel {
    (
        $receiver:expr,
        $channel:ident => $run:expr,
        $timer:ident => $at_timer:expr,
        never => $at_never:expr $(,)?
    ) => {
        match &$receiver.flavor {
            Flavor::Array($channel) => $run,
            Flavor::List($channel) => $run,
            Flavor::Zero($channel) => $run,
            Flavor::Timer($timer) => $at_timer,
            Flavor::Never => $at_never,
        }
    };
}

// SAFETY: a handle gives access to a channel, which is `Sync` for such messages, and through it
// messages come from other threads.
unsafe impl<T: Send> Send for Receiver<T> {}
// SAFETY: as above; cloning and dropping handles is counted atomically.
unsafe impl<T: Send> Sync for Receiver<T> {}

// A panic cannot leave a channel in a torn state: no user code runs while it is changed.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    pub(crate) const fn new(flavor: Flavor<T>) -> Self {
        Self { flavor }
    }

    /// Receives a message if that is possible without waiting.
    ///
    /// On a rendezvous channel that is so when somebody is waiting to send. Never blocks, with one
    /// exception: if that somebody is a `select!`, whose message is made only now, it waits for
    /// the message.
    ///
    /// # Errors
    ///
    /// [`Empty`](TryRecvError::Empty) if there is no message (nobody is waiting to send, on a
    /// rendezvous channel), [`Disconnected`](TryRecvError::Disconnected) if, besides, every sender
    /// is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{TryRecvError, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    /// s.send(5).unwrap();
    /// drop(s);
    /// assert_eq!(r.try_recv(), Ok(5));
    /// assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        on_channel!(
            self,
            channel => channel.try_recv(),
            timer => timer.try_recv(),
            never => Err(TryRecvError::Empty),
        )
    }

    /// Receives a message, waiting until there is one.
    ///
    /// Blocks the current task, or thread, while the channel is empty. Wakes up when the channel is
    /// disconnected. A task that is cancelled while it waits has received nothing.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if no message is left and every sender is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use hueless_channel::{RecvError, bounded};
    ///
    /// let (s, r) = bounded(0);
    /// thread::spawn(move || s.send(5).unwrap());
    /// assert_eq!(r.recv(), Ok(5));
    /// assert_eq!(r.recv(), Err(RecvError));
    /// ```
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        on_channel!(
            self,
            channel => channel.recv(),
            timer => timer.recv_within(Limit::Never).map_err(|_| RecvError),
            never => Err(recv_never()),
        )
    }

    /// Receives a message, waiting for at most `timeout`.
    ///
    /// Blocks as [`recv`](Self::recv) does. If there is a message, it is received however short
    /// the time is.
    ///
    /// # Errors
    ///
    /// [`Timeout`](RecvTimeoutError::Timeout) if the time is up,
    /// [`Disconnected`](RecvTimeoutError::Disconnected) if no message is left and every sender is
    /// gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_channel::{RecvTimeoutError, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// let wait = Duration::from_millis(1);
    /// assert_eq!(r.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
    /// s.send(5).unwrap();
    /// assert_eq!(r.recv_timeout(wait), Ok(5));
    /// ```
    #[inline]
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
    /// [`Timeout`](RecvTimeoutError::Timeout) if the deadline has passed,
    /// [`Disconnected`](RecvTimeoutError::Disconnected) if no message is left and every sender is
    /// gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use hueless_channel::{RecvTimeoutError, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// s.send(5).unwrap();
    /// assert_eq!(r.recv_deadline(Instant::now()), Ok(5));
    /// assert_eq!(r.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
    /// ```
    #[inline]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_within(Limit::At(deadline))
    }

    /// Whether the channel holds no message; a rendezvous channel never does. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::unbounded();
    /// assert!(r.is_empty());
    /// s.send(1).unwrap();
    /// assert!(!r.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        on_channel!(
            self,
            channel => channel.is_empty(),
            timer => timer.len() == 0,
            never => true,
        )
    }

    /// Whether the channel has no room; a rendezvous channel never has. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::bounded(1);
    /// assert!(!r.is_full());
    /// s.send(1).unwrap();
    /// assert!(r.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        on_channel!(
            self,
            channel => channel.is_full(),
            timer => timer.len() == 1,
            never => true,
        )
    }

    /// The number of messages in the channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::unbounded();
    /// s.send(1).unwrap();
    /// s.send(2).unwrap();
    /// assert_eq!(r.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        on_channel!(self, channel => channel.len(), timer => timer.len(), never => 0)
    }

    /// The number of messages that the channel can hold, `None` if it is unbounded. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{bounded, unbounded};
    ///
    /// assert_eq!(unbounded::<i32>().1.capacity(), None);
    /// assert_eq!(bounded::<i32>(5).1.capacity(), Some(5));
    /// assert_eq!(bounded::<i32>(0).1.capacity(), Some(0));
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        on_channel!(
            self,
            channel => channel.capacity(),
            _timer => Some(1),
            never => Some(0),
        )
    }

    /// Receives up to `limit` messages at once, waiting until there is one, and appends them to
    /// `buffer`. Returns how many; zero only if the channel is empty and disconnected, or `limit` is
    /// zero.
    ///
    /// Takes what is there: it does not wait for the buffer to fill. Costs less than as many calls of
    /// [`recv`](Self::recv), for the channel is locked once for a good many of them.
    ///
    /// Blocks as `recv` does. A task that is cancelled while it waits has received nothing.
    ///
    /// # Panics
    ///
    /// If there is no memory for so many messages in `buffer`.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::unbounded();
    /// (0..5).for_each(|i| s.send(i).unwrap());
    /// drop(s);
    ///
    /// let mut batch = Vec::new();
    /// assert_eq!(r.recv_many(&mut batch, 3), 3);
    /// assert_eq!(r.recv_many(&mut batch, 3), 2);
    /// assert_eq!(r.recv_many(&mut batch, 3), 0);
    /// assert_eq!(batch, [0, 1, 2, 3, 4]);
    /// ```
    pub fn recv_many(&self, buffer: &mut Vec<T>, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        let Ok(first) = self.recv() else {
            return 0;
        };
        buffer.push(first);
        on_channel!(
            self,
            channel => 1 + channel.receive_more(buffer, limit - 1),
            timer => 1 + usize::from(limit > 1 && timer.try_recv().map(|msg| buffer.push(msg)).is_ok()),
            never => 1,
        )
    }

    /// Closes the channel: from now on nothing can be sent on it, as if every receiver were gone,
    /// and once it is empty receivers get errors, as if every sender were. All who wait wake up.
    ///
    /// Returns an iterator over what is left in the channel. What is not taken from it can be
    /// received as ever. A `select!` send whose message is still being made fails, unless a receiver
    /// waits for that very message already.
    ///
    /// Closing it again does nothing. Channels from [`after`](crate::after), [`at`](crate::at),
    /// [`tick`](crate::tick) and [`never`](crate::never) have no senders and stay as they are. Never
    /// blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{RecvError, SendError, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// (0..3).for_each(|i| s.send(i).unwrap());
    /// let left: Vec<_> = r.close().collect();
    /// assert_eq!(left, [0, 1, 2]);
    /// assert_eq!(s.send(3), Err(SendError(3)));
    /// assert_eq!(r.recv(), Err(RecvError));
    /// ```
    pub fn close(&self) -> Drain<'_, T> {
        on_channel!(self, channel => channel.close(), _timer => (), never => ());
        Drain::new(match &self.flavor {
            Flavor::Array(channel) => Some(&**channel),
            Flavor::List(channel) => Some(&**channel),
            Flavor::Zero(channel) => Some(&**channel),
            Flavor::Timer(_) | Flavor::Never => None,
        })
    }

    /// Whether both receivers receive from the same channel. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::unbounded;
    ///
    /// let (_s, a) = unbounded::<i32>();
    /// let (_s, b) = unbounded::<i32>();
    /// assert!(a.same_channel(&a.clone()));
    /// assert!(!a.same_channel(&b));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        match (&self.flavor, &other.flavor) {
            (Flavor::Array(a), Flavor::Array(b)) => a == b,
            (Flavor::List(a), Flavor::List(b)) => a == b,
            (Flavor::Zero(a), Flavor::Zero(b)) => a == b,
            (Flavor::Timer(a), Flavor::Timer(b)) => Arc::ptr_eq(a, b),
            (Flavor::Never, Flavor::Never) => true,
            _ => false,
        }
    }

    fn recv_within(&self, limit: Limit) -> Result<T, RecvTimeoutError> {
        on_channel!(
            self,
            channel => channel.recv_within(limit),
            timer => timer.recv_within(limit),
            never => Err(wait_in_vain(limit)),
        )
    }

    /// Receives into a future's packet, or has the future wait. `since` tells a channel of the clock
    /// since when the future has been there.
    ///
    /// # Safety
    /// As for [`Channel::receive_or_wait`].
    pub(crate) unsafe fn receive_or_wait(
        &self,
        link: Pin<&Link>,
        slot: *mut (),
        since: impl FnOnce() -> Instant,
    ) -> Attempt {
        // SAFETY: by this function's contract.
        unsafe {
            on_channel!(
                self,
                channel => channel.receive_or_wait(link, slot),
                timer => timer.receive_or_wait(since(), slot),
                never => Attempt::WaitsUntil(None),
            )
        }
    }

    /// Ends the wait of a future.
    ///
    /// # Safety
    /// As for [`Channel::withdraw_receive`].
    pub(crate) unsafe fn withdraw(&self, link: &Link) -> bool {
        // SAFETY: by this function's contract.
        unsafe {
            on_channel!(
                self,
                channel => channel.withdraw_receive(link),
                _timer => true,
                never => true,
            )
        }
    }

    /// The channel without its type, for select.
    #[inline]
    pub(crate) fn supplier(&self) -> Supplier<'_> {
        on_channel!(
            self,
            channel => Supplier::channel(channel.gate(), &**channel),
            timer => Supplier::timer(&**timer),
            never => Supplier::never(),
        )
    }

    /// A case of a select that receives from here. For the macro.
    #[doc(hidden)]
    #[inline]
    pub fn receive_in_select(&self) -> RecvCase<'_, Self> {
        RecvCase::new(self)
    }

    /// Nothing can be sent here: for the compiler to say so. For the macro.
    #[doc(hidden)]
    pub fn send_in_select(&self) -> SendCase<'_, T>
    where
        Self: Target,
    {
        unreachable!("a receiver is no target")
    }

    /// Gives back a message that was received: it will be the next one.
    pub(crate) fn give_back(&self, msg: T) {
        on_channel!(
            self,
            channel => channel.give_back(msg),
            // The clock goes on: nobody waits for a message that was due before.
            _timer => drop(msg),
            never => unreachable!("no message was received here"),
        )
    }
}

/// Receives from a channel that never has a message: the wait ends only when the task is cancelled.
#[cold]
fn recv_never() -> RecvError {
    wait_in_vain(Limit::Never);
    RecvError
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(match &self.flavor {
            Flavor::Array(channel) => Flavor::Array(channel.acquire()),
            Flavor::List(channel) => Flavor::List(channel.acquire()),
            Flavor::Zero(channel) => Flavor::Zero(channel.acquire()),
            Flavor::Timer(timer) => Flavor::Timer(timer.clone()),
            Flavor::Never => Flavor::Never,
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        on_channel!(
            self,
            // SAFETY: the handle is gone after this.
            channel => unsafe { channel.release(Channel::disconnect_receivers) },
            _timer => (),
            never => (),
        );
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
