//! A worker: one OS thread that runs tasks.
//!
//! Its queues and their order are in [`queues`](super::queues); what it does without a task in
//! [`search`](super::search); how a task begins and ends in [`lifecycle`](super::lifecycle).
//!
//! Everything here is the worker's own and is touched on its thread only: by the loop on the
//! thread's own stack, or by the task that runs on it, never both at once. What others may touch is
//! its [`Remote`].

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::cancel::Expired;
use crate::park::Settled;
use crate::scheduler::chatter::Watch;
use crate::scheduler::context;
use crate::scheduler::counts::count;
use crate::scheduler::parked::ParkedTrim;
use crate::scheduler::remote::Remote;
use crate::scheduler::seat::Seat;
use crate::scheduler::shared::Shared;
use crate::scheduler::shuffle::Shuffle;
use crate::scheduler::timer::Timer;
use crate::stack::Cache;
use crate::sys::thread;
use crate::task::{BlockCache, IdBlock, Step, Task, TaskId, TaskPtr, TaskQueue, suspend};

/// See the module.
pub(crate) struct Worker {
    pub(super) shared: Arc<Shared>,
    /// Of this worker; lies in `shared`.
    remote: NonNull<Remote>,
    pub(super) seat: Seat,
    /// Whether started tasks may change workers.
    pub(super) migrates: bool,
    pub(super) is_spare: bool,
    current: Cell<Option<TaskPtr>>,
    /// In a migrating runtime: suspended tasks that may go on here only.
    pub(super) pinned: Cell<usize>,
    /// Its ready tasks that nobody else may take.
    pub(super) local: TaskQueue,
    /// Those that have had their slice.
    pub(super) expired: TaskQueue,
    /// Whether the last task yielded: new tasks go first then.
    pub(super) yielded: Cell<bool>,
    /// In a migrating runtime: those that have yielded, and go back to `local` once so many movable ones have run.
    pub(super) behind: TaskQueue,
    pub(super) before_behind: Cell<usize>,
    pub(super) turn: Cell<u32>,
    /// Turns in the other order so far.
    pub(super) fair_turns: Cell<u32>,
    pub(super) stacks: UnsafeCell<Cache>,
    pub(super) warm_stacks: Cell<bool>,
    ids: IdBlock,
    pub(super) blocks: BlockCache,
    pub(super) random: Cell<u32>,
    /// The order in which ready tasks run, if it is shuffled.
    pub(super) shuffle: Option<Shuffle>,
    /// Whether this worker is counted as searching.
    pub(super) searching: Cell<bool>,
    /// In a migrating runtime: the others, before it steals from them.
    pub(super) watch: RefCell<Watch>,
    /// When it last stole something.
    pub(super) caught: Cell<Option<Instant>>,
    /// Since when it leaves new tasks to others, because it has many more than they.
    pub(super) leaves_since: Cell<Option<Instant>>,
    /// Whether this worker has seen that the runtime stops.
    pub(super) stop_seen: Cell<bool>,
    /// Whether its tasks have been left behind.
    pub(super) abandoned: Cell<bool>,
    /// Turns since it has last looked whom it has to cancel.
    pub(super) uncancelled_turns: Cell<usize>,
    /// When the poller was last asked.
    pub(super) polled: Cell<Instant>,
    /// When it last gave up its processor, as far as it has to do with sockets.
    pub(super) rested: Cell<Instant>,
    pub(super) parked_trim: ParkedTrim,
    /// Cancelled tasks that cannot be woken yet: see `calls`.
    pub(super) postponed: RefCell<Vec<Task>>,
}

