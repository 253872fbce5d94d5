//! Waiting on a plain OS thread.
//!
//! A thread has one [`ThreadHeader`], made at its first wait. Its `token` is the ready that a won claim
//! owes: the thread leaves its park only by its own claim or by consuming that token.
//!
//! | token | meaning | set by |
//! | --- | --- | --- |
//! | `NONE` | nobody has readied the thread, which is awake | the thread |
//! | `ASLEEP` | the same, and it sleeps or is about to | the thread |
//! | `READY` | the winner of the claim has done | that one, who wakes the thread if it slept |
//!
//! Protocol: the waker takes a count on the header, sets the token, wakes, drops the count. So the
//! header outlives the waker's last touch even if the thread ends at once.
//!
//! To sleep and to be woken takes longer than most peers need that run on another processor, so a thread
//! first looks for a moment whether it is readied: as long as that pays, see [`Patience`]. (A task never
//! does that: its peer may be queued behind it.)

#[cfg(not(loom))]
use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;

#[cfg(not(loom))]
use crate::cancel::{Context, unwind_cancelled};
use crate::loom::{AtomicU32, Ordering};
use crate::park::claim::{Outcome, Settled};
use crate::park::header::{Header, Kind};
use crate::park::patience::{Pace, Patience};
#[cfg(not(loom))]
use crate::park::thread_cancel::Cancellation;
use crate::sys::futex::Futex;

const NONE: u32 = 0;
const ASLEEP: u32 = 1;
const READY: u32 = 2;

/// What wakers know of an OS thread.
#[repr(C)]
pub(crate) struct ThreadHeader {
    header: Header,
    /// See the module.
    token: Futex,
    /// What may be cancelled on it.
    #[cfg(not(loom))]
    cancellation: Cancellation,
}

impl ThreadHeader {
    /// Makes the thread ready.
    ///
    /// # Safety
    /// `this` came from a live [`ThreadWait`], and the caller won its claim and readies it once.
    pub(crate) unsafe fn ready(this: NonNull<Self>) {
        // SAFETY: the thread cannot leave its park before the token is set below, and until then
        // its `ThreadWait` holds a count; `this` came from `Arc::as_ptr`.
        let this = unsafe {
            Arc::increment_strong_count(this.as_ptr());
            Arc::from_raw(this.as_ptr())
        };
        // Release pairs with the Acquire in `is_ready`: the winner's writes are seen.
        if this.token().swap(READY, Ordering::Release) == ASLEEP {
            this.token.wake_one();
        }
    }

    fn token(&self) -> &AtomicU32 {
        self.token.word()
    }

    fn is_ready(&self) -> bool {
        // Acquire pairs with the Release in `ready`.
        self.token().load(Ordering::Acquire) == READY
    }

    /// Sleeps until the token is set, `deadline` has passed, or for no reason.
    fn sleep(&self, deadline: Option<Instant>) {
        // Relaxed: `is_ready` is asked again.
        let exchange = |from, to| {
            let exchanged =
                (self.token()).compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
            exchanged.is_ok()
        };
        if exchange(NONE, ASLEEP) {
            let timeout = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            self.token.wait(ASLEEP, timeout);
            exchange(ASLEEP, NONE);
        }
    }
}

#[cfg(not(loom))]
impl ThreadHeader {
    /// The calling thread's.
    pub(crate) fn current() -> Arc<Self> {
        ThreadWait::current().0.shared.clone()
    }

    /// What cancellation knows of the thread.
    pub(crate) fn context(&self) -> Context<'_> {
        self.cancellation.context()
    }

    /// Ends the thread's wait, if it is in one that may be cancelled; its flag has been set.
    pub(crate) fn interrupt(self: &Arc<Self>) {
        if let Some(word) = self.cancellation.word_to_interrupt(&self.header.claim)
            && self.header.claim.settle(word, Settled::CANCELLED)
        {
            // SAFETY: this caller has won the claim; the pointer is an `Arc`'s.
            unsafe { Self::ready(NonNull::new_unchecked(Arc::as_ptr(self).cast_mut())) };
        }
    }
}

/// A thread's header together with what is the thread's own.
struct Own {
    shared: Arc<ThreadHeader>,
    /// Before it sleeps in a wait.
    patience: Patience,
    /// Before it waits.
    hope: Patience,
}

impl Own {
    fn new() -> Self {
        Self {
            shared: Arc::new(ThreadHeader {
                header: Header::new(Kind::Thread),
                token: Futex::new(NONE),
                #[cfg(not(loom))]
                cancellation: Cancellation::new(),
            }),
            patience: Patience::new(0),
            hope: Patience::new(4),
        }
    }
}

#[cfg(not(loom))]
thread_local! {
    static OWN: std::rc::Rc<Own> = std::rc::Rc::new(Own::new());
}

#[cfg(loom)]
loom::thread_local! {
    static OWN: std::rc::Rc<Own> = std::rc::Rc::new(Own::new());
}

#[cfg(not(loom))]
thread_local! {
    /// Whether this thread has a header. Needs no destructor, so it can be asked anywhere.
    static MADE: Cell<bool> = const { Cell::new(false) };
}

/// On a plain OS thread, repeats an attempt for a moment, as long as such moments pay, and says whether
/// it has come off. In a task it does nothing: whom it hopes for may be queued behind it.
///
/// For operations on things that hold a supply, before they wait. A peer on another processor makes
/// many operations possible in the time in which one thread goes to sleep and is woken.
pub fn look_out(pace: Pace, attempt: impl FnMut() -> bool) -> bool {
    #[cfg(not(loom))]
    if !crate::scheduler::current_worker().is_null() {
        return false;
    }
    // In a model everybody waits at once.
    !cfg!(loom) && ThreadWait::current().0.hope.look(pace, attempt)
}

