//! What `recv(..)` in a `select!` can receive from.

use std::time::Duration;

use crate::err::{RecvError, RecvTimeoutError, TryRecvError};
use crate::receiver::Receiver;
use crate::select::entry::Supplier;
use crate::sender::Sender;

/// Something that a case of a select receives from.
///
/// The macro calls a method `receive_in_select` of what it is given, which makes the case, so that
/// references and smart pointers will do. A new source has that method, and this implementation.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`recv` of `select!` takes a receiver, not a `{Self}`",
    label = "this one receives from a `{Self}`",
    note = "write `recv(receiver) -> message => ..`, or `send(sender, message) -> result => ..`"
)]
pub trait Source {
    /// What lies in the case's packet.
    type Message;
    /// What the case's pattern is bound to.
    type Output;

    /// The source for the engine.
    fn supplier(&self) -> Supplier<'_>;

    /// What the pattern is bound to: `None` if the source is disconnected. Called without a lock.
    fn output(&self, received: Option<Self::Message>) -> Self::Output;

    /// Receives, as a select with no other case does.
    fn receive(&self) -> Self::Output;

    /// Receives if that is possible at once.
    fn receive_now(&self) -> Option<Self::Output>;

    /// Receives, waiting for at most `timeout`.
    fn receive_within(&self, timeout: Duration) -> Option<Self::Output>;
}

impl<T> Source for Receiver<T> {
    type Message = T;
    type Output = Result<T, RecvError>;

    #[inline]
    fn supplier(&self) -> Supplier<'_> {
        self.supplier()
    }

    #[inline]
    fn output(&self, received: Option<T>) -> Result<T, RecvError> {
        received.ok_or(RecvError)
    }

    #[inline]
    fn receive(&self) -> Result<T, RecvError> {
        self.recv()
    }

    #[inline]
    fn receive_now(&self) -> Option<Result<T, RecvError>> {
        match self.try_recv() {
            Ok(msg) => Some(Ok(msg)),
            Err(TryRecvError::Disconnected) => Some(Err(RecvError)),
            Err(TryRecvError::Empty) => None,
        }
    }

    #[inline]
    fn receive_within(&self, timeout: Duration) -> Option<Result<T, RecvError>> {
        match self.recv_timeout(timeout) {
            Ok(msg) => Some(Ok(msg)),
            Err(RecvTimeoutError::Disconnected) => Some(Err(RecvError)),
            Err(RecvTimeoutError::Timeout) => None,
        }
    }
}

/// Something that a case of a select sends to: for the compiler's message, since there is but one.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`send` of `select!` takes a sender, not a `{Self}`",
    label = "this one sends to a `{Self}`",
    note = "write `send(sender, message) -> result => ..`, or `recv(receiver) -> message => ..`"
)]
pub trait Target {}

impl<T> Target for Sender<T> {}
