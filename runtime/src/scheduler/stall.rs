//! Stalls: a worker that has not switched for long while tasks wait behind the one that runs, or sits in a lock
//! that one of its parked tasks may hold.

use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crate::report::report;
use crate::scheduler::counts::count;
use crate::scheduler::remote::Remote;
use crate::sys::thread;
use crate::task::{Described, TaskId, task_name};

/// A task has kept its worker for so long that others wait behind it; or it is found in a lock of the
/// system's (a futex), two seconds or more after it went on, while nobody else is ready, but one of its
/// worker's parked tasks may be whom it waits for.
///
/// Started tasks stay on their OS thread, so one that blocks it (a lock of std's, a C library, a
/// file) or computes without a [`checkpoint`](crate::checkpoint) holds up its neighbours; if it waits
/// for one of them, for ever.
///
/// See [`Builder::on_stall`](crate::runtime::Builder::on_stall).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stall {
    /// The number of the worker within its runtime.
    pub worker: usize,
    /// The task that keeps it.
    pub task: TaskId,
    /// Where that task was spawned.
    pub spawned_at: &'static Location<'static>,
    /// How long it has not reached an operation that could have let others run.
    pub duration: Duration,
    /// How many tasks of this worker wait to run, at least.
    pub waiting: usize,
    /// How many more have begun on this worker and are parked. They go on nowhere else.
    pub parked: usize,
    /// The system call that the worker's thread sits in; `None` if it computes, or where the system
    /// does not tell.
    pub system_call: Option<String>,
    /// Whether all spare threads are in use, so that tasks that have not begun wait as well.
    pub spares_exhausted: bool,
    name: Option<String>,
}

impl Stall {
    /// The name of the task that keeps the worker, if it has one.
    pub fn task_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = Described::new(self.task, self.task_name(), self.spawned_at);
        write!(f, "worker {} has been ", self.worker)?;
        match &self.system_call {
            Some(call) => write!(f, "in {call}")?,
            None => f.write_str("computing")?,
        }
        write!(f, " for {} ms in {task}; ", self.duration.as_millis())?;
        match (self.waiting, self.parked) {
            (0, 1) => f.write_str("a parked task of this worker cannot go on")?,
            (0, parked) => write!(f, "{parked} parked tasks of this worker cannot go on")?,
            (1, _) => f.write_str("1 task waits behind it")?,
            (waiting, _) => write!(f, "{waiting} tasks wait behind it")?,
        }
        f.write_str(match &self.system_call {
            None => ": call hueless::checkpoint() in its loops",
            Some(call) if call == "futex" => {
                ", possibly for ever: a lock or channel of std's held or awaited across a blocking \
                 call? Use hueless's own, or wrap the call in hueless::blocking"
            }
            Some(_) => ", possibly for ever: wrap the call in hueless::blocking",
        })?;
        if self.spares_exhausted {
            f.write_str("; all spare threads are in use, so new tasks wait too")?;
        }
        Ok(())
    }
}

/// Who does not go on because of a stall.
pub(super) struct Behind {
    pub(super) waiting: usize,
    pub(super) parked: usize,
    pub(super) spares_exhausted: bool,
}

fn system_call(remote: &Remote) -> Option<String> {
    // Relaxed: written once, when the thread began.
    thread::system_call(remote.thread.load(Ordering::Relaxed))
}

/// What a worker is doing, if it is at a task.
pub(super) fn describe_running(remote: &Remote) -> Option<String> {
    let (task, spawned_at) = remote.running_task()?;
    let doing = match system_call(remote) {
        Some(call) => format!("in {call}"),
        None => "computing".to_owned(),
    };
    let name = task_name(task);
    let task = Described::new(task, name.as_deref(), spawned_at);
    Some(format!("worker {} is {doing} in {task}", remote.index))
}

/// What is called with each stall.
#[derive(Clone)]
pub(crate) struct Hook(pub(crate) Arc<dyn Fn(&Stall) + Send + Sync>);

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

/// Tells the hook of every stall, or stderr of the first of each spawn site.
#[derive(Default)]
pub(super) struct Reporter {
    sites: HashSet<*const Location<'static>>,
}

impl Reporter {
    /// Reports what keeps `remote`'s worker; false if it has moved on meanwhile, or if nobody waits and it
    /// does not sit in a lock.
    pub(super) fn report(
        &mut self,
        remote: &Remote,
        switches: u64,
        duration: Duration,
        behind: Behind,
        hook: Option<&Hook>,
    ) -> bool {
        let Some((task, spawned_at)) = remote.running_task() else {
            return false;
        };
        let system_call = system_call(remote);
        // Pairs with the fence in `announce`: what was read above is of the task that began with
        // this switch, or an earlier one.
        fence(Ordering::Acquire);
        // Relaxed: the fence orders it.
        if remote.switches.load(Ordering::Relaxed) != switches {
            return false;
        }
        if behind.waiting == 0 && system_call.as_deref() != Some("futex") {
            return false;
        }
        let stall = Stall {
            worker: remote.index,
            task,
            spawned_at,
            duration,
            waiting: behind.waiting,
            parked: behind.parked,
            system_call,
            spares_exhausted: behind.spares_exhausted,
            name: task_name(task),
        };
        // First, so that whoever hears of the stall finds it counted.
        count(&remote.counts.stalls);
        match hook {
            Some(Hook(hook)) => {
                // Its panic has been printed; the workers are to be watched on.
                let _ = catch_unwind(AssertUnwindSafe(|| hook(&stall)));
            }
            None if self.sites.insert(spawned_at) => report(format_args!("hueless: {stall}")),
            None => {}
        }
        true
    }
}
