//! What a worker does when its own queues are empty: it looks round, steals, and sleeps.
//!
//! The order is Go's: own timers, injector, own sockets, other workers' deques; then it gives up
//! the right to search, declares its sleep, looks at everything once more, and sleeps until its
//! next timer.
//!
//! Thieves are patient: a task that has just been spawned is most likely to be talked to by its
//! spawner, and who runs a task first keeps it for good. So a thief takes nothing before it has seen
//! new tasks lie about for [`PATIENCE`]; having found some, it is eager for [`EAGERNESS`].

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use crossbeam_deque::Steal;

use crate::scheduler::worker::Worker;
use crate::task::TaskPtr;

/// How long new tasks must lie about before a thief takes some.
const PATIENCE: Duration = Duration::from_micros(100);
/// So few new tasks are left to their spawner for as long as they get fewer.
const FEW: usize = 8;
/// How long after a catch a thief takes more without waiting.
const EAGERNESS: Duration = Duration::from_micros(200);
/// A worker that has slept for so long gives its warm stacks back.
const LULL: Duration = Duration::from_millis(100);
/// Sockets are asked at least this often while tasks run.
const POLL_PERIOD: Duration = Duration::from_micros(250);

impl Worker {
    /// Finds the next task, sleeping as long as there is none. `None` when the runtime stops and no
    /// started task is left.
    #[cold]
    pub(super) fn search(&self) -> Option<TaskPtr> {
        loop {
            self.fire_timers();
            self.empty_inbox();
            if self.has_ready() {
                return self.found_own();
            }
            if let Some(task) = self.take_from_injector() {
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
                // Only a look round that began after the stop was seen counts as the last one.
                let seen_before = self.stop_seen.replace(true);
                if self.cancel_all() && seen_before {
                    self.end_search();
                    return None;
                }
                if self.has_ready() {
                    return self.found_own();
                }
                if !seen_before {
                    continue;
                }
            }
            self.sleep();
        }
    }

    /// A turn in the other order: see [`FAIR_PERIOD`](super::worker::FAIR_PERIOD).
    #[cold]
    pub(super) fn fair_turn(&self) -> Option<TaskPtr> {
        self.look_round();
        if self.shared.is_stopping() {
            self.cancel_all();
        }
        // One, not a batch: what lies there may have been left to others by this worker.
        if let Steal::Success(task) = self.shared.injector.steal() {
            return Some(task);
        }
        if let Steal::Success(task) = self.shared.stealers[self.index].steal() {
            return Some(task);
        }
        self.local.pop()
    }

    /// Makes ready what timers, sockets and other threads have for this worker.
    pub(super) fn look_round(&self) {
        self.empty_inbox();
        self.fire_timers();
        if let Some(poller) = self.remote().poller()
            && poller.is_in_use()
            && self.polled.get().elapsed() >= POLL_PERIOD
        {
            self.poll(Some(Duration::ZERO));
        }
    }

    fn found_own(&self) -> Option<TaskPtr> {
        self.end_search();
        self.next()
    }

    fn found(&self, task: TaskPtr) -> Option<TaskPtr> {
        // The last searcher to find something makes sure that somebody looks for the rest.
        if self.end_search() && self.shared.has_stealable() && self.shared.idle.should_wake() {
            self.shared.wake_one(self.index + 1);
        }
        Some(task)
    }

    /// Stops being counted as searching; true if this was the last searcher.
    fn end_search(&self) -> bool {
        self.searching.replace(false) && self.shared.idle.end_search()
    }

    fn take_from_injector(&self) -> Option<TaskPtr> {
        loop {
            match self.shared.injector.steal_batch_and_pop(&self.deque) {
                Steal::Success(task) => return Some(task),
                Steal::Empty => return None,
                Steal::Retry => spin_loop(),
            }
        }
    }

    /// Asks the poller, if anything is registered; true if that made a task of this worker ready.
    fn poll(&self, timeout: Option<Duration>) -> bool {
        let Some(poller) = self.remote().poller() else {
            return false;
        };
        if timeout.is_some_and(|t| t.is_zero()) && !poller.is_in_use() {
            return false;
        }
        poller.wait(timeout);
        self.polled.set(Instant::now());
        self.has_ready()
    }

    /// Looks at the other workers' deques, from a random one on.
    fn steal(&self) -> Option<TaskPtr> {
        let workers = self.shared.stealers.len();
        if workers == 1 {
            return None;
        }
        if !self.searching.get() {
            if !self.shared.idle.try_begin_search(workers) {
                return None;
            }
            self.searching.set(true);
        }
        let now = Instant::now();
        if self.caught.get().is_none_or(|at| now - at > EAGERNESS) && !self.wait_for_prey(now) {
            return None;
        }
        let task = self.steal_round();
        if task.is_some() {
            self.caught.set(Some(Instant::now()));
        }
        task
    }

    /// Waits whether the new tasks that lie about are left lying; false if not, or if something has
    /// come for this worker.
    fn wait_for_prey(&self, now: Instant) -> bool {
        let mut since = now;
        let mut fewest = usize::MAX;
        loop {
            let lying = self.shared.lying_about();
            let called = self.remote().inbox.has_tasks() || !self.shared.injector.is_empty();
            if lying == 0 || called {
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
                return true;
            }
            for _ in 0..64 {
                spin_loop();
            }
        }
    }

    /// Steals half of a deque that holds something.
    fn steal_round(&self) -> Option<TaskPtr> {
        let stealers = &self.shared.stealers;
        let start = self.next_random() as usize % stealers.len();
        for i in 0..stealers.len() {
            let victim = (start + i) % stealers.len();
            if victim == self.index {
                continue;
            }
            loop {
                match stealers[victim].steal_batch_and_pop(&self.deque) {
                    Steal::Success(task) => return Some(task),
                    Steal::Empty => break,
                    Steal::Retry => spin_loop(),
                }
            }
        }
        None
    }

    fn next_random(&self) -> u32 {
        // Marsaglia's xorshift32.
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random.set(x);
        x
    }

    /// Sleeps until somebody wakes this worker or its next timer is due.
    fn sleep(&self) {
        self.end_search();
        let inbox = &self.remote().inbox;
        if !inbox.begin_sleep() {
            return;
        }
        let idle = &self.shared.idle;
        idle.begin_sleep();
        let stop_is_news = self.shared.is_stopping() && !self.stop_seen.get();
        let timeout = self.next_timeout();
        let lull = self.has_warm_stacks() && timeout.is_none_or(|timeout| timeout > LULL);
        if !stop_is_news && !self.shared.has_stealable() {
            self.sleep_for(if lull { Some(LULL) } else { timeout });
        }
        if inbox.end_sleep() {
            idle.end_sleep();
            if lull {
                self.release_stacks();
            }
        }
        self.shared.wake_monitor();
    }

    fn next_timeout(&self) -> Option<Duration> {
        if self.timers().len() == 0 {
            return None;
        }
        self.timers().next_timeout(Instant::now())
    }

    fn sleep_for(&self, timeout: Option<Duration>) {
        if self.remote().poller().is_some() {
            self.poll(timeout);
        } else {
            match timeout {
                None => self.parker.park(),
                Some(timeout) => self.parker.park_timeout(timeout),
            }
        }
    }
}
