//! Cancellation: how a task that must end is told.
//!
//! It is delivered by unwinding at a blocking point, with a private payload, so destructors run and
//! the code behind the blocking call never sees half an answer. It is level-triggered: every later
//! wait of the task unwinds too, except while the task is unwinding already.
//!
//! With `panic = "abort"` nothing can unwind, so nothing is delivered.

use std::any::Any;

/// The payload of a cancellation.
struct Cancellation;

/// Whether cancellation can be delivered in this build.
pub(crate) const UNWINDS: bool = cfg!(panic = "unwind");

/// Unwinds the current task because it is cancelled. To be called by an operation whose park ended
/// with [`Outcome::Cancelled`](crate::park::Outcome::Cancelled), after it has withdrawn its waiters.
#[cold]
pub fn unwind_cancelled() -> ! {
    // `resume_unwind` runs no panic hook: a cancellation is no failure to report.
    std::panic::resume_unwind(Box::new(Cancellation))
}

/// Whether a caught payload is a cancellation.
pub(crate) fn is_cancellation(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Cancellation>()
}
