//! What the workers of one runtime share.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_deque::{Injector, Stealer};
use crossbeam_utils::CachePadded;

use crate::blocking::Pool;
use crate::scheduler::calls::wait_for_cancellers;
use crate::scheduler::chatter::Temper;
use crate::scheduler::context::current_worker;
use crate::scheduler::idle::Idle;
use crate::scheduler::inbox::Wake;
use crate::scheduler::monitor::TICK;
use crate::scheduler::remote::Remote;
use crate::scheduler::rest::Rest;
use crate::scheduler::seat::{Seat, Seats};
use crate::scheduler::stall::{Hook, describe_running};
use crate::scheduler::starved::Starved;
use crate::scheduler::threads::Threads;
use crate::stack::Class;
use crate::task::{Failure, TaskPtr};

/// How a runtime was built.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) workers: usize,
    pub(crate) class: Class,
    pub(crate) blocking_threads: usize,
    /// Whether started tasks may change workers.
    pub(crate) migrates: bool,
    /// Shuffles the order in which ready tasks run.
    pub(crate) seed: Option<u64>,
    pub(crate) on_stall: Option<Hook>,
    /// Whether a task parks where std would block its thread.
    pub(crate) park_std: bool,
    /// Whether stack overflows are reported.
    pub(crate) overflow_handler: bool,
}

/// The runtime is in use.
const RUNNING: u8 = 0;
/// Started tasks are to be unwound, new ones dropped.
const STOPPING: u8 = 1;
/// Nobody waits for the started tasks any more.
const LEFT_BEHIND: u8 = 2;

/// One per runtime.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// The workers', then the spares'.
    pub(crate) remotes: Box<[CachePadded<Remote>]>,
    /// Of the seats' deques of new tasks.
    pub(super) stealers: Box<[Stealer<TaskPtr>]>,
    /// Of the seats' deques of started tasks; empty unless the runtime migrates.
    pub(super) movable_stealers: Box<[Stealer<TaskPtr>]>,
    /// New tasks from outside the workers.
    pub(super) injector: Injector<TaskPtr>,
    /// Started tasks that were made ready outside the workers; for migrating runtimes.
    pub(super) movable: Injector<TaskPtr>,
    pub(super) idle: Idle,
    pub(super) seats: Seats,
    pub(crate) starved: Starved,
    pub(crate) pool: Pool,
    /// Tasks spawned outside the workers.
    pub(crate) spawned_outside: AtomicU64,
    phase: AtomicU8,
    pub(super) threads: Arc<Threads>,
    pub(super) monitor_rest: Rest,
    pub(super) monitor: OnceLock<std::thread::Thread>,
}

impl Shared {
    /// A runtime without threads, and the seats of its workers.
    pub(super) fn new(settings: Settings) -> (Arc<Self>, Vec<Seat>) {
        let workers = settings.workers;
        let seats: Vec<_> = (0..workers + Seats::spares(workers))
            .map(Seat::new)
            .collect();
        let shared = Arc::new_cyclic(|weak| Self {
            remotes: seats
                .iter()
                .map(|seat| {
                    CachePadded::new(Remote::new(
                        weak.as_ptr(),
                        seat.index,
                        seat.index >= workers,
                        settings.migrates,
                        seat.parker.unparker().clone(),
                    ))
                })
                .collect(),
            stealers: seats.iter().map(|seat| seat.deque.stealer()).collect(),
            movable_stealers: seats
                .iter()
                .filter(|_| settings.migrates)
                .map(|seat| seat.movable.stealer())
                .collect(),
            injector: Injector::new(),
            movable: Injector::new(),
            idle: Idle::new(),
            seats: Seats::new(workers),
            starved: Starved::default(),
            pool: Pool::new(settings.blocking_threads),
            spawned_outside: AtomicU64::new(0),
            phase: AtomicU8::new(RUNNING),
            threads: Arc::default(),
            monitor_rest: Rest::new(),
            monitor: OnceLock::new(),
            settings,
        });
        let mut seats = seats;
        shared.seats.keep_spares(seats.split_off(workers));
        (shared, seats)
    }

