//! `park` and `unpark` as std's threads have them, on tasks and on OS threads.
//!
//! The slot is in `park/slot.rs`. A parked task's ticket is made of its header. In
//! [`no_park`](super::no_park) the task waits as its OS thread, whose header is another; there the
//! ticket lies on the task's stack, and its address in the header's `next`. That link is the task's
//! own meanwhile: the task is running, so it is in no queue and nobody puts it into one.

use std::time::{Duration, Instant};

use crate::park::{Outcome, Ticket, Way, unwind_cancelled};
use crate::scheduler;
use crate::task::handle::{Kind, Task, current};
use crate::task::no_park::running_task;
use crate::task::ptr::TaskPtr;

/// Blocks the calling task, not its worker, until somebody calls [`Task::unpark`] for it; on a plain
/// OS thread, the thread. An unpark that came before is not lost: the call then returns at once. It
/// never returns without one.
///
/// A point of cancellation.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{run, spawn, task};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// run(|| {
///     let ready = Arc::new(AtomicBool::new(false));
///     let (me, set) = (task::current(), ready.clone());
///     spawn(move || {
///         set.store(true, Ordering::Release);
///         me.unpark();
///     });
///     while !ready.load(Ordering::Acquire) {
///         task::park();
///     }
/// });
/// ```
#[track_caller]
pub fn park() {
    park_until(None);
}

/// [`park`]s for `timeout` at most. `Duration::MAX` waits for ever.
///
/// A point of cancellation.
///
/// # Examples
///
/// ```
/// use hueless_runtime::{run, task};
/// use std::time::{Duration, Instant};
///
/// run(|| {
///     let start = Instant::now();
///     task::park_timeout(Duration::from_millis(2));
///     assert!(start.elapsed() >= Duration::from_millis(2));
///
///     task::current().unpark();
///     task::park_timeout(Duration::MAX);
/// });
/// ```
#[track_caller]
pub fn park_timeout(timeout: Duration) {
    match Instant::now().checked_add(timeout) {
        deadline @ Some(_) => park_until(deadline),
        None => park_until(None),
    }
}

#[track_caller]
fn park_until(deadline: Option<Instant>) {
    scheduler::checkpoint();
    let outcome = match running_task() {
        Some(task) => park_task(task, deadline),
        None => match &current().0 {
            Kind::Thread(thread) => thread.slot.park(deadline),
            Kind::Task(_) => unreachable!("no task runs here"),
        },
    };
    if outcome == Outcome::Cancelled {
        unwind_cancelled();
    }
}

/// Parks `task`, which runs here.
fn park_task(task: TaskPtr, deadline: Option<Instant>) -> Outcome {
    // SAFETY: the running task is alive.
    let header = unsafe { task.get() };
    header.slot.park(deadline, |ticket| {
        if ticket.header == task.as_header() {
            return Way::Header;
        }
        // The slot's lock is held, and `next` is the task's as the module says.
        header.set_next(std::ptr::from_ref(ticket).cast_mut().cast());
        Way::Address
    })
}

impl Task {
    /// Wakes the task from [`park`], or makes its next park return at once; however often it is
    /// called before, one park only. Works from anywhere, on stand-ins of OS threads too, and does
    /// nothing once the task has ended.
    ///
    /// Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_runtime::{spawn, task};
    ///
    /// let handle = spawn(|| task::park());
    /// handle.task().unpark();
    /// handle.join().unwrap();
    /// ```
    pub fn unpark(&self) {
        match &self.0 {
            Kind::Task(task) => unpark_task(*task),
            Kind::Thread(thread) => thread.slot.unpark(),
        }
    }
}

fn unpark_task(task: TaskPtr) {
    // SAFETY: the caller's handle counts, so the task's header is alive.
    let header = unsafe { task.get() };
    header.slot.unpark(|way| match way {
        Way::Header => Ticket {
            header: task.as_header(),
            word: header.header.claim.word(),
        },
        // SAFETY: `park_task` has stored the ticket's address there and waits; it needs the slot's
        // lock, which is held here, to leave.
        Way::Address => unsafe { header.next().cast::<Ticket>().read() },
    });
}
