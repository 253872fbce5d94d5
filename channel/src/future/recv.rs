//! Receiving as a future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use futures_core::FusedFuture;

use crate::err::RecvError;
use crate::exchange::{After, Chance, Channel, Packet, Receive, Received, Status};
use crate::flavors::{self, Buffer, Moment, Timer};
use crate::future::Handle;
use crate::future::alarm::Alarm;
use crate::future::link::{Link, Stage};
use crate::loom::now;
use crate::receiver::Receiver;

/// The future of [`Receiver::recv_async`]: receives a message.
///
/// It works with any executor, takes no thread, and allocates nothing while it waits. Tasks, threads
/// and futures that wait on one channel are served in the order they began to: a future begins when it
/// is first polled.
///
/// On channels of the clock ([`after`](crate::after), [`at`](crate::at), [`tick`](crate::tick)) nobody
/// sends: there each future that waits takes a task of the runtime, which wakes it. An executor's own
/// timers cost less.
///
/// # Drop
///
/// A future that is dropped has received nothing. A message that had come to it, but had not been
/// returned by a poll, goes back to the front of the channel: to the first one who waits, or before
/// everything that is in the channel, even one that is full or holds no messages. (Of several futures
/// that are dropped one after the other, the last one's message comes first. Until it is back it is not in the
/// channel: meanwhile another receiver may find that empty and disconnected.)
///
/// Dropping does not block, with one exception: if a `select!` has promised the future its message,
/// it waits until that is made, as [`Receiver::try_recv`] does. (So the expression that makes the
/// message must not drop a future that waits for it.)
///
/// # Panics
///
/// Polling panics once the future has returned its result. If the executor's waker panics, that panic
/// is reported as any other, and goes no further than that: the channel and whoever has just sent are
/// not concerned, only the future is not woken.
///
/// # Examples
///
/// ```
/// use hueless_channel::bounded;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (s, r) = bounded(1);
/// s.send_async(5).await.unwrap();
/// assert_eq!(r.recv_async().await, Ok(5));
/// # });
/// ```
#[must_use = "futures do nothing unless they are polled"]
pub struct RecvFuture<'a, T> {
    receiving: Receiving<'a, T>,
}

/// Receiving by polls, once or again and again.
pub(crate) struct Receiving<'a, T> {
    receiver: Handle<'a, Receiver<T>>,
    link: Link,
    packet: Packet<T>,
    alarm: Alarm,
}

/// What an attempt to receive came to.
pub(crate) enum Attempt {
    /// The packet's status says.
    Settled,
    /// The link waits.
    Waits,
    /// Nobody sends here. There will be a message at that time, if ever.
    WaitsUntil(Option<Instant>),
}

// SAFETY: peers use the link and the packet as they use those of a thread, by addresses that do not
// depend on who polls; the rest is a handle, a message and an alarm, which may be sent.
unsafe impl<T: Send> Send for Receiving<'_, T> {}
// SAFETY: by a shared reference nothing but the stage can be read, which changes only by a pinned
// mutable one.
unsafe impl<T: Send> Sync for Receiving<'_, T> {}

impl<'a, T> Receiving<'a, T> {
    pub(crate) fn borrowing(receiver: &'a Receiver<T>) -> Self {
        Self::new(Handle::Borrowed(receiver))
    }

    pub(crate) fn owning(receiver: Receiver<T>) -> Self {
        Self::new(Handle::Owned(receiver))
    }

