//! A variable of `scoped_local!`.

use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::AtomicU8;

use crate::task::local::bindings;

/// A variable that has a value for as long as a closure runs; declared with
/// [`scoped_local!`](crate::task::scoped_local).
///
/// A value is seen by the code that the closure calls, in the same task or on the same OS thread, and by
/// the children of a scope that is opened in it; not by tasks that are spawned otherwise. A generator
/// sees what its caller has bound whenever it runs, before that what it has bound itself. `blocking`
/// runs its closure on another thread, where nothing is bound.
///
/// # Examples
///
/// ```
/// use hueless_runtime::task::scoped_local;
///
/// scoped_local! {
///     static REQUEST: String
/// }
///
/// fn log() -> String {
///     REQUEST.with(|request| match request {
///         Some(request) => format!("in {request}"),
///         None => "outside".into(),
///     })
/// }
///
/// hueless_runtime::run(|| {
///     assert_eq!(log(), "outside");
///     REQUEST.scope("GET /".into(), || {
///         assert_eq!(log(), "in GET /");
///         REQUEST.scope("GET /2".into(), || assert_eq!(log(), "in GET /2"));
///         assert_eq!(log(), "in GET /");
///     });
///     assert_eq!(log(), "outside");
/// });
/// ```
pub struct ScopedKey<T: 'static> {
    /// So that each variable has an address of its own, which is what identifies it.
    _distinct: AtomicU8,
    _value: PhantomData<fn() -> T>,
}

impl<T: 'static> ScopedKey<T> {
    /// For `scoped_local!`.
    #[doc(hidden)]
    #[allow(clippy::new_without_default, reason = "for the macro only")]
    pub const fn __new() -> Self {
        Self {
            _distinct: AtomicU8::new(0),
            _value: PhantomData,
        }
    }
}

impl<T: Sync + 'static> ScopedKey<T> {
    /// Calls `f` with `value` bound to the variable, and returns what it returns. `value` is dropped
    /// when `f` has ended. Does not block, unless `f` does.
    ///
    /// # Panics
    /// With what `f` panics with.
    pub fn scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        bindings::bind(self.key(), &value, f)
    }

    /// Calls `f` with the value that is bound, if there is one. Does not block, unless `f` does.
    ///
    /// # Panics
    /// With what `f` panics with. A generator that yields inside `f` panics there if the value is its
    /// caller's.
    pub fn with<R>(&'static self, f: impl FnOnce(Option<&T>) -> R) -> R {
        bindings::look_up(self.key(), |value| {
            // SAFETY: bound to this very variable, hence a `T`, which stays while this runs.
            f(value.map(|value| unsafe { &*value.cast() }))
        })
    }

    fn key(&'static self) -> *const () {
        ptr::from_ref(self).cast()
    }
}

impl<T: 'static> fmt::Debug for ScopedKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedKey").finish_non_exhaustive()
    }
}
