//! Sending as a future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::FusedFuture;

use crate::err::SendError;
use crate::exchange::{After, Chance, Channel, Given, Packet, Status, taken};
use crate::flavors::Buffer;
use crate::future::Handle;
use crate::future::link::{Link, Stage};
use crate::sender::Sender;

/// The future of [`Sender::send_async`]: sends a message.
///
/// It works with any executor, takes no thread, and allocates nothing while it waits. Tasks, threads
/// and futures that wait on one channel are served in the order they began to: a future begins when it
/// is first polled.
///
/// # Drop
///
/// If the future is dropped before it has returned its result, the message was sent if there was room
/// for it, or a receiver, meanwhile; otherwise it is dropped too. Dropping never blocks, unless the
/// message's destructor does.
///
/// # Panics
///
/// Polling panics once the future has returned its result. For a waker that panics, see
/// [`RecvFuture`](crate::RecvFuture).
///
/// # Examples
///
/// ```
/// use hueless_channel::{SendError, bounded};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (s, r) = bounded(1);
/// s.send_async(5).await.unwrap();
/// drop(r);
/// assert_eq!(s.send_async(6).await, Err(SendError(6)));
/// # });
/// ```
#[must_use = "futures do nothing unless they are polled"]
pub struct SendFuture<'a, T> {
    sender: Handle<'a, Sender<T>>,
    link: Link,
    /// Holds the message until the link's stage is `Over`, unless it is `Done`.
    packet: Packet<T>,
}

// SAFETY: peers use the link and the packet as they use those of a thread, by addresses that do not
// depend on who polls; the rest is a handle and a message, which may be sent.
unsafe impl<T: Send> Send for SendFuture<'_, T> {}
// SAFETY: by a shared reference nothing but the stage can be read, which changes only by a pinned
// mutable one.
unsafe impl<T: Send> Sync for SendFuture<'_, T> {}

impl<'a, T> SendFuture<'a, T> {
    pub(crate) fn borrowing(sender: &'a Sender<T>, msg: T) -> Self {
        Self::new(Handle::Borrowed(sender), msg)
    }

    pub(crate) fn owning(sender: Sender<T>, msg: T) -> Self {
        Self::new(Handle::Owned(sender), msg)
    }

    fn new(sender: Handle<'a, Sender<T>>, msg: T) -> Self {
        Self {
            sender,
            link: Link::new(),
            packet: Packet::holding(msg),
        }
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.into_ref();
        // SAFETY: the link is pinned with the future.
        let link = unsafe { this.map_unchecked(|this| &this.link) };
        match link.stage() {
            Stage::Idle => {
                // SAFETY: the future has not waited, so the message is there; `drop` withdraws the
                // link, and the packet lies beside it.
                let sent = unsafe { this.sender.send_or_wait(link, &this.packet) };
                if let Some(sent) = sent {
                    return Poll::Ready(sent);
                }
            }
            Stage::Waiting => {}
            Stage::Over => panic!("a send was polled after it had ended"),
        }
        if !link.poll(cx.waker()) {
            return Poll::Pending;
        }
        link.end();
        // SAFETY: whoever has settled the wait has done with the packet. Nobody but a receiver takes
        // the message, and says `Done`.
        Poll::Ready(unsafe {
            match this.packet.head().status() {
                Status::Done => Ok(()),
                _ => Err(SendError(this.packet.take())),
            }
        })
    }
}

impl<T> Drop for SendFuture<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the link waits on this channel. Afterwards nobody else has anything to do with it,
        // and the message is there unless a receiver has said `Done`.
        unsafe {
            let holds_message = match self.link.stage() {
                Stage::Idle => true,
                Stage::Waiting => {
                    self.sender.withdraw(&self.link)
                        || !matches!(self.packet.head().status(), Status::Done)
                }
                Stage::Over => false,
            };
            if holds_message {
                drop(self.packet.take());
            }
        }
    }
}

impl<B: Buffer> Channel<B> {
    /// Sends the packet's message if that is possible, or if it never will be; otherwise the link
    /// waits, and the packet has its message.
    ///
    /// # Safety
    /// No wait of the link is on, and [`withdraw_send`](Self::withdraw_send) comes before the end of a
    /// link whose wait is not over; the packet holds a message and stays as long as the link does.
    pub(crate) unsafe fn send_or_wait(
        &self,
        link: Pin<&Link>,
        packet: &Packet<B::Message>,
    ) -> Option<Result<(), SendError<B::Message>>> {
        // Dropped after `gate`.
        let mut after = After::default();
        link.end();
        // SAFETY: by this function's contract; the stage says that it is gone.
        let mut msg = Some(unsafe { packet.take() });
        let mut gate = self.gate().lock();
        loop {
            // SAFETY: the gate is this channel's.
            match unsafe { self.give(&mut gate, &mut msg, &mut after) } {
                Given::Done => return Some(Ok(())),
                Given::Disconnected => return Some(Err(SendError(taken(&mut msg)))),
                Given::Starved => {}
                Given::Full => {
                    // SAFETY: by this function's contract; the message was taken out above.
                    unsafe {
                        packet.put(taken(&mut msg));
                        link.enqueue(&mut gate.senders, packet.slot());
                    }
                    gate.changed(Chance::Receive, &mut after.watchers);
                    return None;
                }
            }
            drop(gate);
            gate = self.supply(&mut after);
        }
    }

    /// Ends the wait of a link: see [`Link::withdraw`].
    ///
    /// # Safety
    /// The link waits to send on this channel.
    pub(crate) unsafe fn withdraw_send(&self, link: &Link) -> bool {
        // SAFETY: senders wait in this queue.
        unsafe { link.withdraw(self.gate(), |gate| &mut gate.senders) }
    }
}

impl<T> FusedFuture for SendFuture<'_, T> {
    fn is_terminated(&self) -> bool {
        self.link.stage() == Stage::Over
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SendFuture { .. }")
    }
}
