//! Limits of time around any code.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use crate::cancel::catch::catch;
use crate::time::now;

/// The time was up before the code had ended, and it has unwound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is up")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(error: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, error)
    }
}

/// Runs `f` for `duration` at most: when the time is up, the operation that it is blocked in, or the
/// next one that may block, unwinds to here. Runs on the caller's own stack, in a task or on an OS
/// thread.
///
/// What `f` returns counts, however late it comes. An operation that was cut off has not happened: no
/// message is lost. A loop that never blocks is bounded only if it calls
/// [`checkpoint`](crate::checkpoint), in a task.
///
/// Limits nest: each catches its own expiry only.
///
/// # Errors
/// When the time was up first.
///
/// # Panics
/// With `f`'s payload.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{sleep, timeout};
/// use std::time::Duration;
///
/// assert_eq!(timeout(Duration::from_secs(5), || 7), Ok(7));
/// let late = timeout(Duration::from_millis(1), || sleep(Duration::MAX));
/// assert_eq!(late.unwrap_err().to_string(), "the time is up");
/// ```
pub fn timeout<F, T>(duration: Duration, f: F) -> Result<T, Elapsed>
where
    F: FnOnce() -> T,
{
    match now().checked_add(duration) {
        Some(at) => deadline(at, f),
        None => Ok(f()),
    }
}

/// [`timeout`] with a point in time.
///
/// # Errors
/// When the time was up first.
///
/// # Panics
/// With `f`'s payload.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let at = Instant::now() + Duration::from_millis(2);
/// let late = hueless_runtime::deadline(at, || hueless_runtime::sleep(Duration::MAX));
/// assert!(late.is_err() && Instant::now() >= at);
/// ```
pub fn deadline<F, T>(deadline: Instant, f: F) -> Result<T, Elapsed>
where
    F: FnOnce() -> T,
{
    catch(Some(deadline), None, f).map_err(|_| Elapsed(()))
}
