//! How a task begins on a worker, and how it leaves it.

use crate::scheduler::counts::count;
use crate::scheduler::left_calls;
use crate::scheduler::worker::Worker;
use crate::task::{Failure, TaskPtr};

/// A worker with fewer started tasks than this keeps what it spawns.
const MANY: usize = 32;

impl Worker {
    /// Leaves a new task to others if this worker has many more than another; false if it does not.
    ///
    /// Who runs a task first keeps it, so this is where load is balanced: the connections that one
    /// worker accepts spread over all. In a migrating runtime thieves balance later.
    #[inline]
    pub(super) fn place_elsewhere(&self, task: TaskPtr) -> bool {
        let own = self.remote().owned.len();
        // Looking at the others costs a cache miss each.
        if own < MANY || (self.leaves_since.get().is_none() && !own.is_multiple_of(8)) {
            return false;
        }
        self.place_elsewhere_slow(task)
    }

    #[cold]
    fn place_elsewhere_slow(&self, task: TaskPtr) -> bool {
        // SAFETY: a new task is whoever's took it out of a queue. Each is passed on once at most, so
        // that it runs even if only overloaded workers have time for it.
        if !self.is_overloaded() || !unsafe { task.get() }.pass_on() {
            return false;
        }
        self.shared.submit(task);
        true
    }

    /// Whether this worker has many more started tasks than another one that reacts.
    pub(super) fn is_overloaded(&self) -> bool {
        let own = self.remote().owned.len();
        if own < MANY || self.migrates {
            return false;
        }
        let least = self.shared.least_started();
        let overloaded =
            own > least.saturating_add(MANY / 2 + least / 8) && !self.shared.is_stopping();
        if !overloaded {
            self.leaves_since.set(None);
        } else if self.leaves_since.get().is_none() {
            self.leaves_since.set(Some(std::time::Instant::now()));
        }
        overloaded
    }

    /// Gives a new task a stack and pins it to this worker; false if there is none to be had.
    pub(super) fn start(&self, task: TaskPtr) -> bool {
        // SAFETY: the new task is this worker's; the stack cache is touched here and in `retire`
        // only, never while a task runs.
        unsafe {
            let header = task.get();
            let stack = match (*self.stacks.get()).take(header.class) {
                Ok(stack) => stack,
                Err(error) => {
                    self.starve(task, error);
                    return false;
                }
            };
            left_calls::move_in(|| header.begin_on(self.remote(), self.migrates));
            task.set_up(stack, TaskPtr::run);
            (self.remote().owned).insert(task, || self.shared.is_stopping());
        }
        true
    }

    /// What becomes of a task without a stack: it waits, if there is hope, else it fails.
    #[cold]
    fn starve(&self, task: TaskPtr, error: std::io::Error) {
        self.remote().announce_none();
        // SAFETY: the task is new and this worker's.
        let doomed = unsafe { task.get() }.is_doomed();
        if !doomed && self.shared.started_tasks() != 0 && !self.shared.is_stopping() {
            self.shared.starved.push(task, &error);
            // The last of the others may have ended before it could see this one: the monitor,
            // which does not rest while tasks starve, offers it again.
            return;
        }
        // SAFETY: as above.
        unsafe { task.fail(Failure::NoStack(error)) };
        count(&self.remote().counts.ended);
    }

    /// Takes leave of a task whose code has returned; false if it has to run once more.
    #[inline]
    pub(super) fn retire(&self, task: TaskPtr) -> bool {
        // SAFETY: the task has ended; its fiber is this worker's, its list the one it was entered
        // in, and the worker gives up the task's own count.
        unsafe {
            let header = task.get();
            let lister = &self.shared.remotes[header.listed_with()];
            lister.owned.remove(task);
            if lister.is_spare && lister.index != self.index() && lister.owned.len() == 0 {
                self.shared.wake_spare(lister);
            }
            let stack = task.take_stack();
            stack.mark(header.spawned_at);
            if !task.finish() {
                // The handle has gone meanwhile and left the output, whose drop may block.
                header.context().reset();
                header.begin_on(self.remote(), self.migrates);
                task.set_up(stack, TaskPtr::drop_output);
                (self.remote().owned).insert(task, || self.shared.is_stopping());
                return false;
            }
            (*self.stacks.get()).put(stack);
            self.warm_stacks.set(true);
        }
        count(&self.remote().counts.ended);
        if self.shared.starved.len() != 0 {
            self.feed_one();
        }
        true
    }

    /// Offers a task that waits for a stack to the workers again.
    #[cold]
    fn feed_one(&self) {
        // The stack that has just been given back may be in this worker's cache only.
        self.release_stacks();
        if let Some(task) = self.shared.starved.pop() {
            self.shared.submit(task);
        }
    }

    /// Fills the stack cache, so that the first tasks are not held up by the mapping of a region and
    /// taken by thieves for ones that nobody has time for.
    pub(super) fn warm_up(&self) {
        // SAFETY: the cache is touched by the worker alone, and no task runs yet.
        let stacks = unsafe { &mut *self.stacks.get() };
        // An error is for the first task that needs a stack.
        if let Ok(stack) = stacks.take(self.shared.settings.class) {
            stacks.put(stack);
            self.warm_stacks.set(true);
        }
    }

    /// Gives the cached stacks to the pool that the workers share, where they can be trimmed.
    pub(super) fn release_stacks(&self) {
        // SAFETY: the cache is touched by the worker alone, and no task runs now.
        unsafe { (*self.stacks.get()).clear() };
        self.blocks.clear();
        self.warm_stacks.set(false);
    }
}
