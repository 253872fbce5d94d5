//! The readiness of one descriptor, and who waits for it.
//!
//! Readiness comes in edges: the system tells a poller once when something changes. What an edge
//! leaves behind is a count, the direction's *tick*, so that nobody can take another's edge away.
//!
//! Protocol of an operation:
//! 1. Read the direction's [`tick`](Source::tick).
//! 2. Make the system call. If it answers anything but `WouldBlock`, that is the operation's
//!    answer; nothing is owed.
//! 3. [`wait`](Source::wait) with that tick. It registers the descriptor if need be. Then, under
//!    the lock, it goes back to 1 if the tick has moved on, else it enqueues a waiter and parks.
//!
//! Protocol of an event ([`on_event`](Source::on_event)), and of [`wake_all`](Source::wake_all):
//! 1. Under the lock, count the ticks up and pop all waiters of the directions concerned.
//! 2. After unlocking, ready them. Each goes back to its first step.
//!
//! Why no edge is lost: a task sleeps only if no event came between its reading the tick and its
//! enqueuing, so its system call found nothing although every event so far had come before it; the
//! next change of the descriptor is a new edge. Why all waiters wake: the one woken alone might
//! take a part of what is there and go away, and no further edge would come for the rest.
//!
//! A system call may be spared: one that transfers less than it was given room for has *exhausted*
//! the direction, and the next would block, until the next event. The caller that notes this
//! ([`note_exhausted`](Source::note_exhausted)) saves the operations that follow their step 2. It
//! does not hold once the direction has seen anything but data or room (the end, an error, urgent
//! data): what that leaves behind follows a short transfer without a further event.
//!
//! States of the registration: *none*, until the first wait, so that a socket goes to the poller of
//! the worker whose task first waits on it; *registered*; *none* again when that poller has closed
//! ([`detach`](Source::detach)), which wakes all waiters, who register anew; and none for good when
//! the descriptor is given up ([`deregister`](Source::deregister)).
//!
//! Invariants: a waiter is linked only while the source is registered. The descriptor is open while
//! the source is registered.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hueless_runtime::driver;
use hueless_runtime::park::{self, ClaimedList, Lock, Outcome, Wait, WaitQueue, Waiter};
use mio::Interest;
use mio::event::Event;

use crate::poller::{self, MioPoller};
use crate::shared::Shared;
use crate::table::Token;

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Something to read, or to accept; or the end.
    Read,
    /// Room to write, or a connection; or the end.
    Write,
}

impl Direction {
    /// How many there are.
    pub(crate) const COUNT: usize = 2;
    const ALL: [Self; Self::COUNT] = [Self::Read, Self::Write];

    /// Whether `event` may let an operation of this direction go on, if only to fail.
    fn is_in(self, event: &Event) -> bool {
        event.is_error()
            || match self {
                Self::Read => event.is_readable() || event.is_read_closed(),
                Self::Write => event.is_writable() || event.is_write_closed(),
            }
    }
}

/// Whether `event` tells of more than data and room.
fn is_special(event: &Event) -> bool {
    event.is_read_closed() || event.is_write_closed() || event.is_error() || event.is_priority()
}

/// A count of events, of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick(usize);

/// How a [`Source::wait`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Waited {
    /// Make the system call again.
    Retry,
    /// The time is up.
    TimedOut,
}

/// What no tick is: counts begin at zero and never get here.
const NEVER: usize = usize::MAX;

type Queues = [WaitQueue; Direction::COUNT];

struct Registration {
    poller: Arc<MioPoller>,
    token: Token,
}