    fn new(receiver: Handle<'a, Receiver<T>>) -> Self {
        Self {
            receiver,
            link: Link::new(),
            packet: Packet::empty(),
            alarm: Alarm::new(),
        }
    }

    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        self.link.stage() == Stage::Over
    }

    /// Receives a message, or ends. After a message it can be polled for the next one.
    pub(super) fn poll(self: Pin<&mut Self>, waker: &Waker) -> Poll<Result<T, RecvError>> {
        let this = self.into_ref();
        // SAFETY: the link is pinned with the future.
        let link = unsafe { this.map_unchecked(|this| &this.link) };
        loop {
            let attempt = match link.stage() {
                // SAFETY: no wait is on, and `drop` withdraws the link; the packet lies beside it.
                Stage::Idle => unsafe {
                    let since = || this.alarm.since();
                    this.receiver
                        .receive_or_wait(link, this.packet.slot(), since)
                },
                Stage::Waiting => Attempt::Waits,
                Stage::Over => panic!("a receive was polled after it had ended"),
            };
            match attempt {
                Attempt::Settled => {}
                Attempt::Waits if link.poll(waker) => {}
                Attempt::WaitsUntil(due) if this.alarm.rings(due, waker) => continue,
                _ => return Poll::Pending,
            }
            link.rewind();
            this.alarm.clear();
            // SAFETY: whoever has settled the packet has done with it.
            match unsafe { this.packet.head().status() } {
                // SAFETY: whoever says `Done` has put a message in.
                Status::Done => return Poll::Ready(Ok(unsafe { this.packet.take() })),
                Status::Disconnected => {
                    link.end();
                    return Poll::Ready(Err(RecvError));
                }
                // A late sender has given up.
                _ => {}
            }
        }
    }

    fn end(&self) {
        self.link.end();
    }
}

impl<T> Drop for Receiving<'_, T> {
    fn drop(&mut self) {
        if self.link.stage() != Stage::Waiting {
            return;
        }
        // SAFETY: the link waits on this channel. Afterwards nobody else has anything to do with it,
        // and whoever says `Done` has put a message in.
        unsafe {
            if self.receiver.withdraw(&self.link) {
                return;
            }
            if let Status::Done = self.packet.head().status() {
                self.receiver.give_back(self.packet.take());
            }
        }
    }
}

impl<B: Buffer> Channel<B> {
    /// Receives into the packet at `slot`, or has the link wait.
    ///
    /// # Safety
    /// No wait of the link is on, and [`withdraw_receive`](Self::withdraw_receive) comes before the
    /// end of a link whose wait is not over; `slot` is the address of an empty packet of this
    /// channel's messages that stays as long as the link does.
    pub(crate) unsafe fn receive_or_wait(&self, link: Pin<&Link>, slot: *mut ()) -> Attempt {
        // Dropped after `gate`.
        let mut after = After::default();
        let mut gate = self.gate().lock();
        // SAFETY: the gate is this channel's, and the rest is by this function's contract.
        unsafe {
            match self.receive(&mut gate, slot, &mut after) {
                Received::Settled => Attempt::Settled,
                Received::Empty => {
                    link.enqueue(&mut gate.receivers, slot);
                    gate.changed(Chance::Send, &mut after.watchers);
                    Attempt::Waits
                }
                Received::Late(sender) => {
                    drop(gate);
                    link.pair(sender, slot).ready();
                    Attempt::Waits
                }
            }
        }
    }

    /// Ends the wait of a link: see [`Link::withdraw`].
    ///
    /// # Safety
    /// The link waits to receive on this channel.
    pub(crate) unsafe fn withdraw_receive(&self, link: &Link) -> bool {
        // SAFETY: receivers wait in this queue.
        unsafe { link.withdraw(self.gate(), |gate| &mut gate.receivers) }
    }
}

impl<T> Timer<T> {
    /// Receives into the packet at `slot`, for one who has been there since then.
    ///
    /// # Safety
    /// `slot` is the address of an empty packet of this channel's messages.
    pub(crate) unsafe fn receive_or_wait(&self, since: Instant, slot: *mut ()) -> Attempt {
        let time = Moment { since, now: now() };
        // SAFETY: by this function's contract.
        match unsafe { flavors::Alarm::receive(self, time, slot) } {
            true => Attempt::Settled,
            false => Attempt::WaitsUntil(flavors::Alarm::due(self)),
        }
    }
}

impl<'a, T> RecvFuture<'a, T> {
    pub(crate) fn new(receiving: Receiving<'a, T>) -> Self {
        Self { receiving }
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: pinned with the future.
        let mut receiving = unsafe { self.map_unchecked_mut(|this| &mut this.receiving) };
        let polled = receiving.as_mut().poll(cx.waker());
        if polled.is_ready() {
            receiving.end();
        }
        polled
    }
}

impl<T> FusedFuture for RecvFuture<'_, T> {
    fn is_terminated(&self) -> bool {
        self.receiving.is_over()
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("RecvFuture { .. }")
    }
}
