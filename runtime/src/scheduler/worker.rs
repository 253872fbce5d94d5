//! A worker: one OS thread that runs tasks.
//!
//! Where a worker's tasks wait, and in which order it takes them:
//!
//! 1. `run_next`: the task that was made ready last. It runs next, while what it shares with its
//!    waker is warm.
//! 2. `local`: its other ready tasks, first in, first out.
//! 3. the inbox: its tasks that other threads have made ready.
//! 4. `deque`: new tasks, last in, first out, so that a tree of spawns stays shallow in stacks.
//!    Thieves take from the other end.
//! 5. the injector, other workers' deques: see [`search`](super::search).
//!
//! Every [`FAIR_PERIOD`]th turn the order is turned round, so that no two tasks that ready each
//! other starve a third, nor tasks that yield the timers, the sockets or the new tasks.
//!
//! Everything here is the worker's own and is touched on its thread only: by the loop on the
//! thread's own stack, or by the task that runs on it, never both at once.

use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam_deque as deque;
use crossbeam_utils::sync::Parker;

use crate::cancel;
use crate::park::Settled;
use crate::scheduler::context;
use crate::scheduler::shared::{Remote, Shared};
use crate::scheduler::timer::{Timer, Wheel};
use crate::stack::Cache;
use crate::task::{
    Failure, Fiber, IdBlock, OwnedList, Parked, Step, TaskId, TaskPtr, TaskQueue, suspend,
};

/// After so many turns the queues are looked at in the other order (Go's number).
pub(super) const FAIR_PERIOD: u32 = 61;

/// A worker with fewer started tasks than this keeps what it spawns.
const MANY: usize = 32;

/// See the module.
pub(crate) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) index: usize,
    pub(super) parker: Parker,
    current: Cell<Option<TaskPtr>>,
    run_next: Cell<Option<TaskPtr>>,
    pub(super) local: TaskQueue,
    pub(super) deque: deque::Worker<TaskPtr>,
    /// Whether the last task yielded: new tasks go first then.
    yielded: Cell<bool>,
    pub(super) turn: Cell<u32>,
    timers: Wheel,
    stacks: UnsafeCell<Cache>,
    warm_stacks: Cell<bool>,
    owned: OwnedList,
    ids: IdBlock,
    pub(super) random: Cell<u32>,
    /// Whether this worker is counted as searching.
    pub(super) searching: Cell<bool>,
    /// When it last stole something.
    pub(super) caught: Cell<Option<Instant>>,
    /// Whether new tasks go to other workers.
    overloaded: Cell<bool>,
    /// Whether this worker has seen that the runtime stops.
    pub(super) stop_seen: Cell<bool>,
    /// When the poller was last asked.
    pub(super) polled: Cell<Instant>,
}

impl Worker {
    /// The worker that is number `index` of its runtime. Does nothing until [`work`](Self::work).
    pub(super) fn new(
        shared: Arc<Shared>,
        index: usize,
        deque: deque::Worker<TaskPtr>,
        parker: Parker,
    ) -> Self {
        Self {
            shared,
            index,
            parker,
            current: Cell::new(None),
            run_next: Cell::new(None),
            local: TaskQueue::new(),
            deque,
            yielded: Cell::new(false),
            turn: Cell::new(0),
            timers: Wheel::new(),
            stacks: UnsafeCell::new(Cache::new()),
            warm_stacks: Cell::new(false),
            owned: OwnedList::new(),
            ids: IdBlock::new(),
            random: Cell::new(0x9E37_79B9 ^ (index as u32 + 1)),
            searching: Cell::new(false),
            caught: Cell::new(None),
            overloaded: Cell::new(false),
            stop_seen: Cell::new(false),
            polled: Cell::new(Instant::now()),
        }
    }

    /// Runs tasks on this thread until the runtime stops and no started task is left.
    pub(super) fn work(&self) {
        self.warm_up();
        context::enter(self);
        self.run_all();
        if let Some(poller) = self.remote().poller() {
            poller.close();
        }
        context::enter(std::ptr::null());
    }
}

impl Worker {
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    #[inline]
    pub(crate) fn remote(&self) -> &Remote {
        &self.shared.remotes[self.index]
    }

    pub(crate) fn timers(&self) -> &Wheel {
        &self.timers
    }

    /// The task that runs here; `None` on the worker's own stack.
    #[inline]
    pub(crate) fn current(&self) -> Option<TaskPtr> {
        self.current.get()
    }

    pub(crate) fn next_id(&self) -> TaskId {
        self.ids.next()
    }

    /// Puts a task of this worker that has become ready in front; the one that was there goes to
    /// the queue.
    #[inline]
    pub(crate) fn push_ready(&self, task: TaskPtr) {
        if let Some(before) = self.run_next.replace(Some(task)) {
            // SAFETY: ready tasks of this worker.
            unsafe { self.local.push(before) };
        }
    }

