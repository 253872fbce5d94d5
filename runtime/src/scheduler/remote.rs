//! What other threads may touch of a worker.
//!
//! Most fields are the worker's own and are written by it alone; others read them as figures. The
//! cells among them (`timers`, `owned`) are the worker's too, unless the runtime migrates: then
//! each lies behind its own lock.

use std::io;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};
use std::time::Duration;

use crossbeam_utils::sync::Unparker;

use crate::bare::OnceLock;
use crate::driver::{self, Poller};
use crate::scheduler::calls::Calls;
use crate::scheduler::chatter::SharedTemper;
use crate::scheduler::counts::Counts;
use crate::scheduler::inbox::{Inbox, Wake};
use crate::scheduler::leaving::Leaving;
use crate::scheduler::owned::Owned;
use crate::scheduler::run_next::RunNext;
use crate::scheduler::shared::Shared;
use crate::scheduler::timers::Timers;
use crate::sys::thread;
use crate::task::{TaskHeader, TaskId, TaskPtr};

/// See the module.
pub(crate) struct Remote {
    pub(crate) inbox: Inbox<TaskHeader>,
    /// The task that was made ready last; runs next. Only in a migrating runtime do others take it.
    pub(super) run_next: RunNext<TaskHeader>,
    /// Counts the worker's switches; written by the worker alone.
    pub(crate) switches: AtomicU64,
    /// The switch count of the task that the monitor asks to yield.
    pub(crate) hint: AtomicU64,
    /// The task that runs: its number and where it was spawned.
    running: AtomicU64,
    running_site: AtomicPtr<Location<'static>>,
    /// Ready tasks in the worker's own queues, as of the last switch.
    pub(crate) ready: AtomicUsize,
    pub(super) leaving: Leaving,
    /// In a migrating runtime: whether its ready tasks are worth stealing.
    pub(super) temper: SharedTemper,
    /// The worker does not react: see the monitor.
    pub(crate) stuck: AtomicBool,
    /// Whether a thread runs it; a spare's seat is empty most of the time.
    pub(crate) live: AtomicBool,
    /// The system's number of its thread.
    pub(super) thread: AtomicI32,
    pub(crate) timers: Timers,
    pub(crate) owned: Owned,
    /// Its tasks that are to be woken because they are cancelled.
    pub(super) calls: Calls,
    pub(crate) counts: Counts,
    /// Wakes the worker where it has no poller.
    unparker: Unparker,
    /// What the worker sleeps in, once one of its tasks waits for readiness.
    poller: OnceLock<Arc<dyn Poller>>,
    /// Its number among all seats of the runtime.
    pub(crate) index: usize,
    /// Whether it stands in for workers that are stuck.
    pub(crate) is_spare: bool,
    /// The runtime this lies in.
    shared: *const Shared,
}

// SAFETY: `shared` is only followed by `push` and `ready_movable`, which say why that is sound;
// `timers` and `owned` state their own contracts; the rest is `Sync`.
unsafe impl Sync for Remote {}
// SAFETY: as above.
unsafe impl Send for Remote {}

impl Remote {
    pub(super) fn new(
        shared: *const Shared,
        index: usize,
        is_spare: bool,
        migrates: bool,
        unparker: Unparker,
    ) -> Self {
        Self {
            inbox: Inbox::new(),
            run_next: RunNext::new(),
            switches: AtomicU64::new(0),
            hint: AtomicU64::new(u64::MAX),
            running: AtomicU64::new(0),
            running_site: AtomicPtr::new(ptr::null_mut()),
            ready: AtomicUsize::new(0),
            leaving: Leaving::new(),
            temper: SharedTemper::new(),
            stuck: AtomicBool::new(false),
            live: AtomicBool::new(!is_spare),
            thread: AtomicI32::new(0),
            timers: Timers::new(migrates),
            owned: Owned::new(migrates),
            calls: Calls::default(),
            counts: Counts::default(),
            unparker,
            poller: OnceLock::new(),
            index,
            is_spare,
            shared,
        }
    }

    pub(crate) fn shared(&self) -> *const Shared {
        self.shared
    }

