//! Who waits for a descriptor, and what has been told of it.
//!
//! Readiness comes in edges: the system tells a poller once when something changes. What an edge
//! leaves behind is a count, the direction's *tick*, so that nobody can take another's edge away.
//!
//! Protocol of an operation:
//! 1. Read the direction's [`tick`](Readiness::tick).
//! 2. Make the system call. If it answers anything but `WouldBlock`, that is the operation's
//!    answer; nothing is owed.
//! 3. [`wait`](Readiness::wait) with that tick: under the lock, go back to 1 if the tick has moved
//!    on, else enqueue a waiter and park; then go back to 1.
//!
//! Protocol of whoever tells: [`tell`](Readiness::tell) for an event, [`wake_all`] after something
//! else that operations should look at again.
//! 1. Under the lock, count the ticks up and pop all waiters of the directions concerned.
//! 2. After unlocking, ready them.
//!
//! [`wake_all`]: Readiness::wake_all
//!
//! Why no edge is lost: a task sleeps only if no event came between its reading the tick and its
//! enqueuing, so its system call found nothing although every event so far had come before it; the
//! next change of the descriptor is a new edge. Why all waiters wake: the one woken alone might
//! take a part of what is there and go away, and no further edge would come for the rest.
//!
//! A system call may be spared: one that transfers less than it was given room for has *exhausted*
//! the direction, and the next would block, until the next event. The caller that notes this
//! ([`note_exhausted`](Readiness::note_exhausted)) saves the operations that follow their step 2.
//! It does not hold once the direction has seen a [special](Edges::special) event, for what that
//! tells of follows a short transfer without another edge.
//!
//! Invariant: a waiter is linked only while the descriptor is *watched*, that is, while an edge will
//! be told.
//!
//! Rejected: a flag instead of the tick. With several waiters, one that clears it before its call
//! clears it for another as well, whose call came before the event.
//!
//! The loom models are in `readiness/loom_tests.rs`.

use std::panic::RefUnwindSafe;
use std::ptr::{self, NonNull};
use std::time::Instant;

use hueless_runtime::park::{self, ClaimedList, Lock, Outcome, Wait, WaitQueue, Waiter};

use crate::loom::{AtomicBool, AtomicUsize, Ordering};

mod expected;
#[cfg(all(test, loom))]
mod loom_tests;

pub(crate) use expected::{Attempt, Case, Expected, wait_any, wait_any_by};

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Something to read, or to accept; or the end.
    Read,
    /// Room to write, or a connection; or the end.
    Write,
}

impl Direction {
    /// How many there are.
    pub(crate) const COUNT: usize = 2;
    const ALL: [Self; Self::COUNT] = [Self::Read, Self::Write];
}

/// What an event tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edges {
    /// Whether reading may go on, if only to fail.
    pub(crate) read: bool,
    /// Whether writing may go on, if only to fail.
    pub(crate) write: bool,
    /// Whether it is more than data and room: the end, an error, urgent data. Then at least one
    /// of the others holds.
    pub(crate) special: bool,
}

impl Edges {
    fn concern(self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.read,
            Direction::Write => self.write,
        }
    }
}

/// A count of events, of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick(usize);

/// How a wait for readiness ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Waited {
    /// Make the system call again.
    Retry,
    /// The time is up.
    TimedOut,
}

/// What no tick is: counts begin at zero and never get here.
const NEVER: usize = usize::MAX;

type Queues = [WaitQueue; Direction::COUNT];

/// The readiness of one descriptor.
#[derive(Debug)]
pub(crate) struct Readiness {
    /// By direction; written under the lock.
    ticks: [AtomicUsize; Direction::COUNT],
    /// By direction, the tick at which it was exhausted, or [`NEVER`].
    exhausted: [AtomicUsize; Direction::COUNT],
    /// Whether a special event was told.
    special: AtomicBool,
    /// Written under the lock.
    watched: AtomicBool,
    queues: Lock<Queues>,
}

// No panic leaves it half changed: nothing under its lock can panic.
impl RefUnwindSafe for Readiness {}

impl Readiness {
    /// The readiness of a descriptor that is not watched yet.
    pub(crate) fn new() -> Self {
        Self {
            ticks: [0; Direction::COUNT].map(AtomicUsize::new),
            exhausted: [NEVER; Direction::COUNT].map(AtomicUsize::new),
            special: AtomicBool::new(false),
            watched: AtomicBool::new(false),
            queues: Lock::new([const { WaitQueue::new() }; Direction::COUNT]),
        }
    }

    /// The direction's tick, to be read before the system call.
    #[inline]
    pub(crate) fn tick(&self, direction: Direction) -> Tick {
        // Acquire pairs with the Release in `count_up`: a system call after this finds what the
        // counted events announced, and `special` is seen as they left it.
        Tick(self.ticks[direction as usize].load(Ordering::Acquire))
    }