/// The current thread's part in a wait.
pub(crate) struct ThreadWait(std::rc::Rc<Own>);

/// How a thread waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// A limit of time; not a cancellation, which is there already.
    #[cfg(not(loom))]
    Limits,
    /// By its peers, its deadline, or a cancellation.
    Any,
    /// Not by a cancellation.
    Shielded,
}

impl ThreadWait {
    /// The current thread's; in a thread-local's destructor, when the usual one is gone, a new one.
    // Never inlined: a task of a migrating runtime may wait as one thread and then as another.
    #[inline(never)]
    pub(crate) fn current() -> Self {
        let own = OWN.try_with(std::rc::Rc::clone);
        #[cfg(not(loom))]
        MADE.set(own.is_ok());
        Self(own.unwrap_or_else(|_| std::rc::Rc::new(Own::new())))
    }

    /// The current thread's, if it has waited before. Allocates nothing.
    // Never inlined: as above.
    #[inline(never)]
    pub(crate) fn current_if_made() -> Option<Self> {
        #[cfg(not(loom))]
        if !MADE.get() {
            return None;
        }
        OWN.try_with(std::rc::Rc::clone).ok().map(Self)
    }

    /// The header, for tickets.
    pub(crate) fn header(&self) -> NonNull<Header> {
        // From `Arc::as_ptr`, not from a reference to the field, so that `ready` may count on it.
        let shared = Arc::as_ptr(&self.0.shared).cast_mut();
        // SAFETY: an `Arc`'s pointer is never null.
        unsafe { NonNull::new_unchecked(shared) }.cast()
    }

    /// Begins a wait and returns its claim word.
    pub(crate) fn begin(&self) -> u64 {
        self.0.shared.header.claim.begin()
    }

    /// Runs `commit` and blocks the thread until the wait `word` is settled.
    pub(crate) fn park(
        &self,
        word: u64,
        deadline: Option<Instant>,
        ends: Ends,
        commit: impl FnOnce() -> bool,
    ) -> Outcome {
        if !commit() {
            return Outcome::Declined;
        }
        #[cfg(not(loom))]
        let shared = &self.0.shared;
        #[cfg(not(loom))]
        if ends == Ends::Limits {
            return self.park_limited(word);
        }
        #[cfg(not(loom))]
        if ends == Ends::Any && shared.cancellation.is_possible() && !std::thread::panicking() {
            return self.park_cancellable(word, deadline);
        }
        let _ = ends;
        self.park_until(word, deadline.map(|at| (at, Settled::DEADLINE)))
    }

    /// [`park`](Self::park), after the commit, in code that may be cancelled.
    #[cfg(not(loom))]
    #[cold]
    fn park_cancellable(&self, word: u64, deadline: Option<Instant>) -> Outcome {
        let Own { shared, .. } = &*self.0;
        let cancellation = &shared.cancellation;
        let limit = cancellation.context().earliest_deadline();
        let limit = limit.map(|at| (at, Settled::CANCELLED));
        let deadline = deadline.map(|at| (at, Settled::DEADLINE));
        let ends = deadline.into_iter().chain(limit).min_by_key(|(at, _)| *at);
        let waiting = cancellation.begin_to_wait();
        if waiting.is_cancelled() && shared.header.claim.settle(word, Settled::CANCELLED) {
            return Outcome::Cancelled;
        }
        let outcome = self.park_until(word, ends);
        if outcome == Outcome::Cancelled && limit == ends {
            cancellation.context().expire(Instant::now());
        }
        outcome
    }

    /// [`park`](Self::park), after the commit, in code that is cancelled already: limits further out may
    /// still pass, and cancel more.
    #[cfg(not(loom))]
    #[cold]
    fn park_limited(&self, word: u64) -> Outcome {
        let context = self.0.shared.cancellation.context();
        let limit = context.earliest_deadline();
        let outcome = self.park_until(word, limit.map(|at| (at, Settled::CANCELLED)));
        if outcome == Outcome::Cancelled {
            context.expire(Instant::now());
        }
        outcome
    }

    /// Blocks the thread until the wait `word` is settled, or settles it itself at a point in time.
    fn park_until(&self, word: u64, end: Option<(Instant, Settled)>) -> Outcome {
        let Own {
            shared, patience, ..
        } = &*self.0;
        let mut end = end;
        // In a model the thread sleeps at once.
        let mut ready = !cfg!(loom) && patience.look(Pace::Close, || shared.is_ready());
        while !ready {
            match end {
                Some((at, settled)) if at <= Instant::now() => {
                    if shared.header.claim.settle(word, settled) {
                        return settled.outcome();
                    }
                    // A peer has won and its ready is on the way.
                    end = None;
                }
                _ => shared.sleep(end.map(|(at, _)| at)),
            }
            ready = shared.is_ready();
        }
        // Relaxed: the token is this thread's until it lets peers in again.
        shared.token().store(NONE, Ordering::Relaxed);
        shared.header.claim.state().outcome()
    }

    /// Unwinds if the code that runs here is cancelled.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn deliver_cancellation(&self) {
        if self.is_cancelled() {
            unwind_cancelled();
        }
    }

    /// Whether the code that runs here is to unwind.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.shared.cancellation.is_delivered()
    }

    /// Whether the code that runs here may be cancelled, or be so already.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn may_be_cancelled(&self) -> bool {
        self.0.shared.cancellation.is_possible()
    }
}
