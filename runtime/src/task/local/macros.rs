//! The macros that declare variables.

/// Declares variables of which each task has a value of its own: see
/// [`LocalKey`](crate::task::LocalKey).
///
/// The grammar is that of [`std::thread_local!`]: any number of `static` declarations, with attributes
/// and visibility, each with an expression or a `const` block that makes the value.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{run, task::task_local};
/// use std::cell::{Cell, RefCell};
///
/// task_local! {
///     /// How many calls this task has made.
///     pub static CALLS: Cell<u32> = const { Cell::new(0) };
///     static LOG: RefCell<Vec<String>> = RefCell::new(vec!["began".into()]);
/// }
///
/// let log = run(|| {
///     CALLS.set(CALLS.get() + 1);
///     LOG.with_borrow_mut(|log| log.push(format!("{} call", CALLS.get())));
///     LOG.take()
/// });
/// assert_eq!(log, ["began", "1 call"]);
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $t:ty = const $init:block $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $vis static $name: $crate::task::LocalKey<$t> =
            $crate::task::LocalKey::__new(|| const $init);
        $($crate::task_local!($($rest)*);)?
    };
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $t:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $vis static $name: $crate::task::LocalKey<$t> = $crate::task::LocalKey::__new(|| $init);
        $($crate::task_local!($($rest)*);)?
    };
}

/// Declares variables that have a value as long as a closure runs: see
/// [`ScopedKey`](crate::task::ScopedKey).
///
/// # Examples
///
/// ```
/// hueless_runtime::task::scoped_local! {
///     /// Who asks.
///     pub static USER: String;
///     static LIMIT: u32
/// }
///
/// let seen = USER.scope("ann".into(), || USER.with(|user| user.cloned()));
/// assert_eq!(seen.as_deref(), Some("ann"));
/// assert!(LIMIT.with(|limit| limit.is_none()));
/// ```
///
/// Values are shared with the tasks of a scope, so they are `Sync`:
///
/// ```compile_fail,E0277
/// hueless_runtime::task::scoped_local! { static N: std::cell::Cell<u32> }
/// N.scope(std::cell::Cell::new(1), || ());
/// ```
#[macro_export]
macro_rules! scoped_local {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $t:ty $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $vis static $name: $crate::task::ScopedKey<$t> = $crate::task::ScopedKey::__new();
        $($crate::scoped_local!($($rest)*);)?
    };
}
