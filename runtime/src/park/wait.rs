//! One wait of the current task or thread.

use std::marker::PhantomData;
use std::time::Instant;

use crate::park::claim::{Outcome, Ticket};
use crate::park::thread::{Ends, ThreadWait};
#[cfg(not(loom))]
use crate::scheduler::{TaskWait, current_task, is_hinted};

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
    Thread(ThreadWait, Ends),
}

impl Wait {
    /// Begins a wait that cancellation may end. A task that is already cancelled unwinds here, so
    /// hold no lock and have nothing linked when calling.
    #[inline]
    pub fn begin() -> Self {
        Self::new(true)
    }

    /// Whether a wait that began here would park a task, and not block a thread.
    #[cfg(not(loom))]
    pub fn would_park() -> bool {
        current_task().is_some()
    }

    /// Whether a task runs here whose runtime parks what waits [for std](Self::begin_for_std), at a glance.
    #[cfg(not(loom))]
    #[inline]
    pub fn may_park_for_std() -> bool {
        TaskWait::may_be_for_std()
    }

    /// Whether a wait that began here [for std](Self::begin_for_std) would park a task.
    #[cfg(not(loom))]
    pub fn would_park_for_std() -> bool {
        TaskWait::current_for_std().is_some()
    }

    /// Begins a wait that nothing but a peer, or its deadline, ends: one that protects borrows, or
    /// comes after a commit.
    #[inline]
    pub fn begin_shielded() -> Self {
        Self::new(false)
    }

    /// Begins a wait of code that takes itself to block its OS thread, such as std's locks: nothing but a
    /// peer or its deadline ends it, nothing unwinds, and the task goes on on the same thread also where
    /// its runtime migrates, for such code keeps what belongs to the thread (`println!`'s lock knows its
    /// owner by the thread).
    ///
    /// `None` where it has to block the thread: outside tasks, in
    /// [`no_park`](crate::task::no_park), while something unwinds on this thread (a panic hook is not to
    /// park), on a stack that is no task's, which is that of a signal handler, and where the runtime was
    /// told so ([`Builder::park_std`](crate::runtime::Builder::park_std)). Allocates nothing.
    #[cfg(not(loom))]
    pub fn begin_for_std() -> Option<Self> {
        TaskWait::current_for_std().map(Self::of_task)
    }

    /// Lets the other tasks of this worker that are ready run first, for code that takes itself to keep its
    /// OS thread: nothing unwinds, and the task goes on on the same thread also where its runtime migrates.
    ///
    /// Does nothing where [`begin_for_std`](Self::begin_for_std) begins nothing.
    #[cfg(not(loom))]
    pub fn yield_for_std() {
        if let Some(task) = TaskWait::current_for_std() {
            task.yield_staying();
        }
    }

    /// [`checkpoint`](crate::checkpoint) for such code: yields, as [`yield_for_std`](Self::yield_for_std),
    /// if the task has had its time, and if the code may wait there, which is looked at only then. Otherwise
    /// a load and a comparison.
    #[cfg(not(loom))]
    #[inline]
    pub fn checkpoint_for_std(may_wait: impl FnOnce() -> bool) {
        if is_hinted()
            && may_wait()
            && let Some(task) = TaskWait::current_for_std()
        {
            task.preempt_staying();
        }
    }

    /// Begins a wait for tasks that borrow from the caller. Nothing interrupts it but, on a plain OS
    /// thread, a limit of time that passes, which then has cancelled those tasks.
    #[cfg(not(loom))]
    pub(crate) fn begin_in_scope() -> Self {
        if current_task().is_some() || std::thread::panicking() {
            return Self::begin_shielded();
        }
        let thread = ThreadWait::current();
        let ends = match thread.is_cancelled() {
            true => Ends::Limits,
            false => Ends::Any,
        };
        Self::of_thread(thread, ends)
    }

    /// As [`begin`](Self::begin), but does not unwind: `None` where the caller is cancelled.
    pub fn begin_unless_cancelled() -> Option<Self> {
        // The panic that is seen may be a neighbour's: the task's park deals with that.
        #[cfg(not(loom))]
        if current_task().is_some() {
            return TaskWait::current_unless_cancelled().map(Self::of_task);
        }
        if std::thread::panicking() {
            return Some(Self::begin_shielded());
        }
        let thread = ThreadWait::current();
        #[cfg(not(loom))]
        if thread.is_cancelled() || crate::task::hidden_is_cancelled() {
            return None;
        }
        Some(Self::of_thread(thread, Ends::Any))
    }

    /// As [`begin`](Self::begin), for a caller that holds the lock under which it is going to wait.
    /// Never unwinds, allocates or calls the system: `None` where that would be needed, and the
    /// caller has to release the lock and to `begin`.
    #[inline]
    pub fn begin_locked() -> Option<Self> {
        #[cfg(not(loom))]
        if current_task().is_some() {
            return Self::begin_in_task();
        }
        #[cfg(not(loom))]
        if crate::task::hidden_task().is_some() {
            // Whether that one is cancelled is for `begin` to see.
            return None;
        }
        let thread = ThreadWait::current_if_made()?;
        #[cfg(not(loom))]
        if thread.may_be_cancelled() {
            return None;
        }
        Some(Self::of_thread(thread, Ends::Any))
    }

    /// [`begin_locked`](Self::begin_locked) for tasks only, for the fastest paths: the compiler knows
    /// that a task waits.
    #[inline(always)]
    pub fn begin_in_task() -> Option<Self> {
        #[cfg(not(loom))]
        return TaskWait::current_unless_cancelled().map(Self::of_task);
        #[cfg(loom)]
        None
    }

    #[cfg(not(loom))]
    #[inline(always)]
    fn of_task(task: TaskWait) -> Self {
        let word = task.begin();
        Self {
            owner: Owner::Task(task),
            word,
            _not_send: PhantomData,
        }
    }

    #[inline]
    fn of_thread(thread: ThreadWait, ends: Ends) -> Self {
        let word = thread.begin();
        Self {
            owner: Owner::Thread(thread, ends),
            word,
            _not_send: PhantomData,
        }
    }

    #[inline]
    fn new(cancellable: bool) -> Self {
        #[cfg(not(loom))]
        if let Some(task) = TaskWait::current(cancellable) {
            return Self::of_task(task);
        }
        let thread = ThreadWait::current();
        #[cfg(not(loom))]
        if cancellable {
            crate::task::deliver_cancellation();
            thread.deliver_cancellation();
        }
        let ends = match cancellable {
            true => Ends::Any,
            false => Ends::Shielded,
        };
        Self::of_thread(thread, ends)
    }

    /// The ticket by which peers may settle this wait.
    #[inline(always)]
    pub fn ticket(&self) -> Ticket {
        let header = match &self.owner {
            #[cfg(not(loom))]
            Owner::Task(task) => task.header(),
            Owner::Thread(thread, _) => thread.header(),
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
    #[inline(always)]
    pub fn park(self, deadline: Option<Instant>, commit: impl FnOnce() -> bool) -> Outcome {
        match &self.owner {
            #[cfg(not(loom))]
            Owner::Task(task) => task.park(deadline, commit),
            Owner::Thread(thread, ends) => thread.park(self.word, deadline, *ends, commit),
        }
    }
}
