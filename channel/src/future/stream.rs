//! Receiving as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use crate::future::Receiving;

/// The stream of [`Receiver::stream`](crate::Receiver::stream) and
/// [`Receiver::into_stream`](crate::Receiver::into_stream): receives messages until the channel is
/// disconnected.
///
/// It waits as [`RecvFuture`](crate::RecvFuture) does, and what is said there of dropping it holds here
/// too. It has to be pinned, since the waiting part lies in it: by [`pin!`](std::pin::pin), without an
/// allocation, or by [`Box::pin`].
///
/// # Examples
///
/// ```
/// use std::pin::pin;
/// use futures_util::StreamExt;
/// use hueless_channel::bounded;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (s, r) = bounded(2);
/// s.send(1).unwrap();
/// s.send(2).unwrap();
/// drop(s);
/// let mut messages = pin!(r.into_stream());
/// while let Some(msg) = messages.next().await {
///     assert!(msg == 1 || msg == 2);
/// }
/// # });
/// ```
#[must_use = "streams do nothing unless they are polled"]
pub struct RecvStream<'a, T> {
    receiving: Receiving<'a, T>,
}

impl<'a, T> RecvStream<'a, T> {
    pub(crate) fn new(receiving: Receiving<'a, T>) -> Self {
        Self { receiving }
    }
}

impl<T> Stream for RecvStream<'_, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.receiving.is_over() {
            return Poll::Ready(None);
        }
        // SAFETY: pinned with the stream.
        let receiving = unsafe { self.map_unchecked_mut(|this| &mut this.receiving) };
        receiving.poll(cx.waker()).map(Result::ok)
    }
}

// A disconnected channel stays so.
impl<T> FusedStream for RecvStream<'_, T> {
    fn is_terminated(&self) -> bool {
        self.receiving.is_over()
    }
}

impl<T> fmt::Debug for RecvStream<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("RecvStream { .. }")
    }
}