    /// Notes that a transfer made after `seen` was read has left nothing for another.
    #[inline]
    pub(crate) fn note_exhausted(&self, direction: Direction, seen: Tick) {
        // Relaxed: a special event up to `seen` is seen, because `tick` was read with Acquire; a
        // later one has counted the tick up, which voids the note.
        if !self.special.load(Ordering::Relaxed) {
            // Relaxed: the note states a fact about the past and publishes nothing.
            self.exhausted[direction as usize].store(seen.0, Ordering::Relaxed);
        }
    }

    /// Whether a transfer is known to block without making it.
    #[inline]
    pub(crate) fn is_exhausted(&self, direction: Direction, seen: Tick) -> bool {
        // Relaxed: see `note_exhausted`.
        self.exhausted[direction as usize].load(Ordering::Relaxed) == seen.0
    }

    /// Whether events are being told, at a glance.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        // Relaxed: `wait` looks again under the lock.
        self.watched.load(Ordering::Relaxed)
    }

    /// Waits until something is told of `direction` that `seen` does not count, or until `deadline`.
    /// Returns at once if the descriptor is not watched.
    ///
    /// Unwinds if the task is cancelled.
    pub(crate) fn wait(
        &self,
        direction: Direction,
        seen: Tick,
        deadline: Option<Instant>,
    ) -> Waited {
        self.wait_by(Wait::begin(), direction, seen, deadline)
    }

    /// [`wait`](Self::wait) by a wait that has begun; one that nothing interrupts does not unwind.
    pub(crate) fn wait_by(
        &self,
        wait: Wait,
        direction: Direction,
        seen: Tick,
        deadline: Option<Instant>,
    ) -> Waited {
        let mut queues = self.queues.lock();
        // Relaxed: written under the lock that is held.
        if self.tick(direction) != seen || !self.watched.load(Ordering::Relaxed) {
            return Waited::Retry;
        }
        let waiter = Waiter::new(wait.ticket(), 0, ptr::null_mut());
        let node = NonNull::from(&waiter);
        // SAFETY: the waiter is new, lies in this frame, which is not left before it has been popped
        // and readied or withdrawn, and the lock of its queue is held.
        unsafe { queues[direction as usize].push(node) };
        let lock = queues.leak();
        let outcome = wait.park(deadline, || {
            // SAFETY: the guard was leaked above, and the queues are not touched after this.
            unsafe { lock.unlock() };
            true
        });
        match outcome {
            // Popped, so no longer linked. `Declined` does not come: the commit accepts.
            Outcome::Settled(_) | Outcome::Declined => Waited::Retry,
            Outcome::Deadline => {
                self.withdraw(direction, node);
                Waited::TimedOut
            }
            Outcome::Cancelled => {
                self.withdraw(direction, node);
                park::unwind_cancelled()
            }
        }
    }

    fn withdraw(&self, direction: Direction, waiter: NonNull<Waiter>) {
        // SAFETY: if linked, the waiter is where `wait` has put it; the lock is held.
        unsafe { self.queues.lock()[direction as usize].remove(waiter) };
    }

    /// Counts an event and adds the waiters it concerns to `woken`, to be readied by the caller.
    #[inline]
    pub(crate) fn tell(&self, edges: Edges, woken: &mut ClaimedList) {
        let mut queues = self.queues.lock();
        if edges.special {
            // Relaxed: published by `count_up`, which follows for each direction concerned.
            self.special.store(true, Ordering::Relaxed);
        }
        for direction in Direction::ALL {
            if edges.concern(direction) {
                self.count_up(direction);
                queues[direction as usize].pop_all(woken);
            }
        }
    }

    /// Makes everyone who waits, or is about to, try again.
    pub(crate) fn wake_all(&self) {
        let mut queues = self.queues.lock();
        let woken = self.pop_all(&mut queues);
        drop(queues);
        drop(woken);
    }

    /// Says that events will be told from now on.
    pub(crate) fn begin_watch(&self) {
        let _queues = self.queues.lock();
        // Relaxed: published by the lock.
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Says that no more events will be told, and makes everyone who waits try again.
    pub(crate) fn end_watch(&self) {
        let mut queues = self.queues.lock();
        // Relaxed: published by the lock.
        self.watched.store(false, Ordering::Relaxed);
        let woken = self.pop_all(&mut queues);
        drop(queues);
        drop(woken);
    }

    /// Counts both directions up and pops all waiters.
    fn pop_all(&self, queues: &mut Queues) -> ClaimedList {
        let mut woken = ClaimedList::default();
        for direction in Direction::ALL {
            self.count_up(direction);
            queues[direction as usize].pop_all(&mut woken);
        }
        woken
    }

    /// Counts an event of `direction`. The lock must be held.
    #[inline]
    fn count_up(&self, direction: Direction) {
        let tick = &self.ticks[direction as usize];
        // Relaxed: written only under the lock that is held. Release pairs with the Acquire in
        // `tick`. The count may wrap in theory: whoever is to be misled by that would have to read
        // it and sleep through 2^32 events or more before its system call.
        let next = tick.load(Ordering::Relaxed).wrapping_add(1);
        tick.store(next, Ordering::Release);
    }
}
