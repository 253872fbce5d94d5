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
//! A task that has given up the worker comes last in all: after a [`yield_now`](crate::yield_now) one
//! new task has a turn before the ready ones, after the end of a slice the tasks that are ready and
//! then the new tasks that lie here have one each. Else a task that computes for its slice each time
//! would let one new task run between two of them.
//!
//! Every [`FAIR_PERIOD`]th turn the order is turned round, so that no two tasks that ready each
//! other starve a third, nor tasks that yield the timers, the sockets or the new tasks.

use crossbeam_deque::Steal;

use crate::scheduler::counts::count;
use crate::scheduler::worker::Worker;
use crate::task::TaskPtr;

/// After so many turns the queues are looked at in the other order (Go's number).
pub(super) const FAIR_PERIOD: u32 = 61;

impl Worker {
    /// The next task, from this worker's own queues.
    #[inline]
    pub(super) fn next(&self) -> Option<TaskPtr> {
        if let Some(shuffle) = &self.shuffle {
            return self.next_shuffled(shuffle);
        }
        let turn = self.turn.get() + 1;
        self.turn.set(turn);
        if turn == FAIR_PERIOD {
            self.turn.set(0);
            if let Some(task) = self.fair_turn() {
                return Some(task);
            }
        }
        if let Some(task) = self.take_run_next() {
            return Some(task);
        }
        if self.turns_of_new.get() != 0
            && let Some(task) = self.next_in_turn()
        {
            return Some(task);
        }
        if let Some(task) = self.next_ready() {
            return Some(task);
        }
        self.empty_inbox();
        self.local.pop().or_else(|| self.seat.deque.pop())
    }

    /// Gives turns to so many ready tasks and then so many new ones, unless some have not been taken
    /// yet: these were there before.
    #[inline]
    pub(super) fn give_turns(&self, ready: usize, new: usize) {
        if self.turns_of_new.get() == 0 {
            self.turns_of_ready.set(ready);
            self.turns_of_new.set(new);
        }
    }

    #[inline]
    fn next_in_turn(&self) -> Option<TaskPtr> {
        let ready = self.turns_of_ready.get();
        if ready != 0 {
            self.turns_of_ready.set(ready - 1);
            return self.next_ready();
        }
        let new = self.seat.deque.pop();
        let left = match new {
            Some(_) => self.turns_of_new.get() - 1,
            None => 0,
        };
        self.turns_of_new.set(left);
        new
    }

    #[inline]
    pub(super) fn next_ready(&self) -> Option<TaskPtr> {
        let task = self.local.pop();
        if task.is_none() && self.migrates {
            return self.seat.movable.pop();
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
        // One, not a batch: what lies there may have been left to others by this worker.
        if self.may_take_new()
            && let Steal::Success(task) = self.shared.injector.steal()
        {
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
        self.next_ready()
    }

    /// Offers a new task to this worker and to thieves.
    #[inline]
    pub(crate) fn push_new(&self, task: TaskPtr) {
        count(&self.remote().counts.spawned);
        if self.is_spare && !self.shared.may_start_tasks(self.index()) {
            self.shared.submit(task);
            return;
        }
        let had_others = !self.seat.deque.is_empty();
        self.seat.deque.push(task);
        // A single new task is left to this worker, which most likely waits for it next.
        if had_others && self.shared.idle.should_wake() {
            self.shared.wake_one(self.index() + 1);
        }
    }

    /// Puts a task that has become ready in front; the one that was there goes to the queue.
    #[inline]
    pub(crate) fn push_ready(&self, task: TaskPtr) {
        let slot = &self.remote().run_next;
        if !self.migrates {
            if let Some(before) = slot.put_alone(task.as_non_null()) {
                // SAFETY: ready tasks of this worker.
                unsafe { self.local.push(TaskPtr::new(before)) };
            }
            return;
        }
        // SAFETY: a ready task is the one's who readies it.
        if !unsafe { task.get() }.is_movable() {
            // SAFETY: a ready task of this worker.
            unsafe { self.local.push(task) };
            return;
        }
        if let Some(before) = slot.put(task.as_non_null()) {
            self.enqueue(TaskPtr::new(before));
        }
    }

    /// Puts a started task behind those that are ready.
    #[inline]
    pub(super) fn enqueue(&self, task: TaskPtr) {
        // SAFETY: a ready task is the one's who queues it.
        if self.migrates && unsafe { task.get() }.is_movable() {
            let had_others = !self.seat.movable.is_empty();
            self.seat.movable.push(task);
            if had_others && self.shared.idle.should_wake() {
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
            || (self.migrates && !self.seat.movable.is_empty())
    }

    /// How many started tasks are ready here, besides the one that runs.
    #[inline]
    pub(super) fn ready_here(&self) -> usize {
        let next = usize::from(!self.remote().run_next.is_empty());
        let movable = if self.migrates {
            self.seat.movable.len()
        } else {
            0
        };
        next + self.local.len() + movable
    }

    /// Gives up what it has not begun, for a spare that is not wanted any more.
    pub(super) fn hand_on_new_tasks(&self) {
        while let Some(task) = self.seat.deque.pop() {
            self.shared.submit(task);
        }
    }
}
