//! Receiving by iteration.

use std::fmt;
use std::iter::FusedIterator;

use crate::exchange::Channel;
use crate::flavors::Buffer;
use crate::receiver::Receiver;

/// The iterator of [`Receiver::iter`]: waits for messages until the channel is disconnected.
///
/// # Examples
///
/// ```
/// let (s, r) = hueless_channel::unbounded();
/// s.send(1).unwrap();
/// drop(s);
/// for msg in &r {
///     assert_eq!(msg, 1);
/// }
/// ```
pub struct Iter<'a, T> {
    /// None once it has ended. A message may come back to a disconnected channel, see
    /// [`RecvFuture`](crate::RecvFuture); what has ended does not go on.
    pub(crate) receiver: Option<&'a Receiver<T>>,
}

/// The iterator of [`Receiver::try_iter`]: ends where it would have to wait.
///
/// # Examples
///
/// ```
/// let (s, r) = hueless_channel::unbounded();
/// s.send(1).unwrap();
/// assert_eq!(r.try_iter().count(), 1);
/// assert_eq!(r.try_iter().count(), 0);
/// ```
pub struct TryIter<'a, T> {
    pub(crate) receiver: &'a Receiver<T>,
}

/// The iterator that a [`Receiver`] turns into: waits for messages until the channel is
/// disconnected.
///
/// # Examples
///
/// ```
/// let (s, r) = hueless_channel::unbounded();
/// s.send(1).unwrap();
/// drop(s);
/// assert_eq!(r.into_iter().collect::<Vec<_>>(), [1]);
/// ```
pub struct IntoIter<T> {
    pub(crate) receiver: Receiver<T>,
    /// See [`Iter`].
    pub(crate) ended: bool,
}

impl<T> Receiver<T> {
    /// Iterates over messages, waiting for each until the channel is empty and disconnected.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::unbounded();
    /// s.send(1).unwrap();
    /// s.send(2).unwrap();
    /// drop(s);
    /// assert_eq!(r.iter().collect::<Vec<_>>(), [1, 2]);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            receiver: Some(self),
        }
    }

    /// Iterates over the messages that can be received without waiting.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::unbounded();
    /// s.send(1).unwrap();
    /// s.send(2).unwrap();
    /// assert_eq!(r.try_iter().collect::<Vec<_>>(), [1, 2]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            receiver: self,
            ended: false,
        }
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let msg = self.receiver?.recv().ok();
        if msg.is_none() {
            self.receiver = None;
        }
        msg
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if self.ended {
            return None;
        }
        let msg = self.receiver.recv().ok();
        self.ended = msg.is_none();
        msg
    }
}

impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IntoIter<T> {}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Iter { .. }")
    }
}

impl<T> fmt::Debug for TryIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("TryIter { .. }")
    }
}

impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("IntoIter { .. }")
    }
}

/// Iterates over what was left in a channel when it was closed. Made by
/// [`Receiver::close`] and [`Sender::close`](crate::Sender::close). It never waits.
///
/// It receives as it goes: what it is not asked for stays in the channel.
pub struct Drain<'a, T> {
    /// None for channels that hold nothing.
    channel: Option<&'a dyn TryReceive<T>>,
}

/// Receiving at once from a channel of any flavor.
pub(crate) trait TryReceive<T> {
    fn try_receive(&self) -> Option<T>;
}

impl<B: Buffer> TryReceive<B::Message> for Channel<B> {
    fn try_receive(&self) -> Option<B::Message> {
        self.try_recv().ok()
    }
}

// SAFETY: it is a reference to a channel, which is `Sync` for such messages.
unsafe impl<T: Send> Send for Drain<'_, T> {}

impl<'a, T> Drain<'a, T> {
    pub(crate) fn new(channel: Option<&'a dyn TryReceive<T>>) -> Self {
        Self { channel }
    }
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.channel?.try_receive()
    }
}

impl<T> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Drain { .. }")
    }
}
