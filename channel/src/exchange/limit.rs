//! How long an operation may wait.

use std::time::{Duration, Instant};

use crate::loom::now;

/// A limit that costs nothing until an operation has to wait: reading the clock takes longer than
/// an operation that need not.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    /// For ever.
    Never,
    /// Until then.
    At(Instant),
    /// For so long from when the waiting begins.
    After(Duration),
}

/// A limit that has passed already.
pub(crate) struct Passed;

impl Limit {
    /// The instant at which to give up, `None` if there is none.
    #[inline]
    pub(crate) fn deadline(self) -> Result<Option<Instant>, Passed> {
        match self {
            Self::Never => Ok(None),
            Self::At(at) if at <= now() => Err(Passed),
            Self::At(at) => Ok(Some(at)),
            Self::After(Duration::ZERO) => Err(Passed),
            // What lies beyond the clock's range never comes.
            Self::After(time) => Ok(now().checked_add(time)),
        }
    }
}