impl Worker {
    /// The worker on `seat`. Does nothing until [`work`](Self::work).
    pub(super) fn new(shared: Arc<Shared>, seat: Seat) -> Self {
        let remote: &Remote = &shared.remotes[seat.index];
        Self {
            remote: NonNull::from(remote),
            migrates: shared.settings.migrates,
            is_spare: remote.is_spare,
            current: Cell::new(None),
            pinned: Cell::new(0),
            local: TaskQueue::new(),
            expired: TaskQueue::new(),
            yielded: Cell::new(false),
            behind: TaskQueue::new(),
            before_behind: Cell::new(0),
            fair_turns: Cell::new(0),
            turn: Cell::new(0),
            stacks: UnsafeCell::new(Cache::new()),
            warm_stacks: Cell::new(false),
            ids: IdBlock::new(),
            blocks: BlockCache::new(),
            random: Cell::new(0x9E37_79B9 ^ (seat.index as u32 + 1)),
            shuffle: shared
                .settings
                .seed
                .map(|seed| Shuffle::new(seed, seat.index)),
            searching: Cell::new(false),
            watch: RefCell::new(Watch::new(shared.remotes.len())),
            caught: Cell::new(None),
            leaves_since: Cell::new(None),
            stop_seen: Cell::new(false),
            abandoned: Cell::new(false),
            // At the first look it does.
            uncancelled_turns: Cell::new(usize::MAX),
            polled: Cell::new(Instant::now()),
            rested: Cell::new(Instant::now()),
            parked_trim: ParkedTrim::default(),
            postponed: RefCell::default(),
            seat,
            shared,
        }
    }