    /// The runtime, kept alive while the caller looks at it.
    ///
    /// # Safety
    /// The runtime is alive now: it has a task that has not ended.
    unsafe fn keep(this: *const Self) -> Arc<Shared> {
        // SAFETY: `shared` came from the runtime's own `Arc`, which is alive by this contract.
        unsafe {
            Arc::increment_strong_count((*this).shared);
            Arc::from_raw((*this).shared)
        }
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
            let _keep = (!within).then(|| Self::keep(this));
            if (*this).inbox.push(task.as_non_null()) == Wake::Needed {
                (*this).woken_by_push();
            }
        }
    }

    /// Hands a task that may run anywhere to its runtime, from a thread that is none of its
    /// workers.
    ///
    /// # Safety
    /// `this` is the home of `task`, which is parked and movable, and this caller won its claim.
    pub(crate) unsafe fn ready_movable(this: *const Self, task: TaskPtr) {
        // SAFETY: as in `push`.
        unsafe { Self::keep(this) }.submit_ready(task);
    }

    #[cold]
    fn woken_by_push(&self) {
        // SAFETY: `push` keeps the runtime alive.
        let shared = unsafe { &*self.shared };
        if !self.is_spare {
            shared.idle.end_sleep();
        }
        // Relaxed: a figure.
        self.counts.inbox_wakes.fetch_add(1, Ordering::Relaxed);
        self.unpark();
    }

    /// Wakes the worker's OS thread.
    pub(crate) fn unpark(&self) {
        // A worker that sleeps on the parker while its poller is being made is woken by the maker.
        match self.poller.get() {
            Some(poller) => poller.notify(),
            None => self.unpark_from_parker(),
        }
    }

    pub(crate) fn poller(&self) -> Option<&Arc<dyn Poller>> {
        self.poller.get()
    }

    /// The worker's poller, made now if it has none.
    ///
    /// # Errors
    /// What the driver says.
    pub(super) fn poller_or_new(&self) -> io::Result<Arc<dyn Poller>> {
        if let Some(poller) = self.poller.get() {
            return Ok(poller.clone());
        }
        let poller = driver::new_poller()?;
        let poller = self.poller.get_or_init(|| poller).clone();
        // The worker may be asleep on its parker; from now on it sleeps in the poller.
        self.unpark_from_parker();
        Ok(poller)
    }

    /// The parker is made of a lock of std's, for which nobody is to park.
    fn unpark_from_parker(&self) {
        crate::task::no_park(|| self.unparker.unpark());
    }

    /// Says which task runs next; the worker's.
    #[inline]
    pub(super) fn announce(&self, id: TaskId, site: &'static Location<'static>, ready: usize) {
        // Relaxed, all: the monitor reads these as figures.
        let switches = self.switches.load(Ordering::Relaxed) + 1;
        self.switches.store(switches, Ordering::Relaxed);
        // Pairs with the fence in a stall's report: who sees what follows sees the new count.
        fence(Ordering::Release);
        self.running.store(id.number(), Ordering::Relaxed);
        self.running_site
            .store(ptr::from_ref(site).cast_mut(), Ordering::Relaxed);
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// Asks the task that runs here to look round at its next checkpoint.
    pub(super) fn hint_current(&self) {
        // Relaxed, both: advice.
        let switches = self.switches.load(Ordering::Relaxed);
        self.hint.store(switches, Ordering::Relaxed);
    }

    /// Says that no task runs; the worker's.
    #[inline]
    pub(super) fn announce_none(&self) {
        // Relaxed: a figure.
        self.running.store(0, Ordering::Relaxed);
    }

    /// Whether the worker is at a task, rather than looking for one or trying to start one.
    pub(super) fn is_running(&self) -> bool {
        // Relaxed: a figure. Tasks' numbers begin with 1.
        self.running.load(Ordering::Relaxed) != 0
    }

    /// The number and the spawn site of the task that was announced last, if it may still run.
    pub(super) fn running_task(&self) -> Option<(TaskId, &'static Location<'static>)> {
        if !self.is_running() {
            return None;
        }
        // Relaxed: figures.
        let task = TaskId::from_number(self.running.load(Ordering::Relaxed));
        let site = self.running_site.load(Ordering::Relaxed);
        // SAFETY: `announce` stores addresses of `'static` locations; null before the first task.
        Some((task, unsafe { site.as_ref() }?))
    }

    /// The processor time that its thread has had, where the system tells.
    pub(super) fn processor_time(&self) -> Option<Duration> {
        thread::processor_time(self.thread.load(Ordering::Relaxed))
    }

    /// Whether its thread waits for something other than a processor, where the system tells.
    pub(super) fn is_blocked(&self) -> Option<bool> {
        thread::is_blocked(self.thread.load(Ordering::Relaxed))
    }

    /// Whether the worker's thread is awake and has a task or looks for one.
    pub(crate) fn is_awake(&self) -> bool {
        // Relaxed: a figure.
        self.live.load(Ordering::Relaxed) && !self.inbox.is_sleeping()
    }
}