    /// Offers a new task to this worker and to thieves.
    #[inline]
    pub(crate) fn push_new(&self, task: TaskPtr) {
        let had_others = !self.deque.is_empty();
        self.deque.push(task);
        // A single new task is left to this worker, which most likely waits for it next.
        if had_others && self.shared.idle.should_wake() {
            self.shared.wake_one(self.index + 1);
        }
    }

    /// Suspends `task`, which runs here, behind all that is known to be ready.
    #[inline]
    pub(crate) fn yield_task(&self, task: TaskPtr) {
        self.requeue(task, || {});
    }

    /// Suspends `task`, which has had its time, behind all that is ready.
    #[cold]
    pub(crate) fn preempt(&self, task: TaskPtr) {
        self.requeue(task, || self.look_round());
    }

    #[inline]
    fn requeue(&self, task: TaskPtr, first: impl FnOnce()) {
        context::deliver_cancellation(task);
        // SAFETY: `task` runs here, so the yielder is its fiber's, and it goes straight into one
        // list of its own worker.
        unsafe {
            suspend(task.get().yielder.get(), || {
                first();
                self.yielded.set(true);
                self.local.push(task);
                true
            });
        }
    }

    /// Runs tasks until the runtime stops.
    fn run_all(&self) {
        while let Some(task) = self.next().or_else(|| self.search()) {
            self.run(task);
        }
    }

    #[inline]
    pub(super) fn next(&self) -> Option<TaskPtr> {
        let turn = self.turn.get() + 1;
        self.turn.set(turn);
        if turn == FAIR_PERIOD {
            self.turn.set(0);
            if let Some(task) = self.fair_turn() {
                return Some(task);
            }
        }
        if let Some(task) = self.run_next.take() {
            return Some(task);
        }
        if self.yielded.replace(false)
            && let Some(task) = self.deque.pop()
        {
            return Some(task);
        }
        if let Some(task) = self.local.pop() {
            return Some(task);
        }
        self.empty_inbox();
        self.local.pop().or_else(|| self.deque.pop())
    }

    /// Moves what other threads made ready into the local queue.
    #[inline]
    pub(super) fn empty_inbox(&self) {
        let taken = self.remote().inbox.take();
        if taken.to_search {
            self.searching.set(true);
        }
        for task in taken {
            // SAFETY: a task in this worker's inbox is ready and this worker's.
            unsafe { self.local.push(TaskPtr::new(task)) };
        }
    }

    /// Runs `task` until it suspends or ends.
    #[inline]
    fn run(&self, task: TaskPtr) {
        // SAFETY: a task out of the queues is this worker's, and alive until it has ended.
        let header = unsafe { task.get() };
        if header.home.get().is_null() && (self.place_elsewhere(task) || !self.start(task)) {
            return;
        }
        let remote = self.remote();
        // Relaxed: the monitor reads these as figures.
        let switches = remote.switches.load(Ordering::Relaxed) + 1;
        remote.switches.store(switches, Ordering::Relaxed);
        self.current.set(Some(task));
        loop {
            // SAFETY: the fiber is the worker's while the task is not running, and the task does
            // not touch it while it is.
            let step = unsafe { (*header.fiber.get()).as_mut().expect("started").resume() };
            match step {
                Step::Suspended(suspend) => {
                    self.current.set(None);
                    // SAFETY: once, while the task is suspended.
                    if unsafe { suspend.commit() } {
                        return;
                    }
                    self.current.set(Some(task));
                }
                Step::Finished => {
                    self.current.set(None);
                    self.retire(task);
                    return;
                }
            }
        }
    }

    /// Leaves a new task to others if this worker has many more than another; false if it does not.
    ///
    /// Who runs a task first keeps it, so this is where load is balanced: the connections that one
    /// worker accepts spread over all.
    #[inline]
    fn place_elsewhere(&self, task: TaskPtr) -> bool {
        let own = self.owned.len();
        // Looking at the others costs a cache miss each.
        if !self.overloaded.get() && (own < MANY || !own.is_multiple_of(8)) {
            return false;
        }
        self.place_elsewhere_slow(task, own)
    }

    #[cold]
    fn place_elsewhere_slow(&self, task: TaskPtr, own: usize) -> bool {
        let least = self.shared.least_started();
        let overloaded = own > least + MANY / 2 + least / 8 && !self.shared.is_stopping();
        self.overloaded.set(overloaded);
        // SAFETY: a new task is whoever's took it out of a queue. Each is passed on once at most, so
        // that it runs even if only overloaded workers have time for it.
        if !overloaded || unsafe { task.get() }.passed_on.replace(true) {
            return false;
        }
        self.shared.submit(task);
        true
    }