    /// Runs tasks on this thread until the runtime stops and no started task is left; a spare, until
    /// it is not needed. Gives back its runtime and its seat.
    pub(super) fn work(self) -> (Arc<Shared>, Seat) {
        // Relaxed: a figure for reports.
        self.remote()
            .thread
            .store(thread::current(), Ordering::Relaxed);
        if !self.migrates {
            // Its tasks can run nowhere else.
            thread::prefer_short_slices();
        }
        self.warm_up();
        context::enter(&self);
        while let Some(task) = self.next().or_else(|| self.search()) {
            self.run(task);
        }
        // Before the pollers' waiters are woken: they are not this worker's any more.
        context::enter(std::ptr::null());
        if let Some(poller) = self.remote().poller() {
            poller.close();
        }
        (self.shared, self.seat)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    #[inline]
    pub(crate) fn remote(&self) -> &Remote {
        // SAFETY: it lies in `shared`, which this worker holds.
        unsafe { self.remote.as_ref() }
    }

    /// Whether the task that runs here is asked to look round.
    #[inline]
    pub(super) fn is_hinted(&self) -> bool {
        let remote = self.remote();
        // Relaxed: the count is this thread's own, and the hint is advice.
        remote.hint.load(Ordering::Relaxed) == remote.switches.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn index(&self) -> usize {
        self.seat.index
    }

    /// The task that runs here; `None` on the worker's own stack.
    #[inline]
    pub(crate) fn current(&self) -> Option<TaskPtr> {
        self.current.get()
    }

    /// Hides the task that runs here, or shows it again; see `task/no_park.rs`.
    pub(crate) fn set_current(&self, task: Option<TaskPtr>) {
        self.current.set(task);
    }

    pub(crate) fn next_id(&self) -> TaskId {
        self.ids.next()
    }

    /// A number below `bound` from the worker's own generator.
    pub(super) fn random_below(&self, bound: usize) -> usize {
        // Marsaglia's xorshift32.
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random.set(x);
        x as usize % bound
    }

    /// Suspends `task`, which runs here, behind all that is known to be ready.
    #[inline]
    pub(crate) fn yield_task(&self, task: TaskPtr) {
        context::deliver_cancellation(task);
        self.requeue(task, false, || self.enqueue_yielded(task));
    }

    /// [`yield_task`](Self::yield_task) that delivers no cancellation, for a task that stays on its thread.
    pub(super) fn yield_staying(&self, task: TaskPtr) {
        self.requeue(task, true, || self.enqueue_yielded(task));
    }

    /// Suspends `task`, which has had its time, behind all others.
    #[cold]
    pub(crate) fn preempt(&self, task: TaskPtr) {
        context::deliver_cancellation(task);
        self.requeue(task, false, || self.expire_now(task));
    }

    /// [`preempt`](Self::preempt) that delivers no cancellation, for a task that stays on its thread.
    #[cold]
    pub(super) fn preempt_staying(&self, task: TaskPtr) {
        self.requeue(task, true, || self.expire_now(task));
    }

    fn expire_now(&self, task: TaskPtr) {
        self.look_round();
        self.expire(task);
    }

    /// In a migrating runtime the task may come back on another worker, unless it `stays`, so its code uses
    /// this one no more; `queue` runs here, once the stack has been left.
    #[inline]
    fn requeue(&self, task: TaskPtr, stays: bool, queue: impl FnOnce()) {
        // SAFETY: `task` runs here, so the yielder is its fiber's, its cells are its own, and it
        // goes straight into one list of the worker that it leaves, whose stack the commit runs on.
        unsafe {
            let header = task.get();
            header.settle_movable();
            if stays {
                header.stay();
            }
            suspend(header.yielder.get(), || {
                queue();
                true
            });
        }
    }

    /// Runs `task` until it suspends or ends.
    #[inline]
    fn run(&self, task: TaskPtr) {
        // SAFETY: a task out of the queues is this worker's, and alive until it has ended.
        let header = unsafe { task.get() };
        let home = header.home();
        if home.is_null() {
            task.prefetch();
            if self.place_elsewhere(task) || !self.start(task) {
                return;
            }
        } else if self.migrates {
            if !header.is_movable() {
                self.pinned.set(self.pinned.get() - 1);
            }
            header.set_home(self.remote());
        } else {
            #[cfg(feature = "tracing")]
            // SAFETY: the started task is this worker's for good, and suspended.
            unsafe {
                crate::task::spans::put_on(task)
            };
        }
        self.remote()
            .announce(header.id, header.spawned_at, self.ready_here());
        // Relaxed: level-triggered.
        if header.cancelled.load(Ordering::Relaxed) {
            self.remote().hint_current();
        }
        self.current.set(Some(task));
        loop {
            // SAFETY: the fiber is the worker's while the task is not running, and the task does
            // not touch it while it is.
            let step = unsafe { task.resume() };
            match step {
                Step::Suspended(suspend) => {
                    self.current.set(None);
                    header.set_left_at(suspend.stack_pointer());
                    let pins = self.migrates && !header.is_movable();
                    if pins {
                        self.pinned.set(self.pinned.get() + 1);
                    }
                    // SAFETY: once, while the task is suspended.
                    if unsafe { suspend.commit() } {
                        #[cfg(feature = "tracing")]
                        if !self.migrates {
                            // SAFETY: whoever may have the task by now gives it back to this worker.
                            unsafe { crate::task::spans::take_off(task) };
                        }
                        return;
                    }
                    if pins {
                        self.pinned.set(self.pinned.get() - 1);
                    }
                    self.current.set(Some(task));
                }
                Step::Finished => {
                    self.current.set(None);
                    #[cfg(feature = "tracing")]
                    crate::task::spans::clear();
                    if self.retire(task) {
                        return;
                    }
                    self.current.set(Some(task));
                }
            }
        }
    }

    /// Wakes the tasks whose time is up.
    pub(super) fn fire_timers(&self) {
        let mut expired = Vec::new();
        let fire = |timer: NonNull<Timer>| {
            // SAFETY: armed timers are fields of parked tasks, which disarm them before they leave
            // their waits, or of frames, which are left after that.
            unsafe {
                if timer.as_ref().is_of_frame() {
                    expired.push(Expired::mark(timer));
                    return;
                }
                let task = TaskPtr::from_timer(timer);
                if task.get().header.claim.settle_current(Settled::DEADLINE) {
                    self.push_ready(task);
                }
            }
        };
        // SAFETY: on this worker.
        unsafe { self.remote().timers.fire(fire) };
        expired.into_iter().for_each(Expired::finish);
    }

    /// Whether the stack cache may hold something.
    pub(super) fn has_warm_stacks(&self) -> bool {
        self.warm_stacks.get()
    }

    /// Counts a theft.
    pub(super) fn count_steal(&self) {
        self.caught.set(Some(Instant::now()));
        count(&self.remote().counts.steals);
    }
}
