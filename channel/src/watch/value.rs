//! Looking at the latest value.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;

use crate::fanout::Parcel;
use crate::watch::cell::Channel;

/// A look at the value that was the latest one when it was made; from
/// [`Sender::borrow`](super::Sender::borrow) and [`Receiver::borrow`](super::Receiver::borrow).
///
/// It blocks nobody, may be kept for as long as it is of use, and does not change: a value that is
/// sent meanwhile is seen by the next look.
///
/// # Examples
///
/// ```
/// use hueless_channel::watch;
///
/// let (tx, rx) = watch(String::from("old"));
/// let value = rx.borrow();
/// tx.send(String::from("new")).unwrap();
/// assert_eq!((value.as_str(), rx.borrow().as_str()), ("old", "new"));
/// ```
pub struct Ref<'a, T> {
    channel: &'a Channel<T>,
    /// There until the drop.
    parcel: ManuallyDrop<Parcel<T>>,
}

impl<'a, T> Ref<'a, T> {
    /// A look at the latest value of a channel.
    pub(super) fn new(channel: &'a Channel<T>) -> Self {
        Self {
            channel,
            parcel: ManuallyDrop::new(channel.with(|synced| synced.state.latest())),
        }
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.parcel
    }
}

impl<T> Drop for Ref<'_, T> {
    fn drop(&mut self) {
        // SAFETY: this is the drop, after which nobody uses it.
        let parcel = unsafe { ManuallyDrop::take(&mut self.parcel) };
        self.channel.discard(parcel);
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: fmt::Display> fmt::Display for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
