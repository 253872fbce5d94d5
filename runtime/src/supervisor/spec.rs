//! What a program says of its supervisor: children, strategy, limits.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::{Context, Node, in_scope, shield};
use crate::report::report;
use crate::scope::scope;
use crate::supervisor::failure::{End, Failure, GaveUp};
use crate::supervisor::home::Home;
use crate::supervisor::outcome::Outcome;
use crate::supervisor::watch::Watch;

/// Who is restarted with a child that is. As in OTP, where they are called `one_for_one` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Nobody else.
    OneForOne,
    /// All others: those that run are ended, and then all are started. For children that cannot do without
    /// each other.
    OneForAll,
    /// Those that were added after it. For children that build on those before them.
    RestForOne,
}

/// Which ends of a child are followed by a restart. A child fails when it panics or returns an `Err`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// All. The default.
    #[default]
    Permanent,
    /// Failures. A child that has returned stays away, unless [`OneForAll`](Strategy::OneForAll) or
    /// [`RestForOne`](Strategy::RestForOne) starts it again with another. That somebody has
    /// [cancelled](crate::task::Task::cancel) its task is no failure.
    Transient,
    /// None, not even one together with another child that is restarted: then it is ended for good.
    Temporary,
}

impl Restart {
    /// Whether a restart follows.
    pub(super) fn is_due(self, end: &End) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => end.is_failure(),
            Self::Temporary => false,
        }
    }
}

/// Something that is called when a child fails.
type OnFailure<'env> = Box<dyn Fn(&Failure) + Send + Sync + 'env>;

/// Runs functions, its children, each in a task, and starts them again when they fail. What OTP's
/// `supervisor` is, with the same words and the same rules.
///
/// - Children are started in the order in which they were added, none waiting for the one before to be set
///   up, and ended in the reverse order: each is cancelled, and has ended before the next one is cancelled.
/// - A restart follows at once. A child that is to be slow about it waits when it begins.
/// - More than [`intensity`](Self::intensity) restarts within a period are too many: the supervisor ends all
///   children and [gives up](GaveUp). Restarting mends what is rare and passes; what is broken for good has
///   to be told.
/// - Supervisors nest: a child may [`run`](Self::run) one, and fails when that gives up.
/// - Children may borrow what lives outside of the supervisor. Their tasks have their names.
///
/// OTP's `shutdown`, the time that a child is given to end, is always `infinity`: a task cannot be killed.
/// One that goes on when it is cancelled, because it computes without a
/// [`checkpoint`](crate::checkpoint) or [shields](crate::cancel::shield) itself, is awaited for as long as
/// that takes; so is each in a program with `panic = "abort"`, where it has to ask
/// [`is_cancelled`](crate::cancel::is_cancelled). One that catches the cancellation is cancelled again at
/// its next blocking point.
///
/// A panic in a destructor that runs because of a panic or a cancellation ends the process, as everywhere
/// in Rust.
///
/// # Examples
///
/// ```
/// use hueless_runtime::supervisor::{Restart, Strategy, Supervisor};
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
///
/// let attempts = AtomicU32::new(0);
/// Supervisor::new(Strategy::OneForOne)
///     .intensity(3, Duration::from_secs(5))
///     .on_failure(|failure| assert_eq!(failure.message(), "not yet"))
///     .child_with(Restart::Transient, "import", || {
///         match attempts.fetch_add(1, Ordering::Relaxed) {
///             0 | 1 => Err("not yet"),
///             _ => Ok(()),
///         }
///     })
///     .run()?;
/// assert_eq!(attempts.into_inner(), 3);
/// # Ok::<(), hueless_runtime::supervisor::GaveUp>(())
/// ```
#[must_use = "it does nothing until it is run"]
pub struct Supervisor<'env> {
    pub(super) strategy: Strategy,
    pub(super) intensity: usize,
    pub(super) period: Duration,
    pub(super) children: Vec<Child<'env>>,
    on_failure: OnFailure<'env>,
}

/// One of a supervisor's children.
pub(super) struct Child<'env> {
    pub(super) name: Box<str>,
    pub(super) restart: Restart,
    pub(super) run: Box<dyn Fn() -> Result<(), String> + Send + Sync + 'env>,
    pub(super) added_at: &'static Location<'static>,
}

