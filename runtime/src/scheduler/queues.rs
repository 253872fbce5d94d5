//! Where a worker's tasks wait, and in which order it takes them:
//!
//! 1. `run_next`: the task that was made ready last. It runs next, while what it shares with its
//!    waker is warm.
//! 2. `local`: its other ready tasks, first in, first out. No atomics.
//! 3. In a migrating runtime `movable`: the same for tasks that others may take.
//! 4. the inbox: its tasks that other threads have made ready.
//! 5. `deque`: new tasks, last in, first out, so that a tree of spawns stays shallow in stacks.
//!    Thieves take from the other end.
//! 6. the injector, other workers' deques: see [`search`](super::search).
//!
//! 7. `expired`: tasks that have had their slice, and run when nobody else wants to. In a migrating
//!    runtime they lie in the injector for started tasks, as Go's do. So one that computes does not
//!    hold up those that wake up, work for microseconds and sleep again.
//!
//! After a [`yield_now`](crate::yield_now) one new task has a turn before the ready ones.
//!
//! Every [`FAIR_PERIOD`]th turn the order is turned round, so that no two tasks that ready each
//! other starve a third, nor tasks that yield the timers, the sockets, the new or the expired tasks.

use crossbeam_deque::Steal;

use crate::scheduler::chatter::Temper;
use crate::scheduler::counts::count;
use crate::scheduler::worker::Worker;
use crate::task::TaskPtr;

/// After so many turns the queues are looked at in the other order (Go's number).
pub(super) const FAIR_PERIOD: u32 = 61;

/// A deque with so many new tasks takes no more; they go to the injector. A deque's buffer shrinks only
/// if its owner empties it, the injector's blocks go as they are emptied: a wave of a million tasks
/// would leave megabytes behind.
const FULL: usize = 1 << 12;

impl Worker {
    /// Whether this is a spare that nobody needs now. When the runtime ends, everyone helps.
    #[inline]
    pub(super) fn is_unwanted(&self) -> bool {
        self.is_spare && !self.shared.may_start_tasks(self.index()) && !self.shared.is_stopping()
    }

    /// The next task, from this worker's own queues.
    #[inline(always)]
    pub(super) fn next(&self) -> Option<TaskPtr> {
        let turn = self.turn.get() + 1;
        if self.shuffle.is_none() && turn != FAIR_PERIOD {
            self.turn.set(turn);
            if let Some(task) = self.take_run_next() {
                return Some(task);
            }
        }
        self.next_but_front(turn)
    }

    /// [`next`](Self::next) where no task is in front, or others come first.
    #[inline(never)]
    fn next_but_front(&self, turn: u32) -> Option<TaskPtr> {
        if let Some(shuffle) = &self.shuffle {
            return self.next_shuffled(shuffle);
        }
        if turn == FAIR_PERIOD {
            self.turn.set(0);
            if let Some(task) = self.fair_turn().or_else(|| self.take_run_next()) {
                return Some(task);
            }
        }
        if self.yielded.replace(false)
            && let Some(task) = self.seat.deque.pop()
        {
            return Some(task);
        }
        if let Some(task) = self.next_ready() {
            return Some(task);
        }
        self.empty_inbox();
        let task = self.local.pop().or_else(|| self.seat.deque.pop());
        if task.is_none() && !self.expired.is_empty() {
            return self.next_expired();
        }
        task
    }

    /// A task that has had its slice, unless there is a new one from outside.
    #[cold]
    fn next_expired(&self) -> Option<TaskPtr> {
        self.steal_injected().or_else(|| self.expired.pop())
    }

    /// A new task from outside, if this worker may take one: one, not a batch, since what lies there
    /// may have been left to others by this worker.
    fn steal_injected(&self) -> Option<TaskPtr> {
        if self.shared.injector.is_empty() || !self.may_take_new() {
            return None;
        }
        self.shared.injector.steal().success()
    }

    #[inline]
    pub(super) fn next_ready(&self) -> Option<TaskPtr> {
        let task = self.local.pop();
        if task.is_none() && self.migrates {
            return self.next_movable().or_else(|| self.local.pop());
        }
        task
    }

    fn next_movable(&self) -> Option<TaskPtr> {
        let task = self.seat.movable.pop();
        if !self.behind.is_empty() {
            let before = match task {
                Some(_) => self.before_behind.get() - 1,
                None => 0,
            };
            self.before_behind.set(before);
            if before == 0 {
                self.local.append(&self.behind);
            }
        }
        task
    }

    /// A turn in the other order: see [`FAIR_PERIOD`].
    #[cold]
    pub(super) fn fair_turn(&self) -> Option<TaskPtr> {
        self.look_round();
        if self.shared.is_stopping() {
            self.abandon_all();
            self.cancel_now_and_then(FAIR_PERIOD);
        }
        let fair_turns = self.fair_turns.get().wrapping_add(1);
        self.fair_turns.set(fair_turns);
        if fair_turns.is_multiple_of(2)
            && let Some(task) = self.expired.pop()
        {
            return Some(task);
        }
        if let Some(task) = self.steal_injected() {
            return Some(task);
        }
        if self.migrates
            && let Steal::Success(task) = self.shared.movable.steal()
        {
            return Some(task);
        }
        if let Steal::Success(task) = self.shared.stealers[self.index()].steal() {
            return Some(task);
        }
        // Else tasks that are pinned here and yield could starve those that are not.
        if self.migrates
            && let Some(task) = self.next_movable()
        {
            return Some(task);
        }
        self.next_ready()
    }

