//! Several functions at once, all awaited.

use std::panic::Location;
use std::sync::Arc;

use crate::scope::child::{ScopedJoinHandle, Settings, spawn};
use crate::scope::group::Group;
use crate::task::JoinError;

/// Spawns `f` in a group that the caller waits for.
///
/// # Safety
/// As [`spawn`](super::child::spawn): what is borrowed outlives the group's run, and the handle does
/// not.
unsafe fn begin<'a, F, T>(
    group: &Arc<Group>,
    f: F,
    at: &'static Location<'static>,
) -> ScopedJoinHandle<'a, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    // SAFETY: by this contract.
    unsafe { spawn(group, move || Some(f()), Settings::default(), at) }
        .unwrap_or_else(|error| panic!("cannot spawn a task: {error}"))
}

/// The value of a task in a group that fails fast; none if the group has failed.
pub(super) fn value<T>(handle: ScopedJoinHandle<'_, T>) -> Option<T> {
    match handle.join() {
        Ok(value) => Some(value),
        Err(error) if error.is_cancelled() => None,
        Err(error) => panic!("{error}"),
    }
}

/// Runs both functions at once, `b` in a task, and returns what they return. They may borrow. A panic of
/// either cancels the other.
///
/// Blocks the calling task or thread until both have ended. A point of cancellation, which is handed on
/// to both.
///
/// # Panics
/// With the first payload.
///
/// # Examples
///
/// ```
/// let (words, text) = (["a", "b"], String::from("text"));
/// assert_eq!(hueless_runtime::join(|| words.concat(), || text.len()), ("ab".into(), 4));
/// ```
#[track_caller]
pub fn join<A, B, F, G>(a: F, b: G) -> (A, B)
where
    F: FnOnce() -> A + Send,
    G: FnOnce() -> B + Send,
    A: Send,
    B: Send,
{
    // Before the closure, which is called from here.
    let (group, at) = (Group::new(true), Location::caller());
    let both = group.run(|| {
        // SAFETY: the group's run ends after its tasks, and what they borrow outlives this call.
        let b = unsafe { begin(&group, b, at) };
        let a = a();
        Some((a, value(b)?))
    });
    both.ok().flatten().unwrap_or_else(|| Group::cut_short())
}

/// Runs all functions at once, each in a task, and returns what they return, in their order. They may
/// borrow. A panic cancels the others.
///
/// Blocks the calling task or thread until all have ended. A point of cancellation, which is handed on
/// to all.
///
/// # Panics
/// With the first payload.
///
/// # Examples
///
/// ```
/// let squares = hueless_runtime::join_all((1..=3).map(|n| move || n * n));
/// assert_eq!(squares, [1, 4, 9]);
/// ```
#[doc(alias = "gather")]
#[track_caller]
pub fn join_all<I, F, T>(functions: I) -> Vec<T>
where
    I: IntoIterator<Item = F>,
    F: FnOnce() -> T + Send,
    T: Send,
{
    let (group, at) = (Group::new(true), Location::caller());
    let all = group.run(|| {
        // SAFETY: as in `join`.
        let begin = |f| unsafe { begin(&group, f, at) };
        let handles: Vec<_> = functions.into_iter().map(begin).collect();
        handles.into_iter().map(value).collect::<Option<Vec<_>>>()
    });
    all.ok().flatten().unwrap_or_else(|| Group::cut_short())
}

/// [`join_all`] in which a panic is that task's result, and cancels nobody.
///
/// # Examples
///
/// ```
/// let results = hueless_runtime::join_all_settled((0..2).map(|n| move || 1 / n));
/// assert!(results[0].as_ref().unwrap_err().is_panic());
/// assert_eq!(*results[1].as_ref().unwrap(), 1);
/// ```
#[track_caller]
pub fn join_all_settled<I, F, T>(functions: I) -> Vec<Result<T, JoinError>>
where
    I: IntoIterator<Item = F>,
    F: FnOnce() -> T + Send,
    T: Send,
{
    let (group, at) = (Group::new(false), Location::caller());
    let all = group.run(|| {
        // SAFETY: as in `join`.
        let begin = |f| unsafe { begin(&group, f, at) };
        let handles: Vec<_> = functions.into_iter().map(begin).collect();
        handles.into_iter().map(ScopedJoinHandle::join).collect()
    });
    all.unwrap_or_else(|_| unreachable!("nobody cancels the group from within"))
}
