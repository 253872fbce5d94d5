//! Channels of the clock: `after`, `at` and `tick`.
//!
//! Nobody sends: a message is the instant at which it became due, made when it is received. All
//! receivers of the channel share what is due, so each message goes to one of them. Receivers wait
//! for the clock, each for itself, not for each other: whoever is there first when it is due takes
//! it, the others go on waiting for the next one.

use std::time::{Duration, Instant};

use hueless_runtime::park::{Lock, Outcome, Wait, unwind_cancelled};

use crate::err::{RecvTimeoutError, TryRecvError};
use crate::exchange::{Limit, Packet};
use crate::loom::{checkpoint, now};

/// A channel of the clock.
pub(crate) struct Timer<T> {
    /// When the next message is due; `None` if there is none any more.
    next: Lock<Option<Instant>>,
    /// The time between messages, if there is more than one.
    period: Option<Duration>,
    /// Messages are instants: shows the compiler that `T` is `Instant`.
    make: fn(Instant) -> T,
}

/// The time for one who receives.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// Since when it has been there.
    pub(crate) since: Instant,
    pub(crate) now: Instant,
}

impl Moment {
    /// The time for one who has just come.
    pub(crate) fn at(now: Instant) -> Self {
        Self { since: now, now }
    }
}

impl Timer<Instant> {
    /// One message at `when`.
    pub(crate) fn once(when: Instant) -> Self {
        Self::new(when, None)
    }

    /// A message at `first`, and one after each `period`.
    pub(crate) fn periodic(first: Instant, period: Duration) -> Self {
        Self::new(first, Some(period))
    }

    fn new(first: Instant, period: Option<Duration>) -> Self {
        Self {
            next: Lock::new(Some(first)),
            period,
            make: |when| when,
        }
    }
}

/// A channel of the clock without the type of its messages.
pub(crate) trait Alarm {
    /// When the next message is due.
    fn due(&self) -> Option<Instant>;

    /// Receives into the packet at `slot` what is due, if there is anything.
    ///
    /// # Safety
    /// `slot` is the address of a packet of this channel's messages that is empty and the caller's.
    unsafe fn receive(&self, time: Moment, slot: *mut ()) -> bool;
}

impl<T> Alarm for Timer<T> {
    fn due(&self) -> Option<Instant> {
        *self.next.lock()
    }

    unsafe fn receive(&self, time: Moment, slot: *mut ()) -> bool {
        let msg = self.take(time);
        let is_due = msg.is_some();
        if let Some(msg) = msg {
            // SAFETY: by this function's contract.
            unsafe { Packet::of(slot).deliver(msg) };
        }
        is_due
    }
}

impl<T> Timer<T> {
    /// Takes the message that is due, if there is one.
    ///
    /// The next one is a period later, exactly, if the receiver was there when this one became due.
    /// If it came late the period begins with it: what was missed does not come in a burst.
    fn take(&self, time: Moment) -> Option<T> {
        let due = {
            let mut next = self.next.lock();
            let due = next.filter(|due| *due <= time.now)?;
            let taken = due.max(time.since);
            *next = self.period.and_then(|period| taken.checked_add(period));
            due
        };
        Some((self.make)(due))
    }

    /// Receives what is due, if there is anything.
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        self.due()
            .and_then(|_| self.take(Moment::at(now())))
            .ok_or(TryRecvError::Empty)
    }

    /// Receives, waiting within `limit`.
    pub(crate) fn recv_within(&self, limit: Limit) -> Result<T, RecvTimeoutError> {
        checkpoint();
        let mut time = Moment::at(now());
        if let Some(msg) = self.take(time) {
            return Ok(msg);
        }
        let deadline = limit.deadline().map_err(|_| RecvTimeoutError::Timeout)?;
        loop {
            let due = self.due();
            let until = match (due, deadline) {
                (Some(due), Some(deadline)) => Some(due.min(deadline)),
                (due, deadline) => due.or(deadline),
            };
            wait_until(until);
            // It is later than that, if by little.
            time.now = until.unwrap_or(time.now);
            if let Some(msg) = self.take(time) {
                return Ok(msg);
            }
            if until == deadline && deadline.is_some() {
                return Err(RecvTimeoutError::Timeout);
            }
        }
    }

    /// How many messages can be received: one at most.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.due().is_some_and(|due| due <= now()))
    }
}

/// Waits for the clock, or for ever.
fn wait_until(until: Option<Instant>) {
    if Wait::begin().park(until, || true) != Outcome::Deadline {
        unwind_cancelled();
    }
}

/// Waits for ever, within `limit`: receiving from a channel that never has a message.
pub(crate) fn wait_in_vain(limit: Limit) -> RecvTimeoutError {
    checkpoint();
    if let Ok(deadline) = limit.deadline() {
        wait_until(deadline);
    }
    RecvTimeoutError::Timeout
}
