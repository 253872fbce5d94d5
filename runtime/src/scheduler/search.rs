//! What a worker does when its own queues are empty: it looks round, steals, and sleeps.
//!
//! The order is Go's: own timers, injector, own sockets, other workers' deques; then it gives up
//! the right to search, declares its sleep, looks at everything once more, and sleeps until its
//! next timer.
//!
//! Thieves are patient: a task that has just been spawned is most likely to be talked to by its
//! spawner, and who runs a task first keeps it for good. So a thief takes nothing before it has seen
//! tasks lie about for [`PATIENCE`]; having found some, it is eager for [`EAGERNESS`]. A worker that
//! has many more tasks than another leaves new ones to it for [`COURTESY`].

use std::hint::spin_loop;
use std::sync::atomic::{Ordering, fence};
use std::time::{Duration, Instant};

use crossbeam_deque::Steal;

use crate::scheduler::chatter::Temper;
use crate::scheduler::worker::Worker;
use crate::task::TaskPtr;

/// How long tasks must lie about before a thief takes some.
const PATIENCE: Duration = Duration::from_micros(100);
/// So few tasks are left to their worker for as long as they get fewer.
const FEW: usize = 8;
/// How long after a catch a thief takes more without waiting.
const EAGERNESS: Duration = Duration::from_micros(200);
/// How long a worker that has many more tasks than another leaves it a new one.
const COURTESY: Duration = Duration::from_millis(1);
/// A worker that has slept for so long gives its warm stacks back.
const LULL: Duration = Duration::from_millis(100);
/// Sockets are asked at least this often while tasks run.
const POLL_PERIOD: Duration = Duration::from_micros(250);
/// A wait that takes so long has let others have the processor.
const NAP: Duration = Duration::from_micros(20);
/// How long a worker keeps its processor while its sockets have always something for it.
const STRETCH: Duration = Duration::from_micros(200);
/// How long a spare that is not wanted any more stays, for the case that it is wanted again.
const LINGER: Duration = Duration::from_secs(1);

impl Worker {
    /// Finds the next task, sleeping as long as there is none. `None` when the runtime stops and no
    /// started task is left, or when a spare leaves.
    #[cold]
    pub(super) fn search(&self) -> Option<TaskPtr> {
        self.remote().announce_none();
        loop {
            self.fire_timers();
            self.answer_calls();
            self.empty_inbox();
            if self.has_ready() {
                return self.found_own();
            }
            if self.may_take_new()
                && let Some(task) = self.take_from_injectors()
            {
                return self.found(task);
            }
            // Where there is nothing to steal, `sleep` asks the poller: once is enough.
            if self.shared.has_stealable() {
                if self.poll(Some(Duration::ZERO)) {
                    return self.found_own();
                }
                if let Some(task) = self.steal() {
                    return self.found(task);
                }
            }
            if self.shared.is_stopping() {
                self.abandon_all();
                // Only a look round that began after the stop was seen counts as the last one.
                let seen_before = self.stop_seen.replace(true);
                if self.cancel_all() && seen_before {
                    self.end_search();
                    // In a migrating runtime the others may wait for what ended here.
                    self.shared.wake_all();
                    return None;
                }
                if self.has_ready() {
                    return self.found_own();
                }
                if !seen_before {
                    continue;
                }
            }
            if !self.sleep() {
                return None;
            }
        }
    }

    /// Makes ready what timers, sockets and other threads have for this worker.
    pub(super) fn look_round(&self) {
        self.trim_some_parked();
        self.empty_inbox();
        self.fire_timers();
        self.answer_calls();
        if let Some(poller) = self.remote().poller()
            && poller.is_in_use()
            && self.polled.get().elapsed() >= POLL_PERIOD
        {
            self.poll(Some(Duration::ZERO));
        }
    }

    /// Whether this worker may take tasks that others could have: not a spare that nobody needs, nor
    /// for a moment one that has many more tasks than another.
    pub(super) fn may_take_new(&self) -> bool {
        if self.is_unwanted() {
            return false;
        }
        if self.leaves_since.get().is_none() || !self.is_overloaded() {
            return true;
        }
        let since = self.leaves_since.get().expect("set by `is_overloaded`");
        if since.elapsed() < COURTESY {
            return false;
        }
        // The other one has had its chance; so it has again before the next one.
        self.leaves_since.set(Some(Instant::now()));
        true
    }

