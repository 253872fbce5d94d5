//! std's `thread` module on tasks, so that a program moves over by its `use` lines.
//!
//! Everything is a thin layer over [`task`], which says what each thing blocks and when it is
//! cancelled. What differs from there is what std's signatures ask for: a join that fails gives the payload
//! of the panic, and a name is a `String`.

use std::any::Any;
use std::fmt;
use std::io;

use crate::task;

pub use crate::scheduler::yield_now;
pub use crate::scope::{Scope, ScopedJoinHandle, scope};
pub use crate::task::{
    AccessError, LocalKey, Task as Thread, TaskId as ThreadId, current, park, park_timeout,
};
pub use crate::time::{sleep, sleep_until};
pub use std::thread::{Result, available_parallelism, panicking};

/// Owns the result of a task, by std's names. Dropping it detaches the task, which goes on running.
///
/// # Examples
///
/// ```
/// use hueless_runtime::thread;
///
/// let handle: thread::JoinHandle<_> = thread::spawn(|| thread::current().id());
/// let id = handle.thread().id();
/// assert_eq!(handle.join().unwrap(), id);
/// ```
pub struct JoinHandle<T>(task::JoinHandle<T>);

impl<T> JoinHandle<T> {
    /// Waits for the task to end and returns its result. Blocks the calling task or thread, not the
    /// worker. A point of cancellation.
    ///
    /// # Errors
    /// The payload of the panic when the task panicked; else, when it was cancelled or could not be given a
    /// stack, the [`JoinError`](task::JoinError) that says so, as a payload.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::thread;
    ///
    /// let payload = thread::spawn(|| std::panic::panic_any(7)).join().unwrap_err();
    /// assert_eq!(payload.downcast_ref(), Some(&7));
    /// ```
    pub fn join(self) -> Result<T> {
        self.0.join().map_err(|error| {
            error
                .try_into_panic()
                .unwrap_or_else(|error| Box::new(error) as Box<dyn Any + Send>)
        })
    }

    /// The task.
    pub fn thread(&self) -> &Thread {
        self.0.task()
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> From<task::JoinHandle<T>> for JoinHandle<T> {
    fn from(handle: task::JoinHandle<T>) -> Self {
        Self(handle)
    }
}

impl<T> From<JoinHandle<T>> for task::JoinHandle<T> {
    fn from(handle: JoinHandle<T>) -> Self {
        handle.0
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Spawns a task that runs `f`: [`spawn`](crate::spawn()) with std's handle.
///
/// # Panics
/// When the global runtime is needed and cannot be started.
///
/// # Examples
///
/// ```
/// use hueless_runtime::thread;
///
/// assert_eq!(thread::spawn(|| 6 * 7).join().unwrap(), 42);
/// ```
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    JoinHandle(task::spawn(f))
}

/// Spawns tasks that have a name or a stack of their own size, by std's names.
///
/// # Examples
///
/// ```
/// use hueless_runtime::thread;
///
/// let builder = thread::Builder::new().name("deep".into()).stack_size(1 << 20);
/// let handle = builder.spawn(|| thread::current().name().map(str::to_owned))?;
/// assert_eq!(handle.join().unwrap().as_deref(), Some("deep"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "must eventually spawn the task"]
pub struct Builder(task::Builder);

impl Builder {
    /// A builder with the defaults: no name, the runtime's stack size.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task, for reports.
    pub fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// The stack's usable bytes, rounded up to the next size there is, 64 KiB at least.
    pub fn stack_size(self, size: usize) -> Self {
        Self(self.0.stack_size(size))
    }

    /// [`Scope::spawn`] with this builder's settings.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.0.spawn_scoped(scope, f)
    }

    /// [`spawn`] with this builder's settings.
    ///
    /// # Errors
    /// `InvalidInput` when the stack size is greater than the greatest there is; what the system
    /// says when the global runtime cannot be started.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.0.spawn(f).map(JoinHandle)
    }
}
