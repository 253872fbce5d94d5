//! Spawning.

use std::io;
use std::panic::Location;

use crate::runtime::Runtime;
use crate::scheduler;
use crate::scope::{Scope, ScopedJoinHandle, Settings};
use crate::stack::Class;
use crate::task::cell::TaskCell;
use crate::task::header::TaskHeader;
use crate::task::id::TaskId;
use crate::task::join::JoinHandle;
use crate::task::ptr::TaskPtr;
use crate::task::{block, names};

/// What a task is made with besides its closure.
pub(crate) struct Spec {
    pub(crate) class: Class,
    pub(crate) name: Option<Box<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
    /// Whether its closure or output borrows from whoever joins it.
    pub(crate) is_lent: bool,
}

/// Makes a task and its handle; the task is still to be scheduled. `blocks` are this thread's, if it
/// is a worker's.
///
/// # Safety
/// The caller schedules the task once, and sees to it that what `f` and `T` borrow outlives the
/// task's end.
#[inline]
pub(crate) unsafe fn allocate<F, T>(
    blocks: Option<&block::Cache>,
    f: F,
    spec: Spec,
    id: TaskId,
) -> (TaskPtr, JoinHandle<T>)
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let is_named = spec.name.is_some();
    if let Some(name) = spec.name {
        names::insert(id, name);
    }
    let task = TaskCell::allocate(blocks, f, |vtable| {
        TaskHeader::new(
            vtable,
            spec.class,
            id,
            is_named,
            spec.is_lent,
            spec.spawned_at,
        )
    });
    // SAFETY: the task is new and of output type `T`; it was made with a count for its handle.
    (task, unsafe { JoinHandle::new(task) })
}

/// Spawns a task that runs `f`: on the current task's runtime, else on the global one, which the
/// first spawn starts.
///
/// Never blocks and makes no system call of its own while a worker is awake. The task begins on
/// whichever worker takes it first and stays on that OS thread. Dropping the handle detaches it.
///
/// # Panics
/// When the global runtime is needed and cannot be started.
///
/// # Examples
///
/// ```
/// let handle = hueless_runtime::spawn(|| "from a task");
/// assert_eq!(handle.join().unwrap(), "from a task");
/// ```
///
/// What a task captures must be `Send`, because it may begin on another thread:
///
/// ```compile_fail
/// let shared = std::rc::Rc::new(1);
/// hueless_runtime::spawn(move || *shared);
/// ```
#[track_caller]
#[inline]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    scheduler::spawn(f, None, None, Location::caller())
}

/// Spawns tasks that have a name or a stack of their own size.
///
/// # Examples
///
/// ```
/// let handle = hueless_runtime::task::Builder::new()
///     .name("deep")
///     .stack_size(1 << 20)
///     .spawn(|| hueless_runtime::task::current().to_string())?;
/// assert!(handle.join().unwrap().contains("\"deep\""));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    name: Option<Box<str>>,
    stack_size: Option<usize>,
}

impl Builder {
    /// A builder with the defaults: no name, the runtime's stack size.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task, for reports.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into_boxed_str());
        self
    }

    /// The stack's usable bytes, rounded up to the next size there is, 64 KiB at least. Memory is
    /// taken page by page as the task touches it.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    fn class(&self) -> io::Result<Option<Class>> {
        self.stack_size.map(Class::for_usable).transpose()
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
        let class = self.class()?;
        scheduler::ensure_started()?;
        Ok(scheduler::spawn(f, class, self.name, Location::caller()))
    }

    /// [`spawn`](Self::spawn) in a scope.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::{scope, task::Builder};
    ///
    /// let text = String::from("borrowed");
    /// let len = scope(|s| {
    ///     let task = Builder::new().name("len").spawn_scoped(s, || text.len()).unwrap();
    ///     task.join().unwrap()
    /// });
    /// assert_eq!(len, 8);
    /// ```
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
        let settings = Settings {
            class: self.class()?,
            name: self.name,
        };
        scope.spawn_with(f, settings, Location::caller())
    }

    /// [`spawn`](Self::spawn) on a given runtime.
    ///
    /// # Errors
    /// `InvalidInput` when the stack size is greater than the greatest there is.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = hueless_runtime::runtime::Builder::new().workers(1).build()?;
    /// let handle = hueless_runtime::task::Builder::new().spawn_on(&runtime, || 1)?;
    /// assert_eq!(handle.join().unwrap(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_on<F, T>(self, runtime: &Runtime, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let class = self.class()?;
        Ok(runtime.spawn_with(f, class, self.name, Location::caller()))
    }
}