    /// The workers without the spares.
    pub(super) fn workers(&self) -> &[CachePadded<Remote>] {
        &self.remotes[..self.settings.workers]
    }

    /// The seats that have, or lately had, a thread.
    pub(super) fn taken(&self) -> &[CachePadded<Remote>] {
        &self.remotes[..self.seats.taken()]
    }

    /// Hands a new task to whichever worker comes first: one from outside, or one that a worker does
    /// not want to start.
    pub(crate) fn submit(&self, task: TaskPtr) {
        self.injector.push(task);
        self.wake_after_submit();
    }

    /// Hands a started task that may run anywhere to whichever worker comes first.
    pub(super) fn submit_ready(&self, task: TaskPtr) {
        self.movable.push(task);
        self.wake_after_submit();
    }

    fn wake_after_submit(&self) {
        if self.idle.should_wake_after_submit() {
            self.wake_one(0);
        }
    }

    /// Schedules a new task from wherever this is called.
    pub(crate) fn schedule(&self, task: TaskPtr) {
        // SAFETY: a worker outlives its time in the thread-local.
        match unsafe { current_worker().as_ref() } {
            Some(worker) if std::ptr::eq(worker.shared(), self) => worker.push_new(task),
            _ => {
                // Relaxed: a figure.
                self.spawned_outside.fetch_add(1, Ordering::Relaxed);
                self.submit(task);
            }
        }
    }

    /// Wakes one sleeping worker, if there is one, to look for work to steal.
    #[cold]
    pub(super) fn wake_one(&self, start: usize) {
        let workers = self.settings.workers;
        for i in 0..workers {
            let remote = &self.remotes[(start + i) % workers];
            if self.idle.wake_to_search(&remote.inbox) {
                remote.unpark();
                return;
            }
        }
    }

    /// Whether a thief would find something.
    pub(super) fn has_stealable(&self) -> bool {
        let taken = self.seats.taken();
        let any = |stealers: &[Stealer<TaskPtr>]| stealers.iter().any(|s| !s.is_empty());
        !self.injector.is_empty()
            || any(&self.stealers[..taken])
            || (self.settings.migrates
                && (!self.movable.is_empty() || self.has_movable_prey(taken)))
    }

    /// Whether started tasks are queued that a thief may take.
    fn has_movable_prey(&self, taken: usize) -> bool {
        let prey = |(remote, stealer): (&CachePadded<Remote>, &Stealer<TaskPtr>)| {
            remote.temper.get() != Temper::Chatting && !stealer.is_empty()
        };
        let stealers = &self.movable_stealers[..taken];
        self.remotes.iter().zip(stealers).any(prey)
    }

    /// How many new tasks lie in the workers' deques, about.
    pub(super) fn lying_about(&self) -> usize {
        let taken = self.seats.taken();
        self.stealers[..taken].iter().map(Stealer::len).sum()
    }

    /// A worker is awake again: so shall the monitor be, within a tick.
    #[inline]
    pub(super) fn wake_monitor(&self) {
        if self.monitor_rest.must_end(TICK) {
            self.unpark_monitor();
        }
    }

