//! Scopes whose first error ends all.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, PoisonError};

use crate::bare::Mutex;
use crate::scope::child::{ScopedJoinHandle, Settings, spawn};
use crate::scope::group::Group;

/// Where tasks are spawned that may borrow and may fail: see [`try_scope`].
pub struct TryScope<'scope, 'env: 'scope, E> {
    group: Arc<Group>,
    first: Mutex<Option<E>>,
    _scope: PhantomData<&'scope mut &'scope ()>,
    _env: PhantomData<&'env mut &'env ()>,
}

/// [`scope`](super::scope) for tasks that may fail: the first `Err` or panic, of `f` or of a task,
/// cancels everyone, and when all have ended it is returned or re-raised.
///
/// # Errors
/// With the first error.
///
/// # Panics
/// With the first payload.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{sleep, try_scope};
/// use std::time::Duration;
///
/// let answer = try_scope(|s| {
///     s.spawn(|| {
///         sleep(Duration::MAX);
///         Ok(())
///     });
///     let parsed = s.spawn(|| "seven".parse::<i32>());
///     Ok(parsed.join().unwrap())
/// });
/// assert!(answer.is_err());
/// ```
pub fn try_scope<'env, F, T, E>(f: F) -> Result<T, E>
where
    F: for<'scope> FnOnce(&'scope TryScope<'scope, 'env, E>) -> Result<T, E>,
    E: Send,
{
    let scope = TryScope {
        group: Group::new(true),
        first: Mutex::new(None),
        _scope: PhantomData,
        _env: PhantomData,
    };
    let group = scope.group.clone();
    let body = group.run(|| f(&scope).map_err(|error| scope.fail(error)));
    let mut first = scope.first.lock().unwrap_or_else(PoisonError::into_inner);
    match (body, first.take()) {
        (_, Some(error)) => Err(error),
        (Ok(Ok(value)), None) => Ok(value),
        _ => unreachable!("whoever cancels the group leaves an error"),
    }
}

impl<'scope, E: Send> TryScope<'scope, '_, E> {
    /// Spawns a task in the scope. Never blocks. Who joins a task that has failed is cancelled with all
    /// others; in a [`shield`](crate::cancel::shield) the join gives an error that says so.
    ///
    /// # Panics
    /// When the global runtime is needed and cannot be started.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
        E: 'scope,
    {
        self.spawn_at(f, Location::caller())
    }

    pub(super) fn spawn_at<F, T>(
        &'scope self,
        f: F,
        at: &'static Location<'static>,
    ) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
        E: 'scope,
    {
        let f = move || f().map_err(|error| self.fail(error)).ok();
        // SAFETY: as in `Scope::spawn`. The scope itself outlives the wait as well.
        unsafe { spawn(&self.group, f, Settings::default(), at) }
            .unwrap_or_else(|error| panic!("cannot spawn a task: {error}"))
    }

    /// Whether there is an error or a panic.
    pub(super) fn has_failed(&self) -> bool {
        let first = self.first.lock();
        first.unwrap_or_else(PoisonError::into_inner).is_some() || self.group.has_failed()
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// Notes the error if it is the first, and cancels everyone.
    fn fail(&self, error: E) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = match *first {
            Some(_) => Some(error),
            None => {
                *first = Some(error);
                None
            }
        };
        drop(first);
        drop(surplus);
        self.group.cancel();
    }
}

impl<E> fmt::Debug for TryScope<'_, '_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryScope").finish_non_exhaustive()
    }
}
