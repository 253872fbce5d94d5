//! Waiting for a task to end.

use std::any::Any;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use crate::cancel::cancel_task;
use crate::park::{Outcome, Wait, back_off, unwind_cancelled};
use crate::task::cell::{Failure, drop_quietly, report_if_panicked};
use crate::task::handle::Task;
use crate::task::ptr::TaskPtr;

/// Owns the result of a task. Dropping it detaches the task, which goes on running.
///
/// # Examples
///
/// ```
/// let handle = hueless_runtime::spawn(|| 6 * 7);
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
pub struct JoinHandle<T> {
    /// Its count is given up in `drop`, not by the field.
    task: ManuallyDrop<Task>,
    _result: PhantomData<T>,
}

// SAFETY: the handle is the right to take a `T` out, once, on any thread.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: a shared handle gives no access to the `T`.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    /// `task` was just allocated with output type `T`, and its handle's count is given up here.
    pub(crate) unsafe fn new(task: TaskPtr) -> Self {
        Self {
            // SAFETY: by this function's contract.
            task: ManuallyDrop::new(unsafe { Task::from_counted(task) }),
            _result: PhantomData,
        }
    }

    /// Waits for the task to end and returns its result. Blocks the calling task or thread, not the
    /// worker.
    ///
    /// # Errors
    /// When the task panicked, was cancelled, or could not be given a stack.
    pub fn join(self) -> Result<T, JoinError> {
        match self.wait(None, || Some(Wait::begin())) {
            Waited::Ended => self.take_result(),
            Waited::LeftBehind => Err(self.left_behind()),
            Waited::Cancelled => unwind_cancelled(),
            Waited::TimedOut => unreachable!("there is no deadline"),
        }
    }

    /// Waits like [`join`](Self::join), for `timeout` at most.
    ///
    /// # Errors
    /// The handle itself when the time is up first.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let (stop, stopped) = std::sync::mpsc::channel::<()>();
    /// let handle = hueless_runtime::spawn(move || hueless_runtime::blocking(move || stopped.recv()));
    /// let handle = handle.join_timeout(Duration::from_millis(1)).expect_err("still waiting");
    /// drop(stop);
    /// assert!(handle.join().unwrap().is_err());
    /// ```
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, JoinError>, Self> {
        let deadline = Instant::now().checked_add(timeout);
        match self.wait(deadline, || Some(Wait::begin())) {
            Waited::Ended => Ok(self.take_result()),
            Waited::LeftBehind => Ok(Err(self.left_behind())),
            Waited::Cancelled => unwind_cancelled(),
            Waited::TimedOut => Err(self),
        }
    }

    /// Waits, for a caller that lent the task something: a cancellation of the caller's is handed on to
    /// the task, and does not end the wait.
    pub(crate) fn join_lent(self) -> Result<T, JoinError> {
        let mut waited = self.wait(None, Wait::begin_unless_cancelled);
        if waited == Waited::Cancelled {
            self.cancel();
            waited = self.wait(None, || Some(Wait::begin_shielded()));
        }
        // The caller's frame is in use until then, whatever becomes of the runtime.
        assert!(
            waited == Waited::Ended,
            "a task that was lent something is not left behind"
        );
        self.take_result()
    }

    /// Cancels the task: the operation that it is blocked in, or the next one that may block, unwinds,
    /// and so does everything after it; destructors run. A task that has not begun never does. Joining
    /// then gives an error that [`is_cancelled`](JoinError::is_cancelled), unless the task ends with a
    /// value all the same. What the task has spawned by [`spawn`](crate::spawn()) goes on.
    ///
    /// Never blocks. Does nothing once the task has ended, and nothing but
    /// [`is_cancelled`](crate::cancel::is_cancelled) with `panic = "abort"`.
    ///
    /// # Examples
    ///
    /// ```
    /// let sleeper = hueless_runtime::spawn(|| hueless_runtime::sleep(std::time::Duration::MAX));
    /// sleeper.cancel();
    /// assert!(sleeper.join().unwrap_err().is_cancelled());
    /// ```
    pub fn cancel(&self) {
        cancel_task(&self.task);
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.task.header().state.is_done()
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Waits for the end.
    fn wait(&self, deadline: Option<Instant>, begin: impl Fn() -> Option<Wait>) -> Waited {
        let header = self.task.header();
        while !header.state.is_done() {
            if header.state.is_abandoned() {
                return Waited::LeftBehind;
            }
            let Some(wait) = begin() else {
                return Waited::Cancelled;
            };
            let ticket = wait.ticket();
            let outcome = wait.park(deadline, || {
                // SAFETY: there is one handle, so nobody else stores a joiner, and the task reads
                // it only after `JOINER` is set.
                unsafe { (*header.joiner.get()).write(ticket) };
                header.state.set_joiner()
            });
            match outcome {
                Outcome::Settled(_) | Outcome::Declined => {}
                Outcome::Deadline | Outcome::Cancelled => {
                    if header.state.unset_joiner() {
                        return match outcome {
                            Outcome::Cancelled => Waited::Cancelled,
                            _ => Waited::TimedOut,
                        };
                    }
                    // The task has ended meanwhile: the join succeeds, late or not. But the task may
                    // just be trying to claim this wait.
                    let mut round = 0;
                    while header.state.is_ticket_in_use() {
                        back_off(&mut round);
                    }
                }
            }
        }
        Waited::Ended
    }

    /// The error of a join whose task goes on without a runtime.
    pub(super) fn left_behind(self) -> JoinError {
        JoinError {
            task: (*self.task).clone(),
            failure: Failure::LeftBehind,
        }
    }

    /// The result of a task that has ended.
    pub(super) fn take_result(self) -> Result<T, JoinError> {
        debug_assert!(self.is_finished());
        // SAFETY: the task is done and the output is this handle's, which is consumed here.
        let output = unsafe { self.task.ptr().take_output::<T>() };
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped or used again.
        let task = unsafe { ManuallyDrop::take(&mut this.task) };
        output.map_err(|failure| JoinError {
            task,
            failure: *failure,
        })
    }
}

