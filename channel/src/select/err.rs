//! What a dynamic select answers when no operation can go on.

use std::error::Error;
use std::fmt;

/// The error of [`Select::try_select`](crate::Select::try_select): no operation can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrySelectError;

/// The error of [`Select::select_timeout`](crate::Select::select_timeout) and
/// [`Select::select_deadline`](crate::Select::select_deadline): the time was up before an operation
/// could go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectTimeoutError;

/// The error of [`Select::try_ready`](crate::Select::try_ready): no operation can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryReadyError;

/// The error of [`Select::ready_timeout`](crate::Select::ready_timeout) and
/// [`Select::ready_deadline`](crate::Select::ready_deadline): the time was up before an operation
/// could go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyTimeoutError;

/// The text of an error, and that it is one.
macro_rules! error {
    ($name:ty, $text:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt($text, f)
            }
        }

        impl Error for $name {}
    };
}

error!(TrySelectError, "all operations in select would block");
error!(SelectTimeoutError, "timed out waiting on select");
error!(TryReadyError, "no operation in select is ready");
error!(
    ReadyTimeoutError,
    "timed out waiting until an operation in select is ready"
);
