//! What one may know of a task from anywhere.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::cancel::cancel_task;
use crate::park::ThreadSlot;
use crate::task::cell::Described;
use crate::task::header::TaskHeader;
use crate::task::id::TaskId;
use crate::task::no_park::running_task;
use crate::task::ptr::TaskPtr;

/// A task, as others see it. Cheap to clone, valid after the task has ended.
///
/// An OS thread that is not a worker counts as a task of its own, so that code need not care where
/// it runs.
///
/// # Examples
///
/// ```
/// let handle = hueless_runtime::task::Builder::new()
///     .name("fetch")
///     .spawn(|| 7)
///     .expect("a task");
/// assert_eq!(handle.task().name(), Some("fetch"));
/// assert_eq!(handle.join().unwrap(), 7);
/// ```
pub struct Task(pub(super) Kind);

pub(super) enum Kind {
    /// A counted pointer.
    Task(TaskPtr),
    Thread(Arc<ThreadTask>),
}

/// An OS thread's stand-in for a task's header.
pub(super) struct ThreadTask {
    id: TaskId,
    name: Option<String>,
    seen_at: &'static Location<'static>,
    pub(super) slot: ThreadSlot,
}

thread_local! {
    static THREAD: std::cell::OnceCell<Arc<ThreadTask>> = const { std::cell::OnceCell::new() };
}

// SAFETY: the fields that a `Task` shows are never written after the spawn, and it counts itself.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Task {
    /// A handle that takes over one count.
    ///
    /// # Safety
    /// The caller holds the count and gives it up.
    pub(crate) unsafe fn from_counted(task: TaskPtr) -> Self {
        Self(Kind::Task(task))
    }

    /// The header of the task that a join handle or error holds.
    pub(crate) fn header(&self) -> &TaskHeader {
        // SAFETY: this handle counts.
        unsafe { self.ptr().get() }
    }

    /// The pointer of the task that a join handle or error holds.
    #[inline]
    pub(crate) fn ptr(&self) -> TaskPtr {
        match self.0 {
            Kind::Task(task) => task,
            Kind::Thread(_) => unreachable!("nobody joins a thread's stand-in"),
        }
    }

    /// Cancels the task, as [`JoinHandle::cancel`](super::JoinHandle::cancel) does. Does nothing to an
    /// OS thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::{sleep, spawn};
    ///
    /// let handle = spawn(|| sleep(std::time::Duration::MAX));
    /// let task = handle.task().clone();
    /// spawn(move || task.cancel());
    /// assert!(handle.join().unwrap_err().is_cancelled());
    /// ```
    pub fn cancel(&self) {
        if let Kind::Task(_) = self.0 {
            cancel_task(self);
        }
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        match &self.0 {
            Kind::Task(_) => self.header().id,
            Kind::Thread(thread) => thread.id,
        }
    }

    /// The name it was given, if any; a thread's is the thread's name.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Task(_) => self.header().name(),
            Kind::Thread(thread) => thread.name.as_deref(),
        }
    }

    /// Where it was spawned; for a thread, where it was first asked for.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        match &self.0 {
            Kind::Task(_) => self.header().spawned_at,
            Kind::Thread(thread) => thread.seen_at,
        }
    }
}

impl Clone for Task {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Task(task) => {
                // SAFETY: this handle counts, so the task is alive.
                unsafe { task.retain() };
                Kind::Task(*task)
            }
            Kind::Thread(thread) => Kind::Thread(thread.clone()),
        })
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Kind::Task(task) = self.0 {
            // SAFETY: this handle's own count.
            unsafe { task.release() }
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("spawned_at", &format_args!("{}", self.spawned_at()))
            .finish()
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Described::new(self.id(), self.name(), self.spawned_at()).fmt(f)
    }
}

/// The task that calls this; on a plain OS thread, the thread's own stand-in for one.
///
/// # Examples
///
/// ```
/// use hueless_runtime::task;
///
/// let inside = hueless_runtime::run(|| task::current().id());
/// assert_ne!(inside, task::current().id());
/// assert_eq!(task::current().id(), task::current().id());
/// ```
#[track_caller]
pub fn current() -> Task {
    if let Some(task) = running_task() {
        // SAFETY: the running task is alive; the new handle takes the count.
        return unsafe {
            task.retain();
            Task::from_counted(task)
        };
    }
    let seen_at = Location::caller();
    let make = || {
        Arc::new(ThreadTask {
            id: TaskId::next(),
            name: std::thread::current().name().map(str::to_owned),
            seen_at,
            slot: ThreadSlot::new(),
        })
    };
    // In a thread-local's destructor the stand-in may be gone; then there is a new one.
    let thread = THREAD
        .try_with(|own| own.get_or_init(make).clone())
        .unwrap_or_else(|_| make());
    Task(Kind::Thread(thread))
}
