//! What a child may return.

use std::convert::Infallible;
use std::fmt::Display;

/// What a function that is supervised may return: nothing, or a [`Result`] whose error can be displayed. An
/// `Err` is a failure as a panic is.
///
/// So a supervisor that gives up fails where it is a child itself:
///
/// ```
/// use hueless_runtime::supervisor::{Strategy, Supervisor};
///
/// let inner = Supervisor::new(Strategy::OneForOne)
///     .on_failure(|_| {})
///     .child("broken", || Err::<(), _>("no disk"));
/// let outer = Supervisor::new(Strategy::OneForOne)
///     .intensity(0, std::time::Duration::from_secs(5))
///     .on_failure(|_| {})
///     .child("inner", || inner.run());
/// let gave_up = outer.run().unwrap_err();
/// assert_eq!(gave_up.failure().child(), "inner");
/// assert!(gave_up.to_string().ends_with("child \"broken\" failed: no disk"));
/// ```
#[diagnostic::on_unimplemented(
    message = "a supervised function cannot return `{Self}`",
    note = "it returns nothing, or a `Result` whose error implements `Display`"
)]
pub trait Outcome {
    /// What it comes to. The text says what went wrong.
    ///
    /// # Errors
    /// When the function has failed.
    fn outcome(self) -> Result<(), String>;
}

impl Outcome for () {
    fn outcome(self) -> Result<(), String> {
        Ok(())
    }
}

impl Outcome for Infallible {
    fn outcome(self) -> Result<(), String> {
        match self {}
    }
}

/// Gives the type `!` a name, which stable Rust has in the types of functions only.
pub trait Returns {
    /// What the function returns.
    type Type;
}

impl<T> Returns for fn() -> T {
    type Type = T;
}

/// For closures that loop for ever.
impl Outcome for <fn() -> ! as Returns>::Type {
    fn outcome(self) -> Result<(), String> {
        self
    }
}

impl<T: Outcome, E: Display> Outcome for Result<T, E> {
    fn outcome(self) -> Result<(), String> {
        match self {
            Ok(value) => value.outcome(),
            Err(error) => Err(error.to_string()),
        }
    }
}
