//! Several functions at once, of which the first to end counts.

use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

use crate::bare::Mutex;
use crate::scope::child::{Settings, spawn};
use crate::scope::group::Group;

/// A race's first result, and those who are still running.
struct Course<T> {
    group: Arc<Group>,
    first: Mutex<Option<T>>,
    /// Runners who have neither arrived nor failed.
    running: AtomicUsize,
    /// Where the race was called.
    at: &'static Location<'static>,
}

impl<T: Send> Course<T> {
    #[track_caller]
    fn new() -> Self {
        Self {
            group: Group::new(true),
            first: Mutex::new(None),
            running: AtomicUsize::new(0),
            at: Location::caller(),
        }
    }

    fn first(&self) -> MutexGuard<'_, Option<T>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a result; the first ends the race.
    fn arrive(&self, value: T) {
        let mut first = self.first();
        let late = match *first {
            Some(_) => Some(value),
            None => {
                *first = Some(value);
                None
            }
        };
        drop(first);
        drop(late);
        self.group.cancel();
    }

    /// Spawns a runner.
    ///
    /// # Safety
    /// Within the group's run; what `f` borrows, and the course, outlive that.
    unsafe fn spawn(&self, f: impl FnOnce() + Send) {
        self.running.fetch_add(1, Ordering::Relaxed);
        let f = move || {
            f();
            // Relaxed: the end of the group orders it.
            self.running.fetch_sub(1, Ordering::Relaxed);
            Some(())
        };
        // SAFETY: by this contract.
        let handle = unsafe { spawn(&self.group, f, Settings::default(), self.at) };
        handle.unwrap_or_else(|error| panic!("cannot spawn a task: {error}"));
    }

    /// Runs `body`, which spawns the runners, and waits for all.
    fn run(self, body: impl FnOnce(&Self)) -> Option<T> {
        // Whether the body was cut short tells nothing: somebody had arrived then.
        let _ = self.group.run(|| body(&self));
        let first = self.first.into_inner();
        let first = first.unwrap_or_else(PoisonError::into_inner);
        if first.is_none() && self.running.into_inner() != 0 {
            Group::cut_short();
        }
        first
    }
}

/// Functions that may race each other: tuples of them, up to eight.
pub trait Race<T> {
    /// See [`race`].
    #[doc(hidden)]
    fn run(self) -> T;
}

macro_rules! tuples {
    ($(($($f:ident),+))+) => {$(
        impl<T: Send, $($f: FnOnce() -> T + Send),+> Race<T> for ($($f,)+) {
            #[track_caller]
            fn run(self) -> T {
                #[allow(non_snake_case, reason = "the names of the types")]
                let ($($f,)+) = self;
                let first = Course::new().run(|course| {
                    // SAFETY: in the group's run, which the course and the functions outlive.
                    $(unsafe { course.spawn(move || course.arrive($f())) };)+
                });
                first.expect("there is a runner, and it has ended")
            }
        }
    )+};
}
tuples! {
    (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
}

/// Runs the functions of a tuple at once, each in a task, and returns what the first of them returns
/// that ends; the others are cancelled and awaited. They may borrow.
///
/// Blocks the calling task or thread. A point of cancellation, which is handed on to all.
///
/// In a destructor that runs because of a panic the losers cannot be cancelled, and are awaited until they end by
/// themselves.
///
/// # Panics
/// With the payload of a function that panics, whoever was first.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{race, sleep};
/// use std::time::Duration;
///
/// let first = race((
///     || { sleep(Duration::from_secs(60)); "tortoise" },
///     || "hare",
/// ));
/// assert_eq!(first, "hare");
/// ```
#[track_caller]
pub fn race<T, R: Race<T>>(functions: R) -> T {
    functions.run()
}

/// [`race`] for any number of functions of one type; `None` if there are none.
///
/// # Panics
/// With the payload of a function that panics.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{race_all, sleep};
/// use std::time::Duration;
///
/// let waits = [60_000, 1, 60_000];
/// let first = race_all(waits.map(|ms| move || { sleep(Duration::from_millis(ms)); ms }));
/// assert_eq!(first, Some(1));
/// ```
#[track_caller]
pub fn race_all<I, F, T>(functions: I) -> Option<T>
where
    I: IntoIterator<Item = F>,
    F: FnOnce() -> T + Send,
    T: Send,
{
    Course::new().run(|course| {
        for f in functions {
            // SAFETY: in the group's run, which the course and the functions outlive.
            unsafe { course.spawn(move || course.arrive(f())) };
        }
    })
}

/// [`race_all`] in which only an `Ok` counts.
///
/// # Errors
/// With all errors, in the order of the functions, when each has failed.
///
/// # Panics
/// With the payload of a function that panics.
///
/// # Examples
///
/// ```
/// let parsed = hueless_runtime::race_ok(["x", "7"].map(|text| move || text.parse::<i32>()));
/// assert_eq!(parsed, Ok(7));
/// ```
#[track_caller]
pub fn race_ok<I, F, T, E>(functions: I) -> Result<T, Vec<E>>
where
    I: IntoIterator<Item = F>,
    F: FnOnce() -> Result<T, E> + Send,
    T: Send,
    E: Send,
{
    let errors = Mutex::new(Vec::new());
    let first = Course::new().run(|course| {
        for (index, f) in functions.into_iter().enumerate() {
            let errors = &errors;
            let run = move || match f() {
                Ok(value) => course.arrive(value),
                Err(error) => {
                    let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
                    errors.push((index, error));
                }
            };
            // SAFETY: in the group's run, which the course, the errors and the functions outlive.
            unsafe { course.spawn(run) };
        }
    });
    first.ok_or_else(|| {
        let mut errors = errors.into_inner().unwrap_or_else(PoisonError::into_inner);
        errors.sort_by_key(|(index, _)| *index);
        errors.into_iter().map(|(_, error)| error).collect()
    })
}