    fn found_own(&self) -> Option<TaskPtr> {
        self.end_search();
        self.next()
    }

    fn found(&self, task: TaskPtr) -> Option<TaskPtr> {
        // The last searcher to find something makes sure that somebody looks for the rest.
        if self.end_search() && self.shared.has_stealable() && self.shared.idle.should_wake() {
            self.shared.wake_one(self.index() + 1);
        }
        Some(task)
    }

    /// Stops being counted as searching; true if this was the last searcher.
    fn end_search(&self) -> bool {
        self.searching.replace(false) && self.shared.idle.end_search()
    }

    fn take_from_injectors(&self) -> Option<TaskPtr> {
        // One: among them may be some that have had their slice, and would go before what wakes up.
        if self.migrates
            && let Some(task) = insist(|| self.shared.movable.steal())
        {
            return Some(task);
        }
        if self.leaves_since.get().is_some() {
            // One, so that the other worker finds the rest.
            return insist(|| self.shared.injector.steal());
        }
        let injector = &self.shared.injector;
        (self.seat.deque).fill(|deque| insist(|| injector.steal_batch_and_pop(deque)))
    }

    /// Asks the poller, if anything is registered; true if that made a task of this worker ready.
    fn poll(&self, timeout: Option<Duration>) -> bool {
        let Some(poller) = self.remote().poller() else {
            return false;
        };
        if timeout.is_some_and(|t| t.is_zero()) && !poller.is_in_use() {
            return false;
        }
        let before = Instant::now();
        poller.wait(timeout);
        let now = Instant::now();
        self.polled.set(now);
        if now - before >= NAP {
            self.rested.set(now);
        } else if !self.migrates && now - self.rested.get() >= STRETCH {
            // What becomes ready here comes fast enough to keep this thread awake, and another
            // worker may wait for this processor. Nobody else runs its tasks, unless they migrate.
            std::thread::yield_now();
            self.rested.set(Instant::now());
        }
        self.has_ready()
    }

    /// Looks at the other workers' deques, from a random one on.
    fn steal(&self) -> Option<TaskPtr> {
        let taken = self.shared.seats.taken();
        if taken == 1 || !self.may_take_new() {
            return None;
        }
        if !self.is_spare && !self.searching.get() {
            if !self
                .shared
                .idle
                .try_begin_search(self.shared.settings.workers)
            {
                return None;
            }
            self.searching.set(true);
        }
        let now = Instant::now();
        let eager = self.is_spare || self.caught.get().is_some_and(|at| now - at <= EAGERNESS);
        let mut task = None;
        if eager {
            task = self.steal_round(taken);
        }
        if task.is_none() && self.wait_for_prey(now) {
            task = self.steal_round(taken);
        }
        if task.is_some() {
            self.count_steal();
        }
        task
    }

    /// Waits whether the tasks that lie about are left lying; false if not, or if something has come
    /// for this worker.
    ///
    /// In a migrating runtime it also watches whose started tasks wait for long. Their queues may be
    /// empty at one look and not at the next, which is no reason to stop.
    fn wait_for_prey(&self, now: Instant) -> bool {
        let mut since = now;
        let mut fewest = usize::MAX;
        if self.migrates {
            self.watch.borrow_mut().begin(&self.shared, now);
        }
        loop {
            let lying = self.shared.lying_about();
            let called = self.remote().inbox.has_tasks()
                || !self.shared.injector.is_empty()
                || !self.shared.movable.is_empty();
            if called || (lying == 0 && !self.migrates) {
                return false;
            }
            let now = Instant::now();
            if lying < fewest {
                fewest = lying;
                if lying <= FEW {
                    since = now;
                }
            }
            if now - since >= PATIENCE {
                let movable =
                    self.migrates && (self.watch.borrow()).judge(&self.shared, self.index(), now);
                return lying != 0 || movable;
            }
            for _ in 0..64 {
                spin_loop();
            }
            // Where there are more threads than processors this one is in the way of its victim, or of
            // who brings it work.
            std::thread::yield_now();
        }
    }

