//! Waits that block the OS thread.
//!
//! While [`no_park`] runs, its worker has no current task. So whatever looks for one, a wait, a
//! yield, a checkpoint, the blocking pool, finds a plain OS thread and acts as on one; the hot paths
//! of the others need not ask. The task is known here alone, to those few that mean the task itself.
//!
//! Invariant: nothing inside can switch, so the task that is hidden is the one that is shown again,
//! on the same thread.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering;

use crate::cancel::UNWINDS;
use crate::scheduler;
use crate::task::header::TaskHeader;
use crate::task::ptr::TaskPtr;

thread_local! {
    /// The task in `no_park` on this thread, or null.
    static HIDDEN: Cell<*mut TaskHeader> = const { Cell::new(ptr::null_mut()) };
}

/// The task that runs here inside [`no_park`].
#[inline(never)]
pub(crate) fn hidden_task() -> Option<TaskPtr> {
    NonNull::new(HIDDEN.get()).map(TaskPtr::new)
}

/// Delivers a pending cancellation to a task inside [`no_park`], at the entry of a wait.
pub(crate) fn deliver_cancellation() {
    if let Some(task) = hidden_task() {
        look_at_clock(task);
        scheduler::deliver_cancellation(task);
    }
}

/// Marks the limits of time that have passed: the worker, which would, is kept by [`no_park`].
fn look_at_clock(task: TaskPtr) {
    // SAFETY: the hidden task runs here, so it is alive.
    let context = unsafe { task.get() }.context();
    if context.has_frames() {
        let now = crate::time::now();
        if context.earliest_deadline().is_some_and(|at| at <= now) {
            context.expire(now);
        }
    }
}

/// Whether a task inside [`no_park`] is to unwind.
pub(crate) fn hidden_is_cancelled() -> bool {
    if let Some(task) = hidden_task() {
        look_at_clock(task);
    }
    // SAFETY: the hidden task runs here, so it is alive.
    let flag = |task: TaskPtr| &unsafe { task.get() }.cancelled;
    // Relaxed: level-triggered.
    UNWINDS && hidden_task().is_some_and(|task| flag(task).load(Ordering::Relaxed))
}

/// The task that runs here, whether inside [`no_park`] or not.
pub(crate) fn running_task() -> Option<TaskPtr> {
    scheduler::current_task().or_else(hidden_task)
}

/// Runs `f` so that every wait inside it blocks the OS thread instead of parking the task.
///
/// While a task is parked its worker runs others, and calls on one thread then no longer end in the
/// reverse order of their beginning. Most code does not mind. Code that keeps strictly nested state
/// in thread-locals around a callback does (`scoped_tls`, std-backed `critical_section`, some
/// embedders of foreign runtimes); call it inside `no_park`, or wait for nothing in the callback.
///
/// Inside `f`, as on a plain OS thread:
/// - locks, channels, sockets, joins, [`sleep`](crate::sleep) and [`park`](crate::task::park) block
///   the worker's thread, and with it every task of that worker, as long as they wait. **What `f`
///   waits for must not need this worker**: a task that has begun on it does not go on (unless its
///   runtime migrates), and `f` waits for ever. That goes for a receive that does not wait too, if it
///   meets a neighbour in a `select!` that is about to make the message it sends. New tasks, also that of [`run`](crate::run), are
///   taken over by other workers, or by a spare thread if one is left.
/// - [`checkpoint`](crate::checkpoint) does nothing, [`yield_now`](crate::yield_now) yields the OS
///   thread, [`blocking`](crate::blocking) runs its closure in place.
///
/// [`current`](crate::task::current) still is the task, and what `f` spawns goes to its runtime. Calls
/// nest. The entry of a wait is a point of cancellation as ever, but a wait that has begun is not
/// interrupted. Outside tasks `f` is just called.
///
/// # Panics
/// With what `f` panics with.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{run, task};
/// use std::time::Duration;
///
/// let ticks = run(|| {
///     task::no_park(|| {
///         // No other task of this worker runs meanwhile.
///         hueless_runtime::sleep(Duration::from_millis(1));
///         7
///     })
/// });
/// assert_eq!(ticks, 7);
/// ```
pub fn no_park<F, T>(f: F) -> T
where
    F: FnOnce() -> T,
{
    let Some(task) = scheduler::current_task() else {
        return f();
    };
    let _hidden = Hidden::new(task);
    f()
}

/// Says which task is hidden on this thread. Never inlined, as everything that touches a thread-local
/// here: in a migrating runtime code around it may go on on another thread, and the compiler keeps
/// the address of a thread-local where it sees two uses of it.
#[inline(never)]
fn set_hidden(task: *mut TaskHeader) {
    HIDDEN.set(task);
}

/// The task is hidden as long as this lives.
struct Hidden {
    task: TaskPtr,
    _not_send: PhantomData<*mut ()>,
}

impl Hidden {
    fn new(task: TaskPtr) -> Self {
        scheduler::set_current_task(None);
        set_hidden(task.as_non_null().as_ptr());
        Self {
            task,
            _not_send: PhantomData,
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        set_hidden(ptr::null_mut());
        scheduler::set_current_task(Some(self.task));
    }
}