/// The readiness of one descriptor.
pub(crate) struct Source {
    fd: RawFd,
    interest: Interest,
    shared: Arc<Shared>,
    /// By direction; written under the lock of `queues`.
    ticks: [AtomicUsize; Direction::COUNT],
    /// By direction, the tick at which it was exhausted, or [`NEVER`].
    exhausted: [AtomicUsize; Direction::COUNT],
    /// Whether an event has told of more than data and room.
    special: AtomicBool,
    queues: Lock<Queues>,
    /// Whether `registration` is some; written under both locks, to be read under either.
    registered: AtomicBool,
    registration: Mutex<Option<Registration>>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("fd", &self.fd)
            .field("ticks", &self.ticks)
            .field("registered", &self.registered)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// The readiness of `fd`, which is not watched yet.
    pub(crate) fn new(fd: RawFd, interest: Interest, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            fd,
            interest,
            shared,
            ticks: [const { AtomicUsize::new(0) }; Direction::COUNT],
            exhausted: [const { AtomicUsize::new(NEVER) }; Direction::COUNT],
            special: AtomicBool::new(false),
            queues: Lock::new([const { WaitQueue::new() }; Direction::COUNT]),
            registered: AtomicBool::new(false),
            registration: Mutex::new(None),
        })
    }

    /// What this source has in common with the socket's other handles.
    #[inline]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The direction's tick, to be read before the system call.
    #[inline]
    pub(crate) fn tick(&self, direction: Direction) -> Tick {
        // Acquire pairs with the Release in `count_up`: a system call after this finds what the
        // counted events announced.
        Tick(self.ticks[direction as usize].load(Ordering::Acquire))
    }

    /// Notes that a transfer made after `seen` was read has left nothing for another.
    #[inline]
    pub(crate) fn note_exhausted(&self, direction: Direction, seen: Tick) {
        // Relaxed, both: what an event set before `seen` was counted is seen, since `tick` was
        // read with Acquire; of a later event the tick tells. The note itself states a fact about
        // the past and publishes nothing.
        if !self.special.load(Ordering::Relaxed) {
            self.exhausted[direction as usize].store(seen.0, Ordering::Relaxed);
        }
    }

    /// Whether a transfer would block, as far as is known without making it.
    #[inline]
    pub(crate) fn is_exhausted(&self, direction: Direction, seen: Tick) -> bool {
        // Relaxed: see `note_exhausted`.
        self.exhausted[direction as usize].load(Ordering::Relaxed) == seen.0
    }

    /// Waits for an event of `direction` after `seen`, until `deadline`. May return early.
    ///
    /// Unwinds if the task is cancelled.
    ///
    /// # Errors
    /// When the descriptor cannot be registered.
    pub(crate) fn wait(
        self: &Arc<Self>,
        direction: Direction,
        seen: Tick,
        deadline: Option<Instant>,
    ) -> io::Result<Waited> {
        // Relaxed: only says whether to go the long way; looked at again under the lock.
        if !self.registered.load(Ordering::Relaxed) {
            self.register()?;
        }
        let wait = Wait::begin();
        let mut queues = self.queues.lock();
        // Relaxed: written under the lock that is held.
        if self.tick(direction) != seen || !self.registered.load(Ordering::Relaxed) {
            return Ok(Waited::Retry);
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
            Outcome::Settled(_) | Outcome::Declined => Ok(Waited::Retry),
            Outcome::Deadline => {
                self.withdraw(direction, node);
                Ok(Waited::TimedOut)
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

    /// Notes an event and adds the waiters it wakes to `ready`. For the poller.
    #[inline]
    pub(crate) fn on_event(&self, event: &Event, ready: &mut Vec<ClaimedList>) {
        let mut queues = self.queues.lock();
        if is_special(event) {
            // Relaxed: published by `count_up`, which follows for each direction concerned.
            self.special.store(true, Ordering::Relaxed);
        }
        for direction in Direction::ALL {
            if direction.is_in(event) {
                self.count_up(direction);
                let queue = &mut queues[direction as usize];
                if !queue.is_empty() {
                    ready.push(queue.pop_all());
                }
            }
        }
    }

    /// Makes everyone who waits try again.
    pub(crate) fn wake_all(&self) {
        let mut queues = self.queues.lock();
        let woken = self.pop_all(&mut queues);
        drop(queues);
        drop(woken);
    }

    /// Counts both directions up and pops all waiters.
    fn pop_all(&self, queues: &mut Queues) -> [ClaimedList; Direction::COUNT] {
        Direction::ALL.map(|direction| {
            self.count_up(direction);
            queues[direction as usize].pop_all()
        })
    }

    /// Counts an event of `direction`. The lock of `queues` must be held.
    #[inline]
    fn count_up(&self, direction: Direction) {
        let tick = &self.ticks[direction as usize];
        // Relaxed: written only under the lock that is held. Release pairs with the Acquire in
        // `tick`. The count may wrap: a task would have to read it and sleep through 2^32 events
        // or more before its system call to be misled.
        tick.store(
            tick.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Release,
        );
    }

    /// Registers the descriptor with the current worker's poller, unless another task just has.
    #[cold]
    fn register(self: &Arc<Self>) -> io::Result<()> {
        driver::install(poller::driver());
        let mut refused: Option<Arc<MioPoller>> = None;
        loop {
            let poller = driver::current()?
                .into_any()
                .downcast::<MioPoller>()
                .map_err(|_| io::Error::other("the runtime sleeps in another driver"))?;
            if refused.is_some_and(|refused| Arc::ptr_eq(&refused, &poller)) {
                return Err(io::Error::other("the worker's poller is closed"));
            }
            let mut registration = self.registration();
            if registration.is_some() {
                return Ok(());
            }
            let Some(token) = poller.register(self, self.fd, self.interest)? else {
                // It has closed since it was named; the next may be another one.
                refused = Some(poller);
                continue;
            };
            *registration = Some(Registration { poller, token });
            let _queues = self.queues.lock();
            // Relaxed: published by the lock.
            self.registered.store(true, Ordering::Relaxed);
            return Ok(());
        }
    }

    /// Ends the registration, before the descriptor is given up. Nobody waits then.
    pub(crate) fn deregister(&self) {
        let registration = self.registration().take();
        if let Some(Registration { poller, token }) = registration {
            // Relaxed: there is no other user of the descriptor any more.
            self.registered.store(false, Ordering::Relaxed);
            poller.deregister(self.fd, token);
        }
    }

    /// Forgets the registration with `poller`, which has closed, and wakes all waiters. For that
    /// poller, which no longer knows this source.
    pub(crate) fn detach(&self, poller: &MioPoller) {
        let mut registration = self.registration();
        if !registration
            .as_ref()
            .is_some_and(|registration| ptr::eq(&*registration.poller, poller))
        {
            // The descriptor was given up meanwhile, or entering it in that poller has failed.
            return;
        }
        let mut queues = self.queues.lock();
        // Relaxed: published by the lock.
        self.registered.store(false, Ordering::Relaxed);
        let woken = self.pop_all(&mut queues);
        drop(queues);
        *registration = None;
        drop(registration);
        drop(woken);
    }

    fn registration(&self) -> MutexGuard<'_, Option<Registration>> {
        // No critical section leaves it half changed.
        self.registration
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
