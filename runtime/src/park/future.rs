//! The wait of a future: a header that has no task and no thread.
//!
//! It lies in the pinned future. Peers find it as they find any other, by the ticket in a wait
//! queue, and settle it by the same claim.
//!
//! States, all under the wait's lock:
//!
//! | state | meaning | who moves it here |
//! | --- | --- | --- |
//! | `Ready` | no wait is on, or its ready has come | the winner of the claim |
//! | `Waiting` | a ready runs the waker, if there is one yet | the owner, when it begins |
//! | `Blocked` | the owner, about to go, blocks its task or thread; a ready ends that | the owner |
//!
//! Protocol:
//! 1. The owner [begins](FutureWait::begin) a wait, links its waiters, and lets go of their queue.
//! 2. It [polls](FutureWait::poll): that leaves the waker, or says that the ready has come already.
//! 3. The winner of the claim moves the state to `Ready` and takes the waker out, under the lock.
//!    From then on the future may be gone. It runs the waker last ([`wake`]).
//! 4. An owner that goes while its claim may be won withdraws its waiters. If there was nothing left
//!    to withdraw, somebody has won and owes a ready: it [blocks](FutureWait::block) until then, as
//!    that one may be writing into the future.
//!
//! Invariants:
//! - Wakers are the program's code: they are cloned, run and dropped without any lock.
//! - Whoever has claimed several waits readies all of them before it runs the first waker. A waker
//!   may drop any future at once, and one whose ready this very thread still owed would block for
//!   ever.
//! - A waker that panics does not tear the operation of whoever runs it: the panic ends here, when
//!   the hook has reported it.
//!
//! The loom models are in `park/loom_tests.rs`.

use std::marker::PhantomPinned;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Waker;

use crate::park::claim::{Outcome, Ticket};
use crate::park::header::{Header, Kind};
use crate::park::lock::Lock;
use crate::park::wait::Wait;

/// The part of a future that waits, reused by each of its waits.
#[repr(C)]
pub struct FutureWait {
    header: Header,
    state: Lock<State>,
    _pinned: PhantomPinned,
}

struct State {
    phase: Phase,
    /// What to run. Where the owner blocks it is of no use any more, and stays until the future is
    /// dropped.
    waker: Option<Waker>,
}

enum Phase {
    Ready,
    Waiting,
    Blocked(Ticket),
}

impl Default for FutureWait {
    fn default() -> Self {
        Self::new()
    }
}

impl FutureWait {
    /// A future that does not wait yet.
    pub fn new() -> Self {
        Self {
            header: Header::new(Kind::Future),
            state: Lock::new(State {
                phase: Phase::Ready,
                waker: None,
            }),
            _pinned: PhantomPinned,
        }
    }

    /// Begins a wait and returns the ticket by which peers may settle it. The one before is over.
    ///
    /// Runs no code of the program, so the locks of queues may be held.
    pub fn begin(self: Pin<&Self>) -> Ticket {
        self.state.lock().phase = Phase::Waiting;
        Ticket {
            header: NonNull::from(self.get_ref()).cast(),
            word: self.header.claim.begin(),
        }
    }

    /// Whether the wait is over. If not, `waker` will be run when it is.
    pub fn poll(&self, waker: &Waker) -> bool {
        let state = self.state.lock();
        let known = state.waker.as_ref();
        match state.phase {
            Phase::Waiting if known.is_some_and(|known| known.will_wake(waker)) => return false,
            Phase::Waiting => {}
            _ => return true,
        }
        drop(state);
        let mut other = Some(waker.clone());
        let mut state = self.state.lock();
        let waiting = matches!(state.phase, Phase::Waiting);
        if waiting {
            mem::swap(&mut state.waker, &mut other);
        }
        // Before what is in `other` now is dropped.
        drop(state);
        !waiting
    }

    /// Blocks the current task or thread until the wait is over. Somebody has won the claim.
    ///
    /// Neither a deadline nor a cancellation ends this: the winner may write into the future.
    pub fn block(&self) {
        if let Phase::Ready = self.state.lock().phase {
            return;
        }
        let wait = Wait::begin_shielded();
        let mut state = self.state.lock();
        if let Phase::Ready = state.phase {
            return;
        }
        state.phase = Phase::Blocked(wait.ticket());
        let lock = state.leak();
        let outcome = wait.park(None, || {
            // SAFETY: the guard was leaked above.
            unsafe { lock.unlock() };
            true
        });
        debug_assert_eq!(outcome, Outcome::Settled(0));
    }

    /// Says that the wait is over. Afterwards the future may be gone; the answer is to be
    /// [woken](wake).
    ///
    /// # Safety
    /// `this` is a live wait whose claim the caller has won; called once for it.
    pub(crate) unsafe fn ready(this: NonNull<Self>) -> Option<Waker> {
        // SAFETY: the owner stays until the phase is `Ready` and the lock is free again.
        let mut state = unsafe { this.as_ref() }.state.lock();
        match mem::replace(&mut state.phase, Phase::Ready) {
            Phase::Waiting => state.waker.take(),
            Phase::Blocked(ticket) => {
                drop(state);
                // SAFETY: the owner's task or thread parks until this claim is won and readied.
                let blocked = unsafe { ticket.claim(0) };
                blocked.expect("nobody else has this ticket").ready();
                None
            }
            Phase::Ready => unreachable!("a wait is readied once"),
        }
    }

    /// [`ready`](Self::ready), and runs the waker.
    ///
    /// # Safety
    /// As for `ready`.
    #[cold]
    pub(crate) unsafe fn ready_and_wake(this: NonNull<Self>) {
        // SAFETY: by this function's contract.
        if let Some(waker) = unsafe { Self::ready(this) } {
            wake(waker);
        }
    }
}

/// Runs the waker of a future that has been readied. It is the program's code: hold no lock, and owe
/// nobody a ready.
#[cold]
pub fn wake(waker: Waker) {
    // A payload whose drop panics in turn is leaked.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake()))
        && let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        mem::forget(payload);
    }
}
