//! The calls that wait for a worker, and how neither a call nor a cancelled task is missed.
//!
//! Protocol:
//! - *canceller*: sets the task's flag; leaves the call; fence; wakes the worker if it sleeps, else asks
//!   the task that runs there to look round.
//! - *worker*: declares its sleep; fence; looks whether there are calls.
//! - *worker of a new task*: says that it is the task's home; light fence; the task looks at its flag.
//!   *Canceller* that finds no home: heavy fence; looks again.
//!
//! With both fences of a pair in the single order of SeqCst fences at least one side sees the other: a
//! worker that sleeps has seen the call or is seen asleep, and a task that parks has seen its flag or has a
//! home to call.
//!
//! The loom model is in `scheduler/loom_tests/calls.rs`.

use std::mem;
use std::sync::PoisonError;

use crate::loom::{AtomicBool, Mutex, MutexGuard, Ordering, fence, heavy_fence, light_fence};
use crate::scheduler::inbox::{Inbox, Linked};

/// The calls for one worker: tasks that it is to wake.
pub(super) struct Calls<T> {
    tasks: Mutex<Vec<T>>,
    /// Whether there are some.
    any: AtomicBool,
}

impl<T> Default for Calls<T> {
    fn default() -> Self {
        Self {
            tasks: Mutex::new(Vec::new()),
            any: AtomicBool::new(false),
        }
    }
}

impl<T> Calls<T> {
    /// The canceller's half: leaves a call for the worker of `inbox`, and says whether that sleeps.
    pub(super) fn leave<N: Linked>(&self, task: T, inbox: &Inbox<N>) -> bool {
        self.tasks().push(task);
        // Relaxed: ordered by the fence, or by the lock.
        self.any.store(true, Ordering::Relaxed);
        // Pairs with the fence before the worker's sleep: it sees the call, or we see it asleep.
        fence(Ordering::SeqCst);
        inbox.is_sleeping()
    }

    /// Whether there are some, at a glance; surely after a fence.
    #[inline]
    pub(super) fn are_there(&self) -> bool {
        // Relaxed: see `leave`.
        self.any.load(Ordering::Relaxed)
    }

    pub(super) fn take(&self) -> Vec<T> {
        let mut tasks = self.tasks();
        // Relaxed: under the lock.
        self.any.store(false, Ordering::Relaxed);
        mem::take(&mut tasks)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<T>> {
        // Nothing that runs under the lock panics.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The half of a new task's worker, before the task looks at its flag: `set` says that it is the home.
#[inline]
pub(super) fn move_in(set: impl FnOnce()) {
    set();
    // Pairs with the fence in `find_home`: a canceller that finds no home has set the flag before the
    // task looks at it.
    light_fence();
}

/// The canceller's half, once it has set the flag: the task's home. If there is none, the task has not
/// begun, and sees the flag when it does.
pub(super) fn find_home<R>(home: impl Fn() -> *const R) -> *const R {
    let found = home();
    if !found.is_null() {
        return found;
    }
    // Pairs with the fence in `move_in`.
    heavy_fence();
    home()
}
