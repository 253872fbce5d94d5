//! Waiting for a task in async code.
//!
//! The joiner's ticket is a [`FutureWait`]'s, which lies in the pinned future; else this is the joiner
//! of `state.rs`. A task that finds the ticket wins its claim for sure, as nothing else ends the wait.
//! So a future that goes and cannot take its ticket back blocks until the task's ready, a few
//! instructions later.
//!
//! Invariant: while a ticket is out the handle is not to be had from here, because the end of the task
//! counts on nobody cloning it ([`leave_waiting_joiner`](super::state::State::leave_waiting_joiner)).

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::park::FutureWait;
use crate::task::join::{JoinError, JoinHandle};

/// The future of a [`JoinHandle`]: the task's result.
///
/// It works with any executor and takes no thread. Awaiting is a point at which the executor runs
/// others; the task itself runs on its workers as ever.
///
/// # Drop
/// Detaches the task, as dropping the handle does.
///
/// # Panics
/// Polling panics once the future has returned its result.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let answer = hueless_runtime::spawn(|| 6 * 7).await;
/// assert_eq!(answer.unwrap(), 42);
/// # });
/// ```
#[must_use = "futures do nothing unless they are polled"]
pub struct JoinFuture<T> {
    /// `None` once the result has been returned.
    handle: Option<JoinHandle<T>>,
    /// Whether the task may have the ticket.
    waiting: bool,
    wait: FutureWait,
}

impl<T> IntoFuture for JoinHandle<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = JoinFuture<T>;

    fn into_future(self) -> JoinFuture<T> {
        JoinFuture {
            handle: Some(self),
            waiting: false,
            wait: FutureWait::new(),
        }
    }
}

impl<T> JoinFuture<T> {
    /// Whether the task is over, or left behind, so that the next poll is ready. If not, `waker` will be run
    /// when it is.
    pub(crate) fn is_over(self: Pin<&mut Self>, waker: &Waker) -> bool {
        // SAFETY: nothing is moved out of it.
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            if this.waiting {
                if !this.wait.poll(waker) {
                    return false;
                }
                this.waiting = false;
            }
            let handle = this.handle.as_ref();
            let handle = handle.expect("a join was polled after it had ended");
            let header = handle.task().header();
            if header.state.is_done() || header.state.is_abandoned() {
                return true;
            }
            // SAFETY: pinned with the future, which is dropped in place.
            let ticket = unsafe { Pin::new_unchecked(&this.wait) }.begin();
            // SAFETY: there is one handle, so nobody else stores a joiner, and the task reads it only
            // after `JOINER` is set.
            unsafe { (*header.joiner.get()).write(ticket) };
            this.waiting = header.state.set_joiner();
        }
    }
}

impl<T> Future for JoinFuture<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.as_mut().is_over(context.waker()) {
            return Poll::Pending;
        }
        // SAFETY: nothing is moved out of it but the handle, which is not pinned with it.
        let this = unsafe { self.get_unchecked_mut() };
        let handle = this.handle.take().expect("seen by `is_over`");
        Poll::Ready(match handle.is_finished() {
            true => handle.take_result(),
            false => Err(handle.left_behind()),
        })
    }
}

impl<T> Drop for JoinFuture<T> {
    fn drop(&mut self) {
        if self.waiting
            && let Some(handle) = &self.handle
            && !handle.task().header().state.unset_joiner()
        {
            // The task has the ticket, or the ready has come.
            self.wait.block();
        }
    }
}

impl<T> fmt::Debug for JoinFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No more than the number: see the module.
        let id = self.handle.as_ref().map(|handle| handle.task().id());
        f.debug_struct("JoinFuture")
            .field("id", &id)
            .finish_non_exhaustive()
    }
}