    /// Offers a new task to this worker and to thieves.
    #[inline]
    pub(crate) fn push_new(&self, task: TaskPtr) {
        count(&self.remote().counts.spawned);
        if self.is_unwanted() {
            self.shared.submit(task);
            return;
        }
        let others = self.seat.deque.len();
        let refused = match others < FULL {
            true => self.seat.deque.push(task, others).err(),
            false => Some(task),
        };
        if let Some(task) = refused {
            self.shared.injector.push(task);
        }
        // A single new task is left to this worker, which most likely waits for it next.
        if others != 0 && self.shared.idle.should_wake() {
            self.shared.wake_one(self.index() + 1);
        }
    }

    /// Puts a task that has become ready in front; the one that was there goes to the queue.
    #[inline(always)]
    pub(crate) fn push_ready(&self, task: TaskPtr) {
        if self.migrates {
            return self.push_ready_movable(task);
        }
        if let Some(before) = self.remote().run_next.put_alone(task.as_non_null()) {
            // SAFETY: ready tasks of this worker.
            unsafe { self.local.push(TaskPtr::new(before)) };
        }
    }

    #[inline(never)]
    fn push_ready_movable(&self, task: TaskPtr) {
        // SAFETY: a ready task is the one's who readies it.
        if !unsafe { task.get() }.is_movable() {
            // SAFETY: a ready task of this worker.
            unsafe { self.local.push(task) };
        } else if let Some(before) = self.remote().run_next.put(task.as_non_null()) {
            self.enqueue(TaskPtr::new(before));
        }
    }

    /// Puts a started task behind those that are ready.
    #[inline]
    pub(super) fn enqueue(&self, task: TaskPtr) {
        // SAFETY: a ready task is the one's who queues it.
        if self.migrates && unsafe { task.get() }.is_movable() {
            let others = self.seat.movable.len();
            if let Err(task) = self.seat.movable.push(task, others) {
                return self.shared.submit_ready(task);
            }
            if others != 0
                && self.shared.idle.should_wake()
                && self.remote().temper.get() != Temper::Chatting
            {
                self.shared.wake_one(self.index() + 1);
            }
        } else {
            // SAFETY: a ready task of this worker.
            unsafe { self.local.push(task) };
        }
    }

    #[inline]
    pub(super) fn take_run_next(&self) -> Option<TaskPtr> {
        let slot = &self.remote().run_next;
        let task = match self.migrates {
            false => slot.take_alone(),
            true => slot.take(),
        };
        task.map(TaskPtr::new)
    }

    /// Puts a task that yields behind those that are ready. In a migrating runtime one that stays here waits for
    /// the movable ones in `behind`, for `local` comes before them.
    pub(super) fn enqueue_yielded(&self, task: TaskPtr) {
        self.yielded.set(true);
        // SAFETY: a ready task is the one's who queues it; one of this worker.
        unsafe {
            if !self.migrates || task.get().is_movable() || self.seat.movable.is_empty() {
                return self.enqueue(task);
            }
            if self.behind.is_empty() {
                self.before_behind.set(self.seat.movable.len().max(1));
            }
            self.behind.push(task);
        }
    }

    /// Puts a task that has had its slice behind all others.
    pub(super) fn expire(&self, task: TaskPtr) {
        if self.shuffle.is_some() {
            self.enqueue(task);
            return;
        }
        // SAFETY: a ready task is the one's who queues it; one of this worker.
        unsafe {
            if self.migrates && task.get().is_movable() {
                self.shared.submit_ready(task);
            } else {
                self.expired.push(task);
            }
        }
    }

    /// Moves what other threads made ready into the local queue.
    #[inline]
    pub(super) fn empty_inbox(&self) {
        let taken = self.remote().inbox.take();
        if taken.to_search && !self.is_spare {
            self.searching.set(true);
        }
        for task in taken {
            // SAFETY: a task in this worker's inbox is ready and this worker's.
            unsafe { self.local.push(TaskPtr::new(task)) };
        }
    }

    /// Whether a task is ready here.
    pub(super) fn has_ready(&self) -> bool {
        !self.remote().run_next.is_empty()
            || !self.local.is_empty()
            || !self.expired.is_empty()
            || (self.migrates && !(self.behind.is_empty() && self.seat.movable.is_empty()))
    }

    /// How many started tasks are ready here, besides the one that runs.
    #[inline]
    pub(super) fn ready_here(&self) -> usize {
        let next = usize::from(!self.remote().run_next.is_empty());
        let movable = if self.migrates {
            self.behind.len() + self.seat.movable.len()
        } else {
            0
        };
        next + self.local.len() + self.expired.len() + movable
    }

    /// Gives up what it has not begun, for a spare that is not wanted any more.
    pub(super) fn hand_on_new_tasks(&self) {
        while let Some(task) = self.seat.deque.pop() {
            self.shared.submit(task);
        }
    }
}
