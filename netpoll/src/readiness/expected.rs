//! What an operation that does not wait leaves for its caller to wait for, alone or with others.
//!
//! Protocol of who waits for the first of several, having read the tick of each before its call:
//! 1. Lock all of them, each once, in the order of their addresses.
//! 2. If one has come already, unlock and go back. Else link a waiter for each, all of one wait.
//! 3. Park; the commit unlocks. Whoever tells one of them settles the wait.
//! 4. Lock each again, to unlink what is still linked.
//!
//! Invariant: whoever is readied from the first unlock on waits in step 4 for the lock that is
//! released last. So the frame stays until then, and the commit may read it before that, but not
//! after.
//!
//! The loom models are in `expected/loom_tests.rs`.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::time::Instant;

use hueless_runtime::park::{self, LockGuard, Outcome, Wait, Waiter};

use super::{Direction, Queues, Readiness, Tick, Waited};
use crate::loom::Ordering;

#[cfg(all(test, loom))]
mod loom_tests;

/// What came of an operation that does not wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attempt<'a, R> {
    /// Its answer.
    Done(R),
    /// It would block as long as this has not come.
    Blocked(Expected<'a>),
}

/// Something that an operation waits for: that more is told of a direction than `seen` counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    readiness: &'a Readiness,
    direction: Direction,
    seen: Tick,
}

impl<'a> Expected<'a> {
    /// What to wait for if a call of `direction` that follows would block. `readiness` is watched, or
    /// will be before anybody waits.
    #[inline]
    pub(crate) fn next(readiness: &'a Readiness, direction: Direction) -> Self {
        Self::after(readiness, direction, readiness.tick(direction))
    }

    /// [`next`](Self::next), with the tick that was [`seen`](Self::seen) then.
    #[inline]
    pub(crate) fn after(readiness: &'a Readiness, direction: Direction, seen: Tick) -> Self {
        Self {
            readiness,
            direction,
            seen,
        }
    }

    /// The tick that was read.
    #[inline]
    pub(crate) fn seen(&self) -> Tick {
        self.seen
    }

    /// Whether a call may go through that did not before, at a glance.
    #[inline]
    pub(crate) fn has_come(&self) -> bool {
        self.readiness.tick(self.direction) != self.seen || !self.readiness.is_watched()
    }

    /// [`Readiness::wait`] for this.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Waited {
        self.readiness.wait(self.direction, self.seen, deadline)
    }

    /// [`Readiness::wait_by`] for this.
    pub(crate) fn wait_by(&self, wait: Wait, deadline: Option<Instant>) -> Waited {
        self.readiness
            .wait_by(wait, self.direction, self.seen, deadline)
    }

    /// [`has_come`](Self::has_come) for one who holds the lock and is about to wait.
    fn has_come_locked(&self) -> bool {
        // Relaxed: written under the lock that is held.
        let watched = self.readiness.watched.load(Ordering::Relaxed);
        !watched || self.readiness.tick(self.direction) != self.seen
    }
}

/// One of several that are waited for.
pub(crate) struct Case<'a> {
    expected: Expected<'a>,
    waiter: Option<Waiter>,
    /// While they are being linked: the lock of those in a row that have the same.
    locked: Cell<Option<LockGuard<'a, Queues>>>,
}

impl<'a> From<Expected<'a>> for Case<'a> {
    fn from(expected: Expected<'a>) -> Self {
        Self {
            expected,
            waiter: None,
            locked: Cell::new(None),
        }
    }
}

impl Case<'_> {
    fn waiter(&self) -> NonNull<Waiter> {
        NonNull::from(self.waiter.as_ref().expect("made by `wait_any`"))
    }

    fn has_same_lock(&self, other: &Self) -> bool {
        ptr::eq(self.expected.readiness, other.expected.readiness)
    }
}

/// Waits until one of `cases` has come, or until `deadline`. Several may belong to one descriptor.
/// Their order changes.
///
/// Unwinds if the task is cancelled.
pub(crate) fn wait_any(cases: &mut [Case<'_>], deadline: Option<Instant>) -> Waited {
    wait_any_by(Wait::begin(), cases, deadline)
}

/// [`wait_any`] by a wait that has begun; one that nothing interrupts does not unwind.
pub(crate) fn wait_any_by(wait: Wait, cases: &mut [Case<'_>], deadline: Option<Instant>) -> Waited {
    cases.sort_unstable_by_key(|case| ptr::from_ref(case.expected.readiness).addr());
    for case in &mut *cases {
        case.waiter = Some(Waiter::new(wait.ticket(), 0, ptr::null_mut()));
    }
    let cases = &*cases;
    if !link(cases) {
        return Waited::Retry;
    }
    let outcome = wait.park(deadline, move || {
        // What follows a group is looked at before the group is unlocked.
        for group in cases.chunk_by(Case::has_same_lock) {
            // SAFETY: `link` has left it locked, and the queues are not touched after this.
            unsafe { group[0].expected.readiness.queues.unlock() };
        }
        true
    });
    for case in cases {
        let expected = case.expected;
        expected
            .readiness
            .withdraw(expected.direction, case.waiter());
    }
    match outcome {
        // `Declined` does not come: the commit accepts.
        Outcome::Settled(_) | Outcome::Declined => Waited::Retry,
        Outcome::Deadline => Waited::TimedOut,
        Outcome::Cancelled => park::unwind_cancelled(),
    }
}

/// Locks what all wait for and links the waiters, unless one has come already. Says whether it has linked them; then
/// the locks stay locked. (They may be thousands, so this does not call itself.)
fn link(cases: &[Case<'_>]) -> bool {
    let groups = || cases.chunk_by(Case::has_same_lock);
    for group in groups() {
        let queues = group[0].expected.readiness.queues.lock();
        group[0].locked.set(Some(queues));
    }
    let has_come = cases.iter().any(|case| case.expected.has_come_locked());
    for group in groups() {
        let mut queues = group[0].locked.take().expect("locked above");
        if has_come {
            continue;
        }
        for case in group {
            // SAFETY: the waiter is new and lies in the slice that `wait_any` has borrowed, which does not
            // return before the waiter has been popped and readied or withdrawn; the lock is held.
            unsafe { queues[case.expected.direction as usize].push(case.waiter()) };
        }
        queues.leak();
    }
    !has_come
}
