//! Receiving by iteration.

use std::fmt;
use std::iter::FusedIterator;

use crate::broadcast::{Lagged, Receiver, RecvError, TryRecvError};

/// The iterator of [`Receiver::iter`]: waits for messages until the channel is disconnected.
///
/// Where messages were missed, it says so and goes on.
///
/// # Examples
///
/// ```
/// let (tx, rx) = hueless_channel::broadcast(4);
/// tx.send(1).unwrap();
/// drop(tx);
/// for msg in &rx {
///     assert_eq!(msg, Ok(1));
/// }
/// ```
pub struct Iter<'a, T> {
    pub(super) receiver: &'a Receiver<T>,
}

/// The iterator of [`Receiver::try_iter`]: ends where it would have to wait.
///
/// # Examples
///
/// ```
/// let (tx, rx) = hueless_channel::broadcast(4);
/// tx.send(1).unwrap();
/// assert_eq!(rx.try_iter().count(), 1);
/// assert_eq!(rx.try_iter().count(), 0);
/// ```
pub struct TryIter<'a, T> {
    pub(super) receiver: &'a Receiver<T>,
}

/// The iterator that a [`Receiver`] turns into: waits for messages until the channel is
/// disconnected.
///
/// # Examples
///
/// ```
/// let (tx, rx) = hueless_channel::broadcast(4);
/// tx.send(1).unwrap();
/// drop(tx);
/// assert_eq!(rx.into_iter().collect::<Vec<_>>(), [Ok(1)]);
/// ```
pub struct IntoIter<T> {
    pub(super) receiver: Receiver<T>,
}

/// What an iterator makes of a receive that has waited.
fn item<T>(received: Result<T, RecvError>) -> Option<Result<T, Lagged>> {
    match received {
        Ok(msg) => Some(Ok(msg)),
        Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
        Err(RecvError::Disconnected) => None,
    }
}

impl<T: Clone> Iterator for Iter<'_, T> {
    type Item = Result<T, Lagged>;

    fn next(&mut self) -> Option<Result<T, Lagged>> {
        item(self.receiver.recv())
    }
}

impl<T: Clone> Iterator for TryIter<'_, T> {
    type Item = Result<T, Lagged>;

    fn next(&mut self) -> Option<Result<T, Lagged>> {
        match self.receiver.try_recv() {
            Ok(msg) => Some(Ok(msg)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }
}

impl<T: Clone> Iterator for IntoIter<T> {
    type Item = Result<T, Lagged>;

    fn next(&mut self) -> Option<Result<T, Lagged>> {
        item(self.receiver.recv())
    }
}

// A disconnected channel stays so.
impl<T: Clone> FusedIterator for Iter<'_, T> {}
impl<T: Clone> FusedIterator for IntoIter<T> {}

impl<'a, T: Clone> IntoIterator for &'a Receiver<T> {
    type Item = Result<T, Lagged>;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Clone> IntoIterator for Receiver<T> {
    type Item = Result<T, Lagged>;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}

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
