//! Sleeping.

use std::time::{Duration, Instant};

use crate::park::{Outcome, Wait, unwind_cancelled};

/// The current time: std's `Instant`.
///
/// # Examples
///
/// ```
/// let then = hueless_runtime::now();
/// assert!(hueless_runtime::now() >= then);
/// ```
#[inline]
pub fn now() -> Instant {
    Instant::now()
}

/// Sleeps for at least `duration`. Blocks the calling task, not the worker; on a plain OS thread,
/// the thread. `Duration::MAX` sleeps for ever.
///
/// A point of cancellation.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// let start = Instant::now();
/// hueless_runtime::run(|| hueless_runtime::sleep(Duration::from_millis(2)));
/// assert!(start.elapsed() >= Duration::from_millis(2));
/// ```
pub fn sleep(duration: Duration) {
    sleep_to(Instant::now().checked_add(duration));
}

/// Sleeps until `deadline`, not at all if it has passed. Blocks as [`sleep`] does.
///
/// A point of cancellation.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// let deadline = Instant::now() + Duration::from_millis(2);
/// hueless_runtime::run(|| hueless_runtime::sleep_until(deadline));
/// assert!(Instant::now() >= deadline);
/// ```
pub fn sleep_until(deadline: Instant) {
    sleep_to(Some(deadline));
}

fn sleep_to(deadline: Option<Instant>) {
    let wait = Wait::begin();
    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        return;
    }
    match wait.park(deadline, || true) {
        Outcome::Cancelled => unwind_cancelled(),
        Outcome::Deadline => {}
        Outcome::Settled(_) | Outcome::Declined => unreachable!("nobody else knows this wait"),
    }
}
