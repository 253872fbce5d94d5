//! What receiving from a broadcast channel answers when it fails.

use std::error::Error;
use std::fmt;

/// A receiver was overtaken: so many messages were overwritten before it received them.
///
/// The receiver goes on with the oldest message that is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged(pub u64);

/// The error of [`Receiver::recv`](super::Receiver::recv).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// So many messages were overwritten before this receiver came for them. It goes on with the
    /// oldest message that is still there.
    Lagged(u64),

    /// Everything was received, and every sender is gone or the channel was closed.
    Disconnected,
}

/// The error of [`Receiver::try_recv`](super::Receiver::try_recv).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is no message.
    Empty,

    /// So many messages were overwritten before this receiver came for them. It goes on with the
    /// oldest message that is still there.
    Lagged(u64),

    /// Everything was received, and every sender is gone or the channel was closed.
    Disconnected,
}

/// The error of [`Receiver::recv_timeout`](super::Receiver::recv_timeout) and
/// [`Receiver::recv_deadline`](super::Receiver::recv_deadline).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// The time was up before there was a message.
    Timeout,

    /// So many messages were overwritten before this receiver came for them. It goes on with the
    /// oldest message that is still there.
    Lagged(u64),

    /// Everything was received, and every sender is gone or the channel was closed.
    Disconnected,
}

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, s, were) = match self.0 {
            1 => (1, "", "was"),
            count => (count, "s", "were"),
        };
        write!(
            f,
            "receiver lagged: {count} message{s} {were} overwritten before it came for them; \
             receive more often, or give the channel a greater capacity"
        )
    }
}

impl Error for Lagged {}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lagged(missed) => Lagged(*missed).fmt(f),
            Self::Disconnected => crate::RecvError.fmt(f),
        }
    }
}

impl Error for RecvError {}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => crate::TryRecvError::Empty.fmt(f),
            Self::Lagged(missed) => Lagged(*missed).fmt(f),
            Self::Disconnected => crate::TryRecvError::Disconnected.fmt(f),
        }
    }
}

impl Error for TryRecvError {}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => crate::RecvTimeoutError::Timeout.fmt(f),
            Self::Lagged(missed) => Lagged(*missed).fmt(f),
            Self::Disconnected => crate::RecvTimeoutError::Disconnected.fmt(f),
        }
    }
}

impl Error for RecvTimeoutError {}

impl RecvError {
    /// Whether messages were missed. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast(1);
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// assert!(rx.recv().unwrap_err().is_lagged());
    /// ```
    pub fn is_lagged(&self) -> bool {
        matches!(self, Self::Lagged(_))
    }

    /// Whether everything was received and nothing more will come. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast::<i32>(1);
    /// drop(tx);
    /// assert!(rx.recv().unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

impl TryRecvError {
    /// Whether there was no message. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_tx, rx) = hueless_channel::broadcast::<i32>(1);
    /// assert!(rx.try_recv().unwrap_err().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether messages were missed. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast(1);
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// assert!(rx.try_recv().unwrap_err().is_lagged());
    /// ```
    pub fn is_lagged(&self) -> bool {
        matches!(self, Self::Lagged(_))
    }

    /// Whether everything was received and nothing more will come. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = hueless_channel::broadcast::<i32>(1);
    /// drop(tx);
    /// assert!(rx.try_recv().unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

impl RecvTimeoutError {
    /// Whether the time was up. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (_tx, rx) = hueless_channel::broadcast::<i32>(1);
    /// assert!(rx.recv_timeout(Duration::ZERO).unwrap_err().is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether messages were missed. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, rx) = hueless_channel::broadcast(1);
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// assert!(rx.recv_timeout(Duration::MAX).unwrap_err().is_lagged());
    /// ```
    pub fn is_lagged(&self) -> bool {
        matches!(self, Self::Lagged(_))
    }

    /// Whether everything was received and nothing more will come. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, rx) = hueless_channel::broadcast::<i32>(1);
    /// drop(tx);
    /// assert!(rx.recv_timeout(Duration::MAX).unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

impl From<Lagged> for RecvError {
    fn from(Lagged(missed): Lagged) -> Self {
        Self::Lagged(missed)
    }
}

impl From<RecvError> for TryRecvError {
    fn from(err: RecvError) -> Self {
        match err {
            RecvError::Lagged(missed) => Self::Lagged(missed),
            RecvError::Disconnected => Self::Disconnected,
        }
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(err: RecvError) -> Self {
        match err {
            RecvError::Lagged(missed) => Self::Lagged(missed),
            RecvError::Disconnected => Self::Disconnected,
        }
    }
}
