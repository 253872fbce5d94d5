//! Scopes: tasks that may borrow from the call that starts them.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

use crate::scope::child::{ScopedJoinHandle, Settings, spawn};
use crate::scope::group::Group;

/// Where tasks are spawned that may borrow: see [`scope`].
// Both lifetimes are invariant, as those of `std::thread::Scope` are.
pub struct Scope<'scope, 'env: 'scope> {
    group: Arc<Group>,
    _scope: PhantomData<&'scope mut &'scope ()>,
    _env: PhantomData<&'env mut &'env ()>,
}

/// Calls `f` with a [`Scope`] in which it may spawn tasks that borrow what lives outside, and returns
/// only once they all have ended. `f` runs on the caller's own stack, in a task or on an OS thread.
///
/// Who holds a task's handle owns its failure: [`join`](ScopedJoinHandle::join) gives it. A task that
/// panics after its handle was dropped cancels `f` and its siblings at once. When `f` panics, or what is
/// around the call is cancelled, the tasks are cancelled and awaited.
///
/// Blocks the calling task or thread, not the worker, until the last task has ended; nothing interrupts
/// that. The call is a point of cancellation at its begin and at its end.
///
/// # Panics
/// With `f`'s payload. Else with that of the first task which panicked and was not joined.
///
/// # Examples
///
/// ```
/// use hueless_runtime::scope;
///
/// let mut numbers = vec![3, 1, 2];
/// let sum = scope(|s| {
///     let sum = s.spawn(|| numbers.iter().sum::<i32>());
///     s.spawn(|| assert_eq!(numbers.len(), 3));
///     sum.join().unwrap()
/// });
/// numbers.push(sum);
/// assert_eq!(numbers, [3, 1, 2, 6]);
/// ```
///
/// What a task borrows has to live outside the call:
///
/// ```compile_fail
/// hueless_runtime::scope(|s| {
///     let local = 1;
///     s.spawn(|| println!("{local}"));
/// });
/// ```
///
/// And a handle does not leave it:
///
/// ```compile_fail
/// let handle = hueless_runtime::scope(|s| s.spawn(|| 1));
/// ```
#[doc(alias = "nursery")]
#[doc(alias = "TaskGroup")]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope {
        group: Group::new(false),
        _scope: PhantomData,
        _env: PhantomData,
    };
    let group = scope.group.clone();
    group
        .run(|| f(&scope))
        .unwrap_or_else(|_| unreachable!("only a panic cancels a scope from within"))
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a task in the scope. Never blocks. The task inherits what cancels the caller, its limits
    /// of time included.
    ///
    /// # Panics
    /// When the global runtime is needed and cannot be started.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_with(f, Settings::default(), Location::caller())
            .unwrap_or_else(|error| panic!("cannot spawn a task: {error}"))
    }

    pub(crate) fn spawn_with<F, T>(
        &'scope self,
        f: F,
        settings: Settings,
        spawned_at: &'static Location<'static>,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        // SAFETY: `'scope` outlives the call of `scope`, which waits for the group before it returns.
        unsafe { spawn(&self.group, move || Some(f()), settings, spawned_at) }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