    /// Gives a new task a stack and pins it to this worker; false if there is none to be had.
    fn start(&self, task: TaskPtr) -> bool {
        // SAFETY: the new task is this worker's; the stack cache is touched here and in `retire`
        // only, never while a task runs.
        unsafe {
            let header = task.get();
            header.home.set(self.remote());
            let mut stack = match (*self.stacks.get()).take(header.class) {
                Ok(stack) => stack,
                Err(error) => {
                    task.fail(Failure::NoStack(error));
                    task.release();
                    return false;
                }
            };
            stack.set_owner(task.as_non_null().as_ptr().cast());
            header.cancelled.set(self.shared.is_stopping());
            *header.fiber.get() = Some(Fiber::new(stack, task, TaskPtr::run));
            self.owned.insert(task);
        }
        // Relaxed: a figure.
        self.remote()
            .started
            .store(self.owned.len(), Ordering::Relaxed);
        true
    }

    /// Takes leave of a task whose code has returned.
    fn retire(&self, task: TaskPtr) {
        // SAFETY: the task has ended; its fiber and list links are the worker's, and the worker
        // gives up the task's own count.
        unsafe {
            self.owned.remove(task);
            let fiber = (*task.get().fiber.get()).take();
            let stack = fiber.expect("a task that ran has a fiber").into_stack();
            (*self.stacks.get()).put(stack);
            self.warm_stacks.set(true);
            task.release();
        }
        // Relaxed: a figure.
        self.remote()
            .started
            .store(self.owned.len(), Ordering::Relaxed);
    }

    /// Arms the timer of the task that runs here.
    ///
    /// # Safety
    /// As [`Wheel::arm`].
    pub(super) unsafe fn arm(&self, timer: NonNull<Timer>, deadline: Instant) {
        // SAFETY: the same contract.
        unsafe { self.timers.arm(timer, deadline) };
        self.publish_timers();
    }

    /// Disarms the timer of the task that runs here, if it is armed.
    ///
    /// # Safety
    /// As [`Wheel::disarm`].
    pub(super) unsafe fn disarm(&self, timer: NonNull<Timer>) {
        // SAFETY: the same contract.
        unsafe { self.timers.disarm(timer) };
        self.publish_timers();
    }

    /// Wakes the tasks whose time is up.
    pub(super) fn fire_timers(&self) {
        if self.timers.len() == 0 {
            return;
        }
        self.timers.advance(Instant::now(), |timer| {
            // SAFETY: armed timers are fields of tasks parked on this worker; whoever else settles
            // the wait first only makes the task ready, so it is still here.
            unsafe {
                let task = TaskPtr::from_timer(timer);
                if task.get().header.claim.settle_current(Settled::DEADLINE) {
                    self.push_ready(task);
                }
            }
        });
        self.publish_timers();
    }

    /// Tells the monitor how many timers are armed.
    fn publish_timers(&self) {
        // Relaxed: a figure.
        self.remote()
            .timers
            .store(self.timers.len(), Ordering::Relaxed);
    }

    /// Fills the stack cache, so that the first tasks are not held up by the mapping of a region and
    /// taken by thieves for ones that nobody has time for.
    fn warm_up(&self) {
        // SAFETY: the cache is touched by the worker alone, and no task runs yet.
        let stacks = unsafe { &mut *self.stacks.get() };
        // An error is for the first task that needs a stack.
        if let Ok(stack) = stacks.take(self.shared.settings.class) {
            stacks.put(stack);
            self.warm_stacks.set(true);
        }
    }

    /// Whether the stack cache may hold something.
    pub(super) fn has_warm_stacks(&self) -> bool {
        self.warm_stacks.get()
    }

    /// Gives the cached stacks to the pool that the workers share, where they can be trimmed.
    pub(super) fn release_stacks(&self) {
        // SAFETY: the cache is touched by the worker alone, and no task runs now.
        unsafe { (*self.stacks.get()).clear() };
        self.warm_stacks.set(false);
    }

    /// Whether a task is ready here.
    pub(super) fn has_ready(&self) -> bool {
        let next = self.run_next.take();
        self.run_next.set(next);
        next.is_some() || !self.local.is_empty()
    }

    /// The stop of the runtime: tells every started task that it is cancelled. Returns whether
    /// none is left.
    pub(super) fn cancel_all(&self) -> bool {
        if cancel::UNWINDS {
            // On the worker's own stack the thread's panic count is the sum over parked tasks: if
            // it is zero, none of them is unwinding.
            let nobody_unwinds = !std::thread::panicking();
            self.owned.for_each(|task| {
                // SAFETY: owned tasks are alive, and their cells are this worker's.
                let header = unsafe { task.get() };
                header.cancelled.set(true);
                let may = match header.parked.get() {
                    Parked::Cancellable => true,
                    Parked::MaybeUnwinding => nobody_unwinds,
                    Parked::No | Parked::Shielded => false,
                };
                if may && header.header.claim.settle_current(Settled::CANCELLED) {
                    self.push_ready(task);
                }
            });
        }
        self.owned.len() == 0
    }
}
