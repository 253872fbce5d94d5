//! How long an operation may wait.

use std::time::{Duration, Instant};

/// A limit that costs nothing until an operation has to wait: reading the clock takes longer than an
/// operation that need not.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    /// For ever.
    Never,
    /// Until then.
    At(Instant),
    /// For so long from when the waiting begins.
    After(Duration),
}

/// The time is up.
#[derive(Debug)]
pub(crate) struct Expired;

impl Limit {
    /// The instant at which to give up, `None` if there is none.
    pub(crate) fn deadline(self) -> Result<Option<Instant>, Expired> {
        match self {
            Self::Never => Ok(None),
            Self::At(at) if at <= Instant::now() => Err(Expired),
            Self::At(at) => Ok(Some(at)),
            Self::After(Duration::ZERO) => Err(Expired),
            // What lies beyond the clock's range never comes.
            Self::After(time) => Ok(Instant::now().checked_add(time)),
        }
    }
}