/// How a wait for a task ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waited {
    Ended,
    TimedOut,
    Cancelled,
    LeftBehind,
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let header = self.task.header();
        if header.state.drop_handle() {
            // SAFETY: the state gave the output to this handle, which goes.
            let output = unsafe { self.task.ptr().take_output::<T>() };
            report_if_panicked(header, &output);
            drop_quietly(output);
            // SAFETY: the handle's count, which `drop_handle` left; the field is not used again.
            unsafe { ManuallyDrop::drop(&mut self.task) };
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}

/// Why a join has no value: the task panicked, was cancelled, or could not be given a stack.
///
/// # Examples
///
/// ```
/// let error = hueless_runtime::spawn(|| panic!("boom")).join().unwrap_err();
/// assert!(error.is_panic());
/// assert!(error.to_string().ends_with("panicked: boom"), "{error}");
/// ```
pub struct JoinError {
    task: Task,
    failure: Failure,
}

// SAFETY: a shared error shows its payload only as a `&str` or `&String`, which are `Sync`.
unsafe impl Sync for JoinError {}

impl JoinError {
    pub(crate) fn new(task: Task, failure: Failure) -> Self {
        Self { task, failure }
    }

    /// The task's number.
    pub fn id(&self) -> crate::task::TaskId {
        self.task.id()
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.failure, Failure::Panic(_))
    }

    /// Whether the task was cancelled; also if it was, but has not ended by the time that its runtime
    /// waited for it when dropped.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.failure, Failure::Cancelled | Failure::LeftBehind)
    }

    /// Whether no stack was to be had for the task: it never ran.
    pub fn is_no_stack(&self) -> bool {
        matches!(self.failure, Failure::NoStack(_))
    }

    /// The payload of the panic.
    ///
    /// # Panics
    /// When the task did not panic; see [`is_panic`](Self::is_panic).
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic()
            .unwrap_or_else(|error| panic!("into_panic on a task that did not panic: {error}"))
    }

    /// The payload of the panic, or the error itself.
    ///
    /// # Errors
    /// The error itself when the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.failure {
            Failure::Panic(payload) => Ok(payload),
            _ => Err(self),
        }
    }

    /// Goes on with the panic, or makes one of the failure. What `run` does.
    pub(crate) fn resume(self) -> ! {
        match self.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(error) if error.is_cancelled() => unwind_cancelled(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(not a text)")
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.task.id())?;
        if let Some(name) = self.task.name() {
            write!(f, " {name:?}")?;
        }
        let at = self.task.spawned_at();
        write!(f, " ({}:{}) ", at.file(), at.line())?;
        match &self.failure {
            Failure::Panic(payload) => {
                write!(f, "panicked: {}", panic_text(&**payload))
            }
            Failure::Cancelled => f.write_str("was cancelled"),
            Failure::LeftBehind => f.write_str("was left behind when its runtime was dropped"),
            Failure::NoStack(error) => write!(f, "could not start: {error}"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        match error.failure {
            Failure::NoStack(cause) => cause,
            _ => Self::other(error.to_string()),
        }
    }
}
