//! A set of tasks that come home one by one.
//!
//! The set joins each of its tasks from the beginning on, as async code would: by a [`JoinFuture`], whose
//! waker reports the task's number. So a task that has reported has a result, or an error, that is there to
//! be taken without a wait; and one that its runtime leaves behind reports too.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::cancel::cancel_task;
use crate::park::{Lock, Outcome, Wait, WaitQueue, Waiter, unwind_cancelled};
use crate::scheduler;
use crate::task::{JoinError, JoinFuture, Task};

/// Tasks of one kind, joined in the order in which they end. Dropping the set cancels those that have
/// not been joined, without waiting for them; for tasks that may borrow there is [`scope`](super::scope).
///
/// # Examples
///
/// ```
/// let mut set = hueless_runtime::task::JoinSet::new();
/// for n in 0..3 {
///     set.spawn(move || n * n);
/// }
/// let mut squares = Vec::new();
/// while let Some(square) = set.join_next() {
///     squares.push(square.unwrap());
/// }
/// squares.sort();
/// assert_eq!(squares, [0, 1, 4]);
/// ```
pub struct JoinSet<T> {
    home: Arc<Lock<Home>>,
    out: HashMap<u64, Out<T>>,
    next: u64,
}

/// A task that has not been joined.
struct Out<T> {
    /// A count of its own: while the future waits nobody may clone what it holds.
    task: Task,
    future: Pin<Box<JoinFuture<T>>>,
}

/// Where tasks report that they end.
struct Home {
    ended: VecDeque<u64>,
    waiters: WaitQueue,
}

/// Reports a task when its future is ready.
struct Report {
    home: Arc<Lock<Home>>,
    number: u64,
}

impl Wake for Report {
    fn wake(self: Arc<Self>) {
        let mut home = self.home.lock();
        home.ended.push_back(self.number);
        let woken = home.waiters.pop();
        drop(home);
        drop(woken);
    }
}

impl<T> JoinSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            home: Arc::new(Lock::new(Home {
                ended: VecDeque::new(),
                waiters: WaitQueue::new(),
            })),
            out: HashMap::new(),
            next: 0,
        }
    }

    /// How many tasks have not been joined.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether none has to be joined.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Waits for the next task to end and returns its result; `None` if there is none. Blocks the
    /// calling task or thread, not the worker. A point of cancellation, and then no result is lost.
    ///
    /// # Errors
    /// That of the task, as in [`JoinHandle::join`](crate::task::JoinHandle::join); also when its dropped
    /// runtime has left it behind still running.
    pub fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        loop {
            if self.is_empty() {
                return None;
            }
            let wait = Wait::begin();
            let mut home = self.home.lock();
            if !home.ended.is_empty() {
                drop(home);
                return self.try_join_next();
            }
            let waiter = Waiter::new(wait.ticket(), 0, ptr::null_mut());
            let node = NonNull::from(&waiter);
            // SAFETY: under the lock; it is removed below, before its frame goes.
            unsafe { home.waiters.push(node) };
            let lock = home.leak();
            let outcome = wait.park(None, || {
                // SAFETY: leaked above, and nothing of it is touched after this.
                unsafe { lock.unlock() };
                true
            });
            // SAFETY: in this queue, if it is linked at all.
            unsafe { self.home.lock().waiters.remove(node) };
            if outcome == Outcome::Cancelled {
                unwind_cancelled();
            }
        }
    }

    /// The result of a task that has ended, if there is one. Never blocks.
    ///
    /// # Errors
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        let number = self.home.lock().ended.pop_front()?;
        let mut out = self.out.remove(&number).expect("a task reports once");
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(result) = out.future.as_mut().poll(&mut context) else {
            unreachable!("the future of a task that has reported is ready")
        };
        Some(result)
    }

    /// Cancels all tasks that have not been joined; they are still to be joined.
    pub fn cancel_all(&self) {
        self.out.values().for_each(|out| cancel_task(&out.task));
    }

    /// Lets all tasks go that have not been joined.
    pub fn detach_all(&mut self) {
        self.out.clear();
        // Late reports go to a place that nobody looks at.
        *self = Self::new();
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// Spawns a task of the set. Never blocks.
    ///
    /// # Panics
    /// When the global runtime is needed and cannot be started.
    #[track_caller]
    pub fn spawn<F>(&mut self, f: F)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let number = self.next;
        self.next += 1;
        let handle = scheduler::spawn(f, None, None, Location::caller());
        let task = handle.task().clone();
        let report = Arc::new(Report {
            home: self.home.clone(),
            number,
        });
        let waker = Waker::from(report.clone());
        let mut future = Box::pin(handle.into_future());
        // The result stays where it is: if nobody comes for it, that is the handle's to tell.
        if future.as_mut().is_over(&waker) {
            report.wake();
        }
        self.out.insert(number, Out { task, future });
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.cancel_all();
        drop(mem::take(&mut self.out));
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
