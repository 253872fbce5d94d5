//! How a child ended, and that there were too many such ends.

use std::fmt;
use std::time::Duration;

use crate::task::{JoinError, drop_quietly, panic_text};

/// How one run of a child came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Returned,
    /// By its supervisor, or by somebody else who has its task.
    Cancelled,
    /// With the text of the error.
    Failed(String),
    /// With what the panic said.
    Panicked(String),
}

impl End {
    pub(super) fn new(result: Result<Result<(), String>, JoinError>) -> Self {
        match result.map_err(JoinError::try_into_panic) {
            Ok(Ok(())) => Self::Returned,
            Ok(Err(text)) => Self::Failed(text),
            Err(Ok(payload)) => {
                let text = panic_text(&*payload).to_owned();
                drop_quietly(payload);
                Self::Panicked(text)
            }
            Err(Err(error)) if error.is_cancelled() => Self::Cancelled,
            // There was no stack for it.
            Err(Err(error)) => Self::Failed(error.to_string()),
        }
    }

    /// Whether it is a failure whatever the child is for.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Panicked(_))
    }
}

/// A child has failed, or has ended although it is [permanent](super::Restart::Permanent).
///
/// # Examples
///
/// ```
/// use hueless_runtime::supervisor::{Restart, Strategy, Supervisor};
///
/// let reports = std::sync::Mutex::new(Vec::new());
/// Supervisor::new(Strategy::OneForOne)
///     .on_failure(|failure| reports.lock().unwrap().push(failure.to_string()))
///     .child_with(Restart::Temporary, "once", || panic!("no luck"))
///     .run()?;
/// assert_eq!(reports.into_inner().unwrap(), ["child \"once\" panicked: no luck"]);
/// # Ok::<(), hueless_runtime::supervisor::GaveUp>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    child: Box<str>,
    end: End,
}

impl Failure {
    pub(super) fn new(child: &str, end: End) -> Self {
        Self {
            child: child.into(),
            end,
        }
    }

    /// The child's name.
    pub fn child(&self) -> &str {
        &self.child
    }

    /// What the panic or the error said; else what has happened.
    pub fn message(&self) -> &str {
        match &self.end {
            End::Returned => "returned",
            End::Cancelled => "was cancelled",
            End::Failed(text) | End::Panicked(text) => text,
        }
    }

    /// Whether the child panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.end, End::Panicked(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match &self.end {
            End::Returned | End::Cancelled => "",
            End::Failed(_) => "failed: ",
            End::Panicked(_) => "panicked: ",
        };
        write!(f, "child {:?} {how}{}", self.child, self.message())
    }
}

/// A supervisor has ended its children, because they would have been restarted too often.
///
/// # Examples
///
/// ```
/// use hueless_runtime::supervisor::{Strategy, Supervisor};
///
/// let gave_up = Supervisor::new(Strategy::OneForOne)
///     .on_failure(|_| {})
///     .child("db", || panic!("no disk"))
///     .run()
///     .unwrap_err();
/// assert_eq!(gave_up.failure().message(), "no disk");
/// assert_eq!(
///     gave_up.to_string(),
///     "gave up, as 1 restart in 5s is allowed: child \"db\" panicked: no disk"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GaveUp {
    pub(super) failure: Failure,
    pub(super) restarts: usize,
    pub(super) period: Duration,
}

impl GaveUp {
    /// What was too much.
    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// How many restarts there had been in the [`period`](Self::period): as many as are allowed.
    pub fn restarts(&self) -> usize {
        self.restarts
    }

    /// The time in which so many restarts are allowed.
    pub fn period(&self) -> Duration {
        self.period
    }
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (restarts, are) = match self.restarts {
            1 => ("restart", "is"),
            _ => ("restarts", "are"),
        };
        let Self {
            period, failure, ..
        } = self;
        let count = self.restarts;
        write!(
            f,
            "gave up, as {count} {restarts} in {period:?} {are} allowed: {failure}"
        )
    }
}

impl std::error::Error for GaveUp {}
