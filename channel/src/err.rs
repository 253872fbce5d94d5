//! What sending and receiving answer when they fail.
//!
//! Names, methods and texts are crossbeam-channel's. An error that carries a message gives it back
//! by `into_inner`, and needs no `Debug` of it to be printed.

use std::error::Error;
use std::fmt;

/// The error of [`Sender::send`](crate::Sender::send): every receiver is gone.
///
/// It carries the message that was not sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// The error of [`Sender::try_send`](crate::Sender::try_send).
///
/// It carries the message that was not sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no room; on a rendezvous channel, nobody is waiting to receive.
    Full(T),

    /// Every receiver is gone.
    Disconnected(T),
}

/// The error of [`Sender::send_timeout`](crate::Sender::send_timeout) and
/// [`Sender::send_deadline`](crate::Sender::send_deadline).
///
/// It carries the message that was not sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// The time was up before there was room or, on a rendezvous channel, a receiver.
    Timeout(T),

    /// Every receiver is gone.
    Disconnected(T),
}

/// The error of [`Receiver::recv`](crate::Receiver::recv): no message is left and every sender is
/// gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

/// The error of [`Receiver::try_recv`](crate::Receiver::try_recv).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is no message; on a rendezvous channel, nobody is waiting to send.
    Empty,

    /// No message is left and every sender is gone.
    Disconnected,
}

/// The error of [`Receiver::recv_timeout`](crate::Receiver::recv_timeout) and
/// [`Receiver::recv_deadline`](crate::Receiver::recv_deadline).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// The time was up before there was a message.
    Timeout,

    /// No message is left and every sender is gone.
    Disconnected,
}

const NO_RECEIVER: &str = "sending on a disconnected channel";
const NO_SENDER: &str = "receiving on an empty and disconnected channel";

impl<T> SendError<T> {
    /// Returns the message that was not sent. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::unbounded();
    /// drop(r);
    /// assert_eq!(s.send("parcel").unwrap_err().into_inner(), "parcel");
    /// ```
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt("SendError(..)", f)
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(NO_RECEIVER, f)
    }
}

impl<T> Error for SendError<T> {}

impl<T> TrySendError<T> {
    /// Returns the message that was not sent. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, _r) = hueless_channel::bounded(0);
    /// assert_eq!(s.try_send("parcel").unwrap_err().into_inner(), "parcel");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(msg) | Self::Disconnected(msg) => msg,
        }
    }

    /// Whether there was no room. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, _r) = hueless_channel::bounded(0);
    /// assert!(s.try_send(1).unwrap_err().is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether every receiver was gone. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::bounded(0);
    /// drop(r);
    /// assert!(s.try_send(1).unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Full(_) => "Full(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        };
        fmt::Display::fmt(text, f)
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Full(_) => "sending on a full channel",
            Self::Disconnected(_) => NO_RECEIVER,
        };
        fmt::Display::fmt(text, f)
    }
}

impl<T> Error for TrySendError<T> {}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(err: SendError<T>) -> Self {
        Self::Disconnected(err.0)
    }
}

impl<T> SendTimeoutError<T> {
    /// Returns the message that was not sent. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (s, _r) = hueless_channel::bounded(0);
    /// let err = s.send_timeout("parcel", Duration::ZERO).unwrap_err();
    /// assert_eq!(err.into_inner(), "parcel");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(msg) | Self::Disconnected(msg) => msg,
        }
    }

    /// Whether the time was up. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (s, _r) = hueless_channel::bounded(0);
    /// assert!(s.send_timeout(1, Duration::ZERO).unwrap_err().is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether every receiver was gone. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (s, r) = hueless_channel::bounded(0);
    /// drop(r);
    /// assert!(s.send_timeout(1, Duration::MAX).unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt("SendTimeoutError(..)", f)
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Timeout(_) => "timed out waiting on send operation",
            Self::Disconnected(_) => NO_RECEIVER,
        };
        fmt::Display::fmt(text, f)
    }
}

impl<T> Error for SendTimeoutError<T> {}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(err: SendError<T>) -> Self {
        Self::Disconnected(err.0)
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(NO_SENDER, f)
    }
}

impl Error for RecvError {}

impl TryRecvError {
    /// Whether there was no message. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_s, r) = hueless_channel::unbounded::<i32>();
    /// assert!(r.try_recv().unwrap_err().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether every sender was gone. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// let (s, r) = hueless_channel::unbounded::<i32>();
    /// drop(s);
    /// assert!(r.try_recv().unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Empty => "receiving on an empty channel",
            Self::Disconnected => NO_SENDER,
        };
        fmt::Display::fmt(text, f)
    }
}

impl Error for TryRecvError {}

impl From<RecvError> for TryRecvError {
    fn from(_: RecvError) -> Self {
        Self::Disconnected
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
    /// let (_s, r) = hueless_channel::unbounded::<i32>();
    /// assert!(r.recv_timeout(Duration::ZERO).unwrap_err().is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether every sender was gone. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (s, r) = hueless_channel::unbounded::<i32>();
    /// drop(s);
    /// assert!(r.recv_timeout(Duration::MAX).unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Timeout => "timed out waiting on receive operation",
            Self::Disconnected => "channel is empty and disconnected",
        };
        fmt::Display::fmt(text, f)
    }
}

impl Error for RecvTimeoutError {}

impl From<RecvError> for RecvTimeoutError {
    fn from(_: RecvError) -> Self {
        Self::Disconnected
    }
}
