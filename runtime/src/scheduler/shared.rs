//! What the workers of one runtime share, and what others may touch of a worker.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_deque::{Injector, Stealer};
use crossbeam_utils::CachePadded;
use crossbeam_utils::sync::Unparker;

use crate::blocking::Pool;
use crate::driver::{self, Poller};
use crate::scheduler::context::current_worker;
use crate::scheduler::idle::Idle;
use crate::scheduler::inbox::{Inbox, Wake};
use crate::stack::Class;
use crate::task::{TaskHeader, TaskPtr};

/// How a runtime was built.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) workers: usize,
    pub(crate) class: Class,
    pub(crate) blocking_threads: usize,
}

/// The runtime is in use.
const RUNNING: u8 = 0;
/// Started tasks are to be unwound, new ones dropped.
const STOPPING: u8 = 1;

/// One per runtime.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) remotes: Box<[CachePadded<Remote>]>,
    pub(crate) stealers: Box<[Stealer<TaskPtr>]>,
    /// New tasks from outside the workers.
    pub(crate) injector: Injector<TaskPtr>,
    pub(crate) idle: Idle,
    pub(crate) pool: Pool,
    phase: AtomicU8,
    pub(crate) threads: Arc<Threads>,
    /// Whether the monitor sleeps until it is unparked.
    pub(crate) monitor_parked: AtomicBool,
    pub(crate) monitor: OnceLock<std::thread::Thread>,
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        unparkers: Vec<Unparker>,
        stealers: Vec<Stealer<TaskPtr>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|weak| Self {
            remotes: unparkers
                .into_iter()
                .map(|unparker| CachePadded::new(Remote::new(weak.as_ptr(), unparker)))
                .collect(),
            stealers: stealers.into(),
            injector: Injector::new(),
            idle: Idle::new(),
            pool: Pool::new(settings.blocking_threads),
            phase: AtomicU8::new(RUNNING),
            threads: Arc::default(),
            monitor_parked: AtomicBool::new(false),
            monitor: OnceLock::new(),
            settings,
        })
    }

    /// Hands a new task to whichever worker comes first. From outside the workers.
    pub(crate) fn submit(&self, task: TaskPtr) {
        self.injector.push(task);
        if self.idle.should_wake_after_submit() {
            self.wake_one(0);
        }
    }

    /// Schedules a new task from wherever this is called.
    pub(crate) fn schedule(&self, task: TaskPtr) {
        // SAFETY: a worker outlives its time in the thread-local.
        match unsafe { current_worker().as_ref() } {
            Some(worker) if std::ptr::eq(worker.shared(), self) => worker.push_new(task),
            _ => self.submit(task),
        }
    }

    /// Wakes one sleeping worker, if there is one, to look for work to steal.
    #[cold]
    pub(crate) fn wake_one(&self, start: usize) {
        let workers = self.remotes.len();
        for i in 0..workers {
            let remote = &self.remotes[(start + i) % workers];
            if remote.inbox.is_sleeping() && remote.inbox.wake_to_search() == Wake::Needed {
                self.idle.grant_search();
                self.idle.end_sleep();
                remote.unpark();
                return;
            }
        }
    }

    /// Whether a thief would find something.
    pub(crate) fn has_stealable(&self) -> bool {
        !self.injector.is_empty() || self.stealers.iter().any(|stealer| !stealer.is_empty())
    }

    /// How many new tasks lie in the workers' deques, about.
    pub(crate) fn lying_about(&self) -> usize {
        self.stealers.iter().map(Stealer::len).sum()
    }

    /// A worker is awake again: so shall the monitor be.
    #[inline]
    pub(crate) fn wake_monitor(&self) {
        // Pairs with the fence in the monitor's rest: it forbids that the monitor rests because it
        // missed that this worker is awake, while the worker misses that the monitor rests.
        fence(Ordering::SeqCst);
        // Relaxed: the fence orders it; the swap makes the unpark happen once.
        if self.monitor_parked.load(Ordering::Relaxed)
            && self.monitor_parked.swap(false, Ordering::Relaxed)
            && let Some(monitor) = self.monitor.get()
        {
            monitor.unpark();
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        // Acquire pairs with the Release in `stop`; the injector's own order does the rest.
        self.phase.load(Ordering::Acquire) == STOPPING
    }

    /// Tells everyone to end.
    pub(crate) fn stop(&self) {
        // Release pairs with the Acquire in `is_stopping`.
        self.phase.store(STOPPING, Ordering::Release);
        // Pairs with the fence in `Idle::begin_sleep`, after which a worker looks at the phase:
        // either it sees the phase, or we see what it is going to sleep in.
        fence(Ordering::SeqCst);
        for remote in &self.remotes {
            remote.unpark();
        }
        if let Some(monitor) = self.monitor.get() {
            monitor.unpark();
        }
        self.pool.stop();
    }

    /// Waits until all threads have ended; false when the deadline passed first.
    pub(crate) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        self.threads.wait_for_end(deadline) && self.pool.wait_for_end(deadline)
    }

    /// The number of started tasks on the worker that has the fewest.
    pub(crate) fn least_started(&self) -> usize {
        // Relaxed: figures that are looked at again soon.
        let started = |remote: &CachePadded<Remote>| remote.started.load(Ordering::Relaxed);
        self.remotes.iter().map(started).min().unwrap_or(0)
    }

    /// Started tasks that have not ended.
    pub(crate) fn started_tasks(&self) -> usize {
        // Relaxed: a figure for a report.
        self.remotes
            .iter()
            .map(|remote| remote.started.load(Ordering::Relaxed))
            .sum()
    }
}