impl<'env> Supervisor<'env> {
    /// A supervisor without children, which may restart 1 in 5 seconds, as OTP's.
    pub fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            intensity: 1,
            period: Duration::from_secs(5),
            children: Vec::new(),
            on_failure: Box::new(|failure| report(format_args!("hueless: {failure}"))),
        }
    }

    /// How many restarts there may be within any `period`, of all children together. With 0 the first
    /// failure is too many. A restart counts once, however many children are restarted with the one.
    ///
    /// # Panics
    /// When the period is 0.
    ///
    /// # Examples
    ///
    /// See [`Supervisor`].
    #[track_caller]
    pub fn intensity(mut self, restarts: usize, period: Duration) -> Self {
        assert!(
            !period.is_zero(),
            "a period of 0 limits nothing; give a time"
        );
        self.intensity = restarts;
        self.period = period;
        self
    }

    /// Adds a child that is restarted whenever it ends. The name is for reports.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::supervisor::{Strategy, Supervisor};
    /// use hueless_runtime::{sleep, timeout};
    /// use std::time::Duration;
    ///
    /// let services = Supervisor::new(Strategy::OneForOne)
    ///     .child("clock", || loop {
    ///         sleep(Duration::from_secs(1));
    ///     })
    ///     .child("server", || -> std::io::Result<()> {
    ///         sleep(Duration::MAX);
    ///         Ok(())
    ///     });
    /// assert!(timeout(Duration::from_millis(5), || services.run()).is_err());
    /// ```
    #[track_caller]
    pub fn child<F, R>(self, name: impl Into<String>, f: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'env,
        R: Outcome,
    {
        self.child_with(Restart::Permanent, name, f)
    }

    /// Adds a child, and says when it is restarted.
    ///
    /// # Examples
    ///
    /// See [`Supervisor`].
    #[track_caller]
    pub fn child_with<F, R>(mut self, restart: Restart, name: impl Into<String>, f: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'env,
        R: Outcome,
    {
        self.children.push(Child {
            name: name.into().into_boxed_str(),
            restart,
            run: Box::new(move || f().outcome()),
            added_at: Location::caller(),
        });
        self
    }

    /// Calls `f` with each failure, on the supervisor's stack and before anything follows from it; without
    /// this, it is reported on stderr. Also with failures of children that are not restarted, and of those
    /// that are being ended. Where `f` waits nothing cancels it, and the supervisor waits for it.
    ///
    /// A panic of `f` ends the children and is [`run`](Self::run)'s.
    ///
    /// # Examples
    ///
    /// See [`Failure`].
    pub fn on_failure(mut self, f: impl Fn(&Failure) + Send + Sync + 'env) -> Self {
        self.on_failure = Box::new(f);
        self
    }

    /// Runs the children until none is left that would be restarted: those that are not permanent have all
    /// ended. Blocks the calling task or thread, not the worker. No child runs when it returns.
    ///
    /// A point of cancellation at its begin and at its end. What cancels the caller meanwhile, a limit of
    /// time included, makes the supervisor end its children as ever, the last first, and then unwinds.
    ///
    /// # Errors
    /// When more restarts were due than are allowed, once all children have ended.
    ///
    /// # Panics
    /// When the global runtime is needed and cannot be started.
    ///
    /// # Examples
    ///
    /// See [`Supervisor`].
    pub fn run(&self) -> Result<(), GaveUp> {
        // The outer scope has no tasks. It is where the caller's cancellation is delivered.
        scope(|_| {
            let limit = Context::with_current(|context| context.earliest_deadline());
            let home = Arc::new(Home::new(limit));
            let node = Node::new();
            let told = home.clone();
            node.on_cancel(move || told.cancel());
            let watch = || scope(|s| Watch::new(self, s, &home).run());
            in_scope(&node, || shield(watch))
        })
    }

    pub(super) fn tell(&self, failure: &Failure) {
        (self.on_failure)(failure);
    }
}

impl fmt::Debug for Supervisor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.children.iter().map(|child| &child.name);
        f.debug_struct("Supervisor")
            .field("strategy", &self.strategy)
            .field("intensity", &self.intensity)
            .field("period", &self.period)
            .field("children", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
