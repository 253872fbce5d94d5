//! A variable of `task_local!`.

use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU8;

use crate::task::local::belongings::Home;
use crate::task::local::entries::Found;

/// A variable of which each task has a value of its own; declared with
/// [`task_local!`](crate::task::task_local).
///
/// The value is made when the task first asks for it, and dropped when the task ends: on the task's
/// own stack, after its closure and before whoever joins it goes on, the newest first. So a destructor
/// may block, also if the task has been cancelled, and use other variables. One that panics is reported; the rest goes on. Tasks that are
/// spawned begin without a value: nothing is inherited.
///
/// On a plain OS thread the thread has the value, as with [`std::thread_local!`], until it ends;
/// [`blocking`](crate::blocking) runs its closure on such a thread. References that the closures here
/// get may be held across waits.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{run, task::task_local};
/// use std::cell::Cell;
///
/// task_local! {
///     static DEPTH: Cell<u32> = const { Cell::new(0) };
/// }
///
/// run(|| {
///     DEPTH.set(3);
///     assert_eq!(run(|| DEPTH.get()), 0); // another task
///     assert_eq!(DEPTH.get(), 3);
/// });
/// ```
pub struct LocalKey<T: 'static> {
    init: fn() -> T,
    /// So that each variable has an address of its own, which is what identifies it.
    _distinct: AtomicU8,
}

/// The error of a [`LocalKey`] whose value has been dropped already, at the end of its task or thread.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessError;

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessError")
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task-local value has been dropped already")
    }
}

impl std::error::Error for AccessError {}

#[cold]
#[track_caller]
fn gone() -> ! {
    panic!("cannot access a task-local value during or after its destruction");
}

impl<T: 'static> LocalKey<T> {
    /// For `task_local!`.
    #[doc(hidden)]
    pub const fn __new(init: fn() -> T) -> Self {
        Self {
            init,
            _distinct: AtomicU8::new(0),
        }
    }

    /// Calls `f` with the current task's value, which is made if there is none yet. Does not block, unless
    /// the initialiser does.
    ///
    /// # Panics
    /// When the value has been dropped already, and with what the initialiser or `f` panics with.
    ///
    /// # Examples
    ///
    /// ```
    /// hueless_runtime::task::task_local! {
    ///     static NAME: String = String::from("nobody");
    /// }
    /// assert_eq!(NAME.with(|name| name.len()), 6);
    /// ```
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match self.try_with(f) {
            Ok(result) => result,
            Err(_) => gone(),
        }
    }

    /// As [`with`](Self::with), with an error in place of the panic.
    ///
    /// # Errors
    /// When the value has been dropped already; then `f` is not called.
    ///
    /// # Panics
    /// With what the initialiser or `f` panics with.
    ///
    /// # Examples
    ///
    /// ```
    /// hueless_runtime::task::task_local! {
    ///     static NUMBERS: Vec<u32> = vec![1, 2];
    /// }
    /// assert_eq!(NUMBERS.try_with(Vec::len), Ok(2));
    /// ```
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        let value = self.get_or(self.init)?;
        // SAFETY: the value stays until the task's code has ended, of which this is a part.
        Ok(f(unsafe { value.as_ref() }))
    }

    /// Calls `f` with the value if there is one, which `value` need not be used for then; else makes
    /// it of `value`.
    #[track_caller]
    pub(super) fn set_or_else<V>(&'static self, value: V, make: fn(V) -> T, f: impl FnOnce(&T, V)) {
        let mut value = Some(value);
        let found = self.get_or(|| make(value.take().expect("made once")));
        match (found, value) {
            // SAFETY: as in `try_with`.
            (Ok(there), Some(value)) => f(unsafe { there.as_ref() }, value),
            (Ok(_), None) => {}
            (Err(_), _) => gone(),
        }
    }

    fn get_or(&'static self, make: impl FnOnce() -> T) -> Result<NonNull<T>, AccessError> {
        let (home, key) = (Home::here(), ptr::from_ref(self).cast());
        let locals = &home.get().locals;
        // SAFETY: this very variable.
        let found = || unsafe { locals.find::<T>(key) };
        match found() {
            Found::There(value) => return Ok(value),
            Found::None if home.may_make() => {}
            _ => return Err(AccessError),
        }
        let value = make();
        // `make` may have asked for the variable itself, and somebody may still refer to what it got.
        match found() {
            Found::None => Ok(locals.add(key, value)),
            Found::There(first) => Ok(first),
            Found::Gone => Err(AccessError),
        }
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}
