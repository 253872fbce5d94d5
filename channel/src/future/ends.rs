//! Where the futures come from: the async methods of both ends.

use crate::future::{Receiving, RecvFuture, RecvStream, SendFuture};
use crate::receiver::Receiver;
use crate::sender::Sender;

impl<T> Receiver<T> {
    /// Receives a message asynchronously: the future waits until there is one, with any executor.
    ///
    /// Nothing happens before it is polled. See [`RecvFuture`] for what dropping it does. Futures,
    /// tasks and threads meet on the same channel.
    ///
    /// # Errors
    ///
    /// [`RecvError`](crate::RecvError) if no message is left and every sender is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use hueless_channel::{RecvError, bounded};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (s, r) = bounded(0);
    /// thread::spawn(move || s.send(5).unwrap());
    /// assert_eq!(r.recv_async().await, Ok(5));
    /// assert_eq!(r.recv_async().await, Err(RecvError));
    /// # });
    /// ```
    pub fn recv_async(&self) -> RecvFuture<'_, T> {
        RecvFuture::new(Receiving::borrowing(self))
    }

    /// [`recv_async`](Self::recv_async), with a receiver of its own.
    ///
    /// # Errors
    ///
    /// As for `recv_async`.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (s, r) = hueless_channel::bounded(1);
    /// let receiving = tokio::spawn(r.into_recv_async());
    /// s.send_async(5).await.unwrap();
    /// assert_eq!(receiving.await.unwrap(), Ok(5));
    /// # });
    /// ```
    pub fn into_recv_async<'a>(self) -> RecvFuture<'a, T>
    where
        T: 'a,
    {
        RecvFuture::new(Receiving::owning(self))
    }

    /// A stream of messages, which ends when the channel is empty and disconnected.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (s, r) = hueless_channel::unbounded();
    /// s.send(1).unwrap();
    /// s.send(2).unwrap();
    /// drop(s);
    /// assert_eq!(r.stream().collect::<Vec<_>>().await, [1, 2]);
    /// # });
    /// ```
    pub fn stream(&self) -> RecvStream<'_, T> {
        RecvStream::new(Receiving::borrowing(self))
    }

    /// [`stream`](Self::stream), with a receiver of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (s, r) = hueless_channel::bounded(1);
    /// std::thread::spawn(move || (1..=4).for_each(|n| s.send(n).unwrap()));
    /// let sum = r.into_stream().fold(0, async |sum, n| sum + n);
    /// assert_eq!(sum.await, 10);
    /// # });
    /// ```
    pub fn into_stream<'a>(self) -> RecvStream<'a, T>
    where
        T: 'a,
    {
        RecvStream::new(Receiving::owning(self))
    }
}

impl<T> Sender<T> {
    /// Sends a message asynchronously: the future waits until there is room for it, with any executor.
    ///
    /// Nothing happens before it is polled. See [`SendFuture`] for what dropping it does. Futures,
    /// tasks and threads meet on the same channel.
    ///
    /// # Errors
    ///
    /// [`SendError`](crate::SendError), with the message, if every receiver is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (s, r) = hueless_channel::bounded(0);
    /// let receiver = thread::spawn(move || r.recv());
    /// s.send_async(5).await.unwrap();
    /// assert_eq!(receiver.join().unwrap(), Ok(5));
    /// # });
    /// ```
    pub fn send_async(&self, msg: T) -> SendFuture<'_, T> {
        SendFuture::borrowing(self, msg)
    }

    /// [`send_async`](Self::send_async), with a sender of its own.
    ///
    /// # Errors
    ///
    /// As for `send_async`.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (s, r) = hueless_channel::bounded(0);
    /// tokio::spawn(s.into_send_async(5));
    /// assert_eq!(r.recv_async().await, Ok(5));
    /// # });
    /// ```
    pub fn into_send_async<'a>(self, msg: T) -> SendFuture<'a, T>
    where
        T: 'a,
    {
        SendFuture::owning(self, msg)
    }
}
