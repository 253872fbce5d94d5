//! What a cancellation unwinds with.

use std::any::Any;

use crate::cancel::context::Context;

/// The payload: which frame, or which task, is meant. Such numbers are never used again, so a payload
/// that somebody has kept and raises once more matches nothing.
struct Cancellation {
    target: Option<u64>,
}

/// Unwinds because the calling code is cancelled. To be called by an operation whose park ended
/// with [`Outcome::Cancelled`](crate::park::Outcome::Cancelled), after it has withdrawn its waiters.
///
/// The outermost frame that is cancelled is meant: those within it end with it.
#[cold]
pub fn unwind_cancelled() -> ! {
    let target = Context::with_current(|context| context.target());
    // `resume_unwind` runs no panic hook: a cancellation is no failure to report.
    std::panic::resume_unwind(Box::new(Cancellation { target }))
}

/// Whether a payload that [`catch_unwind`](std::panic::catch_unwind) has caught is a cancellation.
///
/// Code that catches panics should go on with it
/// ([`resume_unwind`](std::panic::resume_unwind)). If it does not, the next blocking point unwinds
/// again.
///
/// # Examples
///
/// ```
/// use std::panic::catch_unwind;
/// use std::time::Duration;
///
/// let answer = hueless_runtime::timeout(Duration::from_millis(1), || {
///     let caught = catch_unwind(|| hueless_runtime::sleep(Duration::MAX));
///     assert!(hueless_runtime::cancel::is_cancellation(&*caught.unwrap_err()));
///     7
/// });
/// // What came in the end counts, however late.
/// assert_eq!(answer, Ok(7));
/// ```
pub fn is_cancellation(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Cancellation>()
}

/// Whether the payload is the cancellation of frame `id`.
pub(super) fn is_for(payload: &(dyn Any + Send), id: u64) -> bool {
    payload
        .downcast_ref::<Cancellation>()
        .is_some_and(|cancellation| cancellation.target == Some(id))
}
