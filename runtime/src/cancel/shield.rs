//! Code that is not to be cancelled.

use crate::cancel::frame::{Frame, Role};

/// Runs `f` so that no cancellation from around it is delivered in it: for steps that must not end
/// half-way, such as the end of a transaction. It is delivered at the first blocking point after.
///
/// What `f` itself puts a limit to, with [`timeout`](crate::timeout) for example, is cancelled as
/// ever. Locks' initialisers and destructors during an unwinding need no shield.
///
/// # Panics
/// With `f`'s payload.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{cancel::shield, sleep, timeout};
/// use std::time::Duration;
///
/// let mut written = false;
/// let late = timeout(Duration::from_millis(1), || {
///     shield(|| {
///         sleep(Duration::from_millis(3));
///         written = true;
///     });
///     sleep(Duration::MAX);
/// });
/// assert!(late.is_err() && written);
/// ```
pub fn shield<F, T>(f: F) -> T
where
    F: FnOnce() -> T,
{
    Frame::new(Role::Shield, None, None).run(f)
}
