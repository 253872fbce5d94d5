//! Code that is cancelled apart from what is around it.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::cancel::frame::{Frame, Role};
use crate::cancel::node::Node;
use crate::cancel::payload::is_for;

/// The code that was run has been cancelled and has unwound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled(pub(crate) ());

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for Cancelled {}

impl From<Cancelled> for io::Error {
    /// Of kind `Other`: callers repeat what was `Interrupted`.
    fn from(error: Cancelled) -> Self {
        Self::other(error)
    }
}

/// Runs `f` on the caller's own stack; when `node` is cancelled, the next blocking point in it unwinds,
/// to here.
///
/// # Errors
/// When that has happened.
///
/// # Panics
/// With `f`'s payload.
pub fn run_in<T>(node: Arc<Node>, f: impl FnOnce() -> T) -> Result<T, Cancelled> {
    catch(None, Some(node), f)
}

/// Runs `f` until it is cancelled by `node` or by time.
pub(super) fn catch<T>(
    deadline: Option<Instant>,
    node: Option<Arc<Node>>,
    f: impl FnOnce() -> T,
) -> Result<T, Cancelled> {
    let frame = Frame::new(Role::Catch, deadline, node);
    match catch_unwind(AssertUnwindSafe(|| frame.run(f))) {
        Ok(value) => Ok(value),
        Err(payload) if is_for(&*payload, frame.id()) => Err(Cancelled(())),
        Err(payload) => resume_unwind(payload),
    }
}
