//! A function over many items, so many at once.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::park::Wait;
use crate::scope::child::{ScopedJoinHandle, Settings, spawn};
use crate::scope::fallible::try_scope;
use crate::scope::group::Group;
use crate::scope::joins::value;

/// Waits until fewer than `limit` tasks of the group are running. A point of cancellation.
fn wait_for_room(group: &Group, limit: usize) {
    assert!(limit != 0, "a limit of 0 lets nothing run; give 1 at least");
    group.wait(limit - 1);
    drop(Wait::begin());
}

/// Calls `f` with each item, in tasks of which at most `limit` run at once, and returns the results in
/// the items' order. `f` and the items may borrow. The iterator runs on the caller's own stack and is
/// asked for an item only once there is room for it. A panic cancels the others.
///
/// Blocks the calling task or thread until all have ended. A point of cancellation, which is handed on
/// to all.
///
/// # Panics
/// With the first payload of `f` or of the iterator; when `limit` is 0.
///
/// # Examples
///
/// ```
/// let factor = 10;
/// let products = hueless_runtime::map_concurrent(1..=4, 2, |n| n * factor);
/// assert_eq!(products, [10, 20, 30, 40]);
/// ```
#[track_caller]
pub fn map_concurrent<I, U, F>(items: I, limit: usize, f: F) -> Vec<U>
where
    I: IntoIterator,
    I::Item: Send,
    U: Send,
    F: Fn(I::Item) -> U + Sync,
{
    let all = over(items, limit, &f, |handles| {
        handles.into_iter().map(value).collect::<Option<Vec<_>>>()
    });
    all.unwrap_or_else(|| Group::cut_short())
}

/// [`map_concurrent`] for functions without a result.
///
/// # Panics
/// As `map_concurrent`.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// let sum = AtomicU32::new(0);
/// hueless_runtime::for_each_concurrent(1..=4, 2, |n| {
///     sum.fetch_add(n, Ordering::Relaxed);
/// });
/// assert_eq!(sum.into_inner(), 10);
/// ```
#[track_caller]
pub fn for_each_concurrent<I, F>(items: I, limit: usize, f: F)
where
    I: IntoIterator,
    I::Item: Send,
    F: Fn(I::Item) + Sync,
{
    let group = Group::new(true);
    let at = Location::caller();
    let (mut begun, done) = (0, AtomicUsize::new(0));
    let each = |item| {
        f(item);
        // Relaxed: the end of the group orders it.
        done.fetch_add(1, Ordering::Relaxed);
    };
    let _ = group.run(|| {
        for item in items {
            wait_for_room(&group, limit);
            begun += 1;
            // SAFETY: as in `over`.
            drop(unsafe { begin(&group, &each, item, at) });
        }
    });
    if done.into_inner() != begun {
        Group::cut_short();
    }
}

/// [`map_concurrent`] for functions that may fail: the first error cancels the others and is returned.
///
/// # Errors
/// With the first error.
///
/// # Panics
/// As `map_concurrent`.
///
/// # Examples
///
/// ```
/// let parsed = hueless_runtime::try_map_concurrent(["1", "2"], 2, str::parse::<i32>);
/// assert_eq!(parsed, Ok(vec![1, 2]));
/// let failed = hueless_runtime::try_map_concurrent(["1", "two"], 2, str::parse::<i32>);
/// assert!(failed.is_err());
/// ```
#[track_caller]
pub fn try_map_concurrent<I, U, E, F>(items: I, limit: usize, f: F) -> Result<Vec<U>, E>
where
    I: IntoIterator,
    I::Item: Send,
    U: Send,
    E: Send,
    F: Fn(I::Item) -> Result<U, E> + Sync,
{
    let (items, f, at) = (items.into_iter(), &f, Location::caller());
    try_scope(|s| {
        let mut handles = Vec::new();
        for item in items {
            wait_for_room(s.group(), limit);
            handles.push(s.spawn_at(move || f(item), at));
        }
        let values = handles.into_iter().map(value).collect::<Option<Vec<_>>>();
        // Else the group has failed, and its error is the answer.
        match values {
            None if !s.has_failed() => Group::cut_short(),
            values => Ok(values.unwrap_or_default()),
        }
    })
}

/// Runs `f` over the items and gives the handles to `end`.
#[track_caller]
fn over<I, U, F, R>(
    items: I,
    limit: usize,
    f: &F,
    end: impl FnOnce(Vec<ScopedJoinHandle<'_, U>>) -> Option<R>,
) -> Option<R>
where
    I: IntoIterator,
    I::Item: Send,
    U: Send,
    F: Fn(I::Item) -> U + Sync,
{
    let group = Group::new(true);
    let at = Location::caller();
    let all = group.run(|| {
        let mut handles = Vec::new();
        for item in items {
            wait_for_room(&group, limit);
            // SAFETY: the group's run ends after its tasks; the items' type and `f` outlive it.
            handles.push(unsafe { begin(&group, f, item, at) });
        }
        end(handles)
    });
    all.ok().flatten()
}

/// # Safety
/// Within the group's run, which what `f`, the item and the result borrow outlives, and the handle does
/// not.
unsafe fn begin<'a, T, U, F>(
    group: &Arc<Group>,
    f: &F,
    item: T,
    at: &'static Location<'static>,
) -> ScopedJoinHandle<'a, U>
where
    T: Send,
    U: Send,
    F: Fn(T) -> U + Sync,
{
    // SAFETY: by this contract.
    unsafe { spawn(group, move || Some(f(item)), Settings::default(), at) }
        .unwrap_or_else(|error| panic!("cannot spawn a task: {error}"))
}