/// The workers and the monitor of a runtime that have not ended yet.
///
/// Apart from [`Shared`], so that a thread gives up the runtime before it says that it ends: whoever
/// has waited for all of them holds the runtime alone.
#[derive(Default)]
pub(crate) struct Threads {
    alive: Mutex<usize>,
    ended: Condvar,
}

impl Threads {
    fn alive(&self) -> MutexGuard<'_, usize> {
        // Nothing that runs under the lock panics.
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a thread in.
    pub(crate) fn starts(&self) {
        *self.alive() += 1;
    }

    /// Counts a thread out.
    pub(crate) fn ends(&self) {
        *self.alive() -= 1;
        self.ended.notify_all();
    }

    fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        let mut alive = self.alive();
        while *alive != 0 {
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            alive = self
                .ended
                .wait_timeout(alive, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}

/// What other threads may touch of a worker.
pub(crate) struct Remote {
    pub(crate) inbox: Inbox<TaskHeader>,
    /// Wakes the worker where it has no poller.
    unparker: Unparker,
    /// What the worker sleeps in, once one of its tasks waits for readiness.
    poller: OnceLock<Arc<dyn Poller>>,
    /// Counts the worker's switches; written by the worker alone.
    pub(crate) switches: AtomicU64,
    /// The switch count of the task that the monitor asks to yield.
    pub(crate) hint: AtomicU64,
    /// Armed timers.
    pub(crate) timers: AtomicUsize,
    /// Started tasks that have not ended.
    pub(crate) started: AtomicUsize,
    /// The runtime this lies in.
    shared: *const Shared,
}

// SAFETY: `shared` is only followed by `push`, which says why that is sound; the rest is `Sync`.
unsafe impl Sync for Remote {}
// SAFETY: as above.
unsafe impl Send for Remote {}

impl Remote {
    fn new(shared: *const Shared, unparker: Unparker) -> Self {
        Self {
            inbox: Inbox::new(),
            unparker,
            poller: OnceLock::new(),
            switches: AtomicU64::new(0),
            hint: AtomicU64::new(u64::MAX),
            timers: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            shared,
        }
    }

    pub(crate) fn shared(&self) -> *const Shared {
        self.shared
    }

    /// Hands a started task to its worker from another thread.
    ///
    /// `within` says that the caller is a worker of the same runtime, which keeps it alive.
    ///
    /// # Safety
    /// `this` is the home of `task`, which is parked, and this caller won its claim.
    pub(crate) unsafe fn push(this: *const Self, task: TaskPtr, within: bool) {
        // SAFETY: until the task is pushed it has not ended, so its worker and the runtime live.
        // After the push both may go; unless we are part of the runtime, a count keeps them.
        unsafe {
            let _keep = (!within).then(|| {
                Arc::increment_strong_count((*this).shared);
                Arc::from_raw((*this).shared)
            });
            if (*this).inbox.push(task.as_non_null()) == Wake::Needed {
                (*(*this).shared).idle.end_sleep();
                (*this).unpark();
            }
        }
    }

    /// Wakes the worker's OS thread.
    pub(crate) fn unpark(&self) {
        // A worker that sleeps on the parker while its poller is being made is woken by the maker.
        match self.poller.get() {
            Some(poller) => poller.notify(),
            None => self.unparker.unpark(),
        }
    }

    pub(crate) fn poller(&self) -> Option<&Arc<dyn Poller>> {
        self.poller.get()
    }

    /// The worker's poller, made now if it has none.
    pub(crate) fn poller_or_new(&self) -> io::Result<Arc<dyn Poller>> {
        if let Some(poller) = self.poller.get() {
            return Ok(poller.clone());
        }
        let poller = driver::new_poller()?;
        let poller = self.poller.get_or_init(|| poller).clone();
        // The worker may be asleep on its parker; from now on it sleeps in the poller.
        self.unparker.unpark();
        Ok(poller)
    }
}
