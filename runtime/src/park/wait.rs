//! One wait of the current task or thread.

use std::marker::PhantomData;
use std::time::Instant;

use crate::park::claim::{Outcome, Ticket};
use crate::park::thread::ThreadWait;
#[cfg(not(loom))]
use crate::scheduler::TaskWait;

/// One blocking operation of the current task or OS thread, from its first look to its park.
///
/// Begin it only once the operation is sure to block: beginning costs a thread-local access.
pub struct Wait {
    owner: Owner,
    word: u64,
    _not_send: PhantomData<*mut ()>,
}

enum Owner {
    #[cfg(not(loom))]
    Task(TaskWait),
    Thread(ThreadWait),
}

impl Wait {
    /// Begins a wait that cancellation may end. A task that is already cancelled unwinds here, so
    /// hold no lock and have nothing linked when calling.
    #[inline]
    pub fn begin() -> Self {
        Self::new(true)
    }

    /// Begins a wait that nothing but a peer, or its deadline, ends: one that protects borrows, or
    /// comes after a commit.
    #[inline]
    pub fn begin_shielded() -> Self {
        Self::new(false)
    }

    #[inline]
    fn new(cancellable: bool) -> Self {
        #[cfg(not(loom))]
        if let Some(task) = TaskWait::current(cancellable) {
            let word = task.begin();
            return Self {
                owner: Owner::Task(task),
                word,
                _not_send: PhantomData,
            };
        }
        #[cfg(not(loom))]
        if cancellable {
            crate::task::deliver_cancellation();
        }
        let _ = cancellable;
        let thread = ThreadWait::current();
        let word = thread.begin();
        Self {
            owner: Owner::Thread(thread),
            word,
            _not_send: PhantomData,
        }
    }

    /// The ticket by which peers may settle this wait.
    #[inline]
    pub fn ticket(&self) -> Ticket {
        let header = match &self.owner {
            #[cfg(not(loom))]
            Owner::Task(task) => task.header(),
            Owner::Thread(thread) => thread.header(),
        };
        Ticket {
            header,
            word: self.word,
        }
    }

    /// Leaves the stack, runs `commit` and blocks until the wait is settled.
    ///
    /// `commit` makes the waiters reachable, usually by unlocking their queue. In a task it runs on
    /// the worker's stack, after the task has left its own; it may ready others, but must not park,
    /// panic or run user code, nor touch the task's frame after it has let peers in. If it answers `false`,
    /// it has let nobody in: the operation continues at once with [`Outcome::Declined`].
    #[inline]
    pub fn park(self, deadline: Option<Instant>, commit: impl FnOnce() -> bool) -> Outcome {
        match &self.owner {
            #[cfg(not(loom))]
            Owner::Task(task) => task.park(deadline, commit),
            Owner::Thread(thread) => thread.park(self.word, deadline, commit),
        }
    }
}
