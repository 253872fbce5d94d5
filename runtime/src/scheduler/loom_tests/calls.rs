//! Calling a worker that it wake a cancelled task, and tasks that begin meanwhile.

use std::ptr;

use loom::sync::Arc;
use loom::thread;

use super::model;
use super::sleep::Node;
use crate::loom::{AtomicBool, AtomicPtr, Ordering, Parker, Unparker};
use crate::scheduler::idle::Idle;
use crate::scheduler::inbox::Inbox;
use crate::scheduler::left_calls::{Calls, find_home, move_in};

/// What others may touch of a worker.
struct Remote {
    inbox: Inbox<Node>,
    calls: Calls<u32>,
    idle: Idle,
    unparker: Unparker,
}

/// What a canceller knows of a task.
struct Task {
    number: u32,
    cancelled: AtomicBool,
    home: AtomicPtr<Remote>,
}

impl Task {
    fn new(number: u32, home: *mut Remote) -> Arc<Self> {
        Arc::new(Self {
            number,
            cancelled: AtomicBool::new(false),
            home: AtomicPtr::new(home),
        })
    }

    /// The canceller, all of it, as the rest of `calls` and `cancel` go about it.
    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        let home = find_home(|| self.home.load(Ordering::Relaxed).cast_const());
        // SAFETY: the model keeps the worker until its threads have ended.
        if let Some(home) = unsafe { home.as_ref() }
            && home.calls.leave(self.number, &home.inbox)
            && home.idle.wake_to_search(&home.inbox)
        {
            home.unparker.unpark();
        }
    }
}

impl Remote {
    fn new() -> (Arc<Self>, Parker) {
        let parker = Parker::new();
        let remote = Self {
            inbox: Inbox::new(),
            calls: Calls::default(),
            idle: Idle::new(),
            unparker: parker.unparker().clone(),
        };
        (Arc::new(remote), parker)
    }

    /// The worker: all its tasks are parked, so it sleeps, until it has been called for so many.
    fn work(&self, parker: &Parker, calls: usize) -> Vec<u32> {
        let mut answered = Vec::new();
        loop {
            if self.calls.are_there() {
                answered.append(&mut self.calls.take());
            }
            if answered.len() >= calls {
                return answered;
            }
            if self.inbox.take().to_search {
                let _ = self.idle.end_search();
            }
            if !self.inbox.begin_sleep() {
                continue;
            }
            self.idle.begin_sleep();
            if !self.calls.are_there() {
                parker.park();
            }
            if self.inbox.end_sleep() {
                self.idle.end_sleep();
            }
        }
    }
}

/// A worker falls asleep while it is called: it sees the call or is woken. Without the fence in `leave`,
/// or the one in `Idle::begin_sleep`, it sleeps for ever.
#[test]
fn a_call_never_slips_past_a_sleep() {
    model(|| {
        let (remote, parker) = Remote::new();
        let task = Task::new(1, Arc::as_ptr(&remote).cast_mut());
        let canceller = thread::spawn({
            let task = task.clone();
            move || task.cancel()
        });
        assert_eq!(remote.work(&parker, 1), [1]);
        canceller.join().unwrap();
    });
}

/// Two tasks of a worker are cancelled at once: it hears of each, once.
#[test]
fn of_two_calls_none_is_lost() {
    model(|| {
        let (remote, parker) = Remote::new();
        let cancellers = [1, 2].map(|number| {
            let task = Task::new(number, Arc::as_ptr(&remote).cast_mut());
            thread::spawn(move || task.cancel())
        });
        let mut answered = remote.work(&parker, 2);
        answered.sort_unstable();
        assert_eq!(answered, [1, 2]);
        for canceller in cancellers {
            canceller.join().unwrap();
        }
        assert!(remote.calls.take().is_empty());
    });
}

/// A task begins on a worker, and parks, while it is cancelled: it sees its flag before it parks, or its
/// worker is called. Without the fence in `move_in`, or the one in `find_home`, it may stay parked.
#[test]
fn a_task_that_begins_sees_its_flag_or_is_called_for() {
    model(|| {
        let (remote, parker) = Remote::new();
        let task = Task::new(1, ptr::null_mut());
        let canceller = thread::spawn({
            let task = task.clone();
            move || task.cancel()
        });
        let here = Arc::as_ptr(&remote).cast_mut();
        move_in(|| task.home.store(here, Ordering::Relaxed));
        if !task.cancelled.load(Ordering::Relaxed) {
            assert_eq!(remote.work(&parker, 1), [1]);
        }
        canceller.join().unwrap();
    });
}