    pub(super) fn unpark_monitor(&self) {
        if let Some(monitor) = self.monitor.get() {
            monitor.unpark();
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        // Acquire pairs with the Release in `stop`; the injector's own order does the rest.
        self.phase.load(Ordering::Acquire) != RUNNING
    }

    /// Whether nobody waits for the started tasks any more.
    pub(super) fn is_left_behind(&self) -> bool {
        // Acquire pairs with the Release in `leave_behind`.
        self.phase.load(Ordering::Acquire) == LEFT_BEHIND
    }

    /// Gives up waiting: the workers tell those who join their tasks.
    pub(crate) fn leave_behind(&self) {
        // Release pairs with the Acquire in `is_left_behind`.
        self.phase.store(LEFT_BEHIND, Ordering::Release);
        self.wake_all();
    }

    /// Tells everyone to end.
    pub(crate) fn stop(&self) {
        // Release pairs with the Acquire in `is_stopping`.
        self.phase.store(STOPPING, Ordering::Release);
        self.wake_all();
        self.unpark_monitor();
    }

    /// Makes every worker look round once more.
    pub(super) fn wake_all(&self) {
        // Pairs with the fence before a worker's sleep, after which it looks at what this caller has
        // changed: either it sees that, or we see what it is going to sleep in.
        fence(Ordering::SeqCst);
        for remote in &self.remotes {
            remote.unpark();
        }
    }

    /// Waits until all threads have ended; false when the deadline passed first.
    pub(crate) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        if !self.threads.wait_for_end(deadline) {
            return false;
        }
        // Not before: tasks that unwind may have jobs for it. If some are left behind, it ends with
        // the last worker.
        self.pool.stop();
        self.pool.wait_for_end(deadline)
    }

    /// The number of started tasks on the worker that has the fewest, of those that react.
    pub(super) fn least_started(&self) -> usize {
        // Relaxed: figures that are looked at again soon.
        let reacts = |remote: &&CachePadded<Remote>| !remote.stuck.load(Ordering::Relaxed);
        let started = |remote: &CachePadded<Remote>| remote.owned.len();
        self.workers()
            .iter()
            .filter(reacts)
            .map(started)
            .min()
            .unwrap_or(usize::MAX)
    }

    /// Started tasks that have not ended.
    pub(crate) fn started_tasks(&self) -> usize {
        self.taken().iter().map(|remote| remote.owned.len()).sum()
    }

    /// Switches of all workers so far.
    pub(super) fn switches(&self) -> u64 {
        // Relaxed: figures.
        let switches = |remote: &CachePadded<Remote>| remote.switches.load(Ordering::Relaxed);
        self.remotes.iter().map(switches).sum()
    }

    /// Whether a timer, a socket or a blocking call may make a task ready.
    pub(super) fn awaits_something(&self) -> bool {
        let in_use = |remote: &CachePadded<Remote>| {
            remote.timers.len() != 0 || remote.poller().is_some_and(|poller| poller.is_in_use())
        };
        self.taken().iter().any(in_use) || self.pool.is_busy()
    }

    /// How long after `now` the next timer may be due.
    pub(super) fn time_to_next_timer(&self, now: Instant) -> Option<Duration> {
        let left = |remote: &CachePadded<Remote>| remote.timers.time_left(now);
        self.taken().iter().filter_map(left).min()
    }

    /// Wakes a spare, if it sleeps, to see whether it is needed; true if it slept.
    pub(super) fn wake_spare(&self, spare: &Remote) -> bool {
        let slept = spare.inbox.wake_to_search() == Wake::Needed;
        if slept {
            spare.unpark();
        }
        slept
    }

    /// What the workers that do not sleep are doing.
    pub(crate) fn running(&self) -> Vec<String> {
        let awake = self.taken().iter().filter(|remote| remote.is_awake());
        awake
            .filter_map(|remote| describe_running(remote))
            .collect()
    }

    /// Whether every worker sleeps.
    pub(super) fn all_sleep(&self) -> bool {
        !self.taken().iter().any(|remote| remote.is_awake())
    }

    /// Whether the worker of seat `index` may start new tasks: spares only as long as workers are
    /// stuck.
    #[inline]
    pub(super) fn may_start_tasks(&self, index: usize) -> bool {
        index < self.settings.workers + self.seats.wanted_spares()
    }
}

impl Drop for Shared {
    /// Ends the tasks that came when no worker was left to take them.
    fn drop(&mut self) {
        wait_for_cancellers();
        let injected = std::iter::from_fn(|| self.injector.steal().success());
        let starved = std::iter::from_fn(|| self.starved.pop());
        for task in injected.chain(starved) {
            // SAFETY: the task is new, and nobody else has the queue it was in.
            unsafe { task.fail(Failure::Cancelled) };
        }
    }
}