    /// Steals half of a deque that holds something, of the `taken` first seats.
    fn steal_round(&self, taken: usize) -> Option<TaskPtr> {
        let start = match &self.shuffle {
            Some(shuffle) => shuffle.below(taken),
            None => self.random_below(taken),
        };
        for i in 0..taken {
            let victim = (start + i) % taken;
            if victim == self.index() {
                continue;
            }
            if let Some(task) = self.steal_from(victim) {
                return Some(task);
            }
        }
        None
    }

    fn steal_from(&self, victim: usize) -> Option<TaskPtr> {
        if self.migrates {
            let movable = &self.shared.movable_stealers[victim];
            let temper = &self.shared.remotes[victim].temper;
            let batch =
                || (self.seat.movable).fill(|own| insist(|| movable.steal_batch_and_pop(own)));
            let task = match temper.get() {
                // A spare is there for those that are stuck, and does not watch.
                _ if self.is_spare => batch(),
                Temper::Busy => batch(),
                Temper::Probed => insist(|| movable.steal()),
                Temper::Unknown | Temper::Chatting => None,
            };
            if task.is_some() {
                temper.has_been_stolen_from();
                return task;
            }
        }
        let new = &self.shared.stealers[victim];
        if self.leaves_since.get().is_some() {
            return insist(|| new.steal());
        }
        (self.seat.deque).fill(|own| insist(|| new.steal_batch_and_pop(own)))
    }

    /// Sleeps until somebody wakes this worker or its next timer is due; false if this is a spare
    /// that has slept long enough without being wanted, and leaves.
    fn sleep(&self) -> bool {
        self.end_search();
        if self.is_unwanted() {
            self.hand_on_new_tasks();
        }
        let inbox = &self.remote().inbox;
        if !inbox.begin_sleep() {
            return true;
        }
        let idle = &self.shared.idle;
        match self.is_spare {
            false => idle.begin_sleep(),
            // As in `begin_sleep`, for the stop of the runtime.
            true => fence(Ordering::SeqCst),
        }
        // After the fence, so that whoever makes this a spare that nobody needs is seen, or sees it
        // asleep.
        let unwanted = self.is_unwanted();
        let stop_is_news = (self.shared.is_stopping() && !self.stop_seen.get())
            || (self.shared.is_left_behind() && !self.abandoned.get());
        // SAFETY: on this worker.
        let timeout = unsafe { self.remote().timers.next_timeout() };
        // Something to tidy up, if it stays quiet for so long.
        let lull = (self.has_warm_stacks() || self.has_untrimmed())
            && timeout.is_none_or(|timeout| timeout > LULL);
        let began = Instant::now();
        let may_leave = unwanted && self.has_nothing() && !self.remote().calls.are_there();
        let stealable = self.shared.has_stealable();
        if stop_is_news || self.remote().calls.are_there() {
        } else if may_leave {
            self.sleep_for(Some(LINGER));
        } else if !stealable || unwanted {
            self.sleep_for(if lull { Some(LULL) } else { timeout });
        } else if self.leaves_since.get().is_some() {
            // What there is to take is left to others for a moment.
            self.sleep_for(Some(timeout.map_or(COURTESY, |t| t.min(COURTESY))));
        }
        let slept_out = inbox.end_sleep();
        if slept_out {
            if !self.is_spare {
                idle.end_sleep();
            }
            if lull && began.elapsed() >= LULL {
                self.release_stacks();
                self.trim_parked();
            }
        }
        self.shared.wake_monitor();
        !(slept_out && may_leave && self.is_unwanted())
    }

    /// Whether nothing here needs this worker.
    fn has_nothing(&self) -> bool {
        let remote = self.remote();
        remote.owned.len() == 0
            && self.pinned.get() == 0
            && remote.timers.len() == 0
            && !self.has_ready()
    }

    fn sleep_for(&self, timeout: Option<Duration>) {
        if self.remote().poller().is_some() {
            self.poll(timeout);
        } else {
            match timeout {
                None => self.seat.parker.park(),
                Some(timeout) => self.seat.parker.park_timeout(timeout),
            }
        }
    }
}

/// Tries again as long as another thief was in the way.
fn insist(mut steal: impl FnMut() -> Steal<TaskPtr>) -> Option<TaskPtr> {
    loop {
        match steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => spin_loop(),
        }
    }
}
