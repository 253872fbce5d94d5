//! The inbox, and going to sleep.

use std::ptr::{self, NonNull};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::model;
use crate::loom::{Parker, UnsafeCell};
use crate::scheduler::idle::Idle;
use crate::scheduler::inbox::{Inbox, Linked, Wake};

/// A stand-in for a task.
pub(super) struct Node {
    next: UnsafeCell<*mut Node>,
    value: usize,
}

// SAFETY: `next` is one field, and only the inbox uses it.
unsafe impl Linked for Node {
    unsafe fn set_next(this: NonNull<Self>, next: *mut Self) {
        // SAFETY: the caller owns the node.
        unsafe { this.as_ref().next.with_mut(|cell| *cell = next) }
    }

    unsafe fn next(this: NonNull<Self>) -> *mut Self {
        // SAFETY: the caller owns the node.
        unsafe { this.as_ref().next.with_mut(|cell| *cell) }
    }
}

fn node(value: usize) -> NonNull<Node> {
    NonNull::from(Box::leak(Box::new(Node {
        next: UnsafeCell::new(ptr::null_mut()),
        value,
    })))
}

fn free(node: NonNull<Node>) -> usize {
    // SAFETY: made by `node`, taken out of the inbox by its only consumer.
    unsafe { Box::from_raw(node.as_ptr()) }.value
}

/// Pushes race the worker's sleep: the worker never sleeps with a task in its inbox, and the order
/// of one pusher's tasks is kept.
#[test]
fn a_push_never_slips_past_a_sleep() {
    model(|| {
        let inbox = Arc::new(Inbox::<Node>::new());
        let parker = Parker::new();
        let there = inbox.clone();
        let unparker = parker.unparker().clone();
        let pusher = thread::spawn(move || {
            for value in [1, 2] {
                // SAFETY: a fresh node.
                if unsafe { there.push(node(value)) } == Wake::Needed {
                    unparker.unpark();
                }
            }
        });
        let mut seen = Vec::new();
        while seen.len() < 2 {
            seen.extend(inbox.take().map(free));
            if seen.len() < 2 && inbox.begin_sleep() {
                parker.park();
                let _ = inbox.end_sleep();
            }
        }
        assert_eq!(seen, [1, 2]);
        pusher.join().unwrap();
    });
}

/// A push and a wake-to-search race for a sleeping worker: one of them unparks it, and the task and
/// the order to search both arrive if both won.
#[test]
fn a_sleeper_is_woken_exactly_once() {
    model(|| {
        let inbox = Arc::new(Inbox::<Node>::new());
        let wakes = Arc::new(AtomicUsize::new(0));
        let searches = Arc::new(AtomicUsize::new(0));
        assert!(inbox.begin_sleep());
        let (there, woken) = (inbox.clone(), wakes.clone());
        let pusher = thread::spawn(move || {
            // SAFETY: a fresh node.
            if unsafe { there.push(node(1)) } == Wake::Needed {
                woken.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (there, woken, granted) = (inbox.clone(), wakes.clone(), searches.clone());
        let waker = thread::spawn(move || {
            if there.wake_to_search() == Wake::Needed {
                woken.fetch_add(1, Ordering::Relaxed);
                granted.fetch_add(1, Ordering::Relaxed);
            }
        });
        pusher.join().unwrap();
        waker.join().unwrap();
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        assert!(!inbox.end_sleep());
        let mut taken = inbox.take();
        let to_search = usize::from(taken.to_search);
        assert_eq!(taken.next().map(free), Some(1));
        assert!(taken.next().is_none());
        assert_eq!(to_search, searches.load(Ordering::Relaxed));
    });
}

/// Work goes into a queue that only a thief can reach while the last worker falls asleep: the
/// submitter sees the sleeper or the sleeper sees the work.
#[test]
fn submitted_work_is_never_left_to_sleepers() {
    model(|| {
        let idle = Arc::new(Idle::new());
        let inbox = Arc::new(Inbox::<Node>::new());
        let queue = Arc::new(AtomicUsize::new(0));
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        let (idle_there, inbox_there, queue_there) = (idle.clone(), inbox.clone(), queue.clone());
        let submitter = thread::spawn(move || {
            queue_there.store(1, Ordering::Release);
            if idle_there.should_wake_after_submit() && idle_there.wake_to_search(&inbox_there) {
                unparker.unpark();
            }
        });
        while queue.load(Ordering::Acquire) == 0 {
            // The worker's sleep, as in `search.rs`.
            if inbox.begin_sleep() {
                idle.begin_sleep();
                if queue.load(Ordering::Acquire) == 0 {
                    parker.park();
                }
                if inbox.end_sleep() {
                    idle.end_sleep();
                }
            }
            if inbox.take().to_search {
                let _ = idle.end_search();
            }
        }
        submitter.join().unwrap();
        assert!(idle.sleeping() <= 1);
    });
}

/// A worker wakes up by itself while it is being woken to search, and counts itself out before it is
/// counted in: the limit on searchers holds meanwhile, and the counts are right in the end.
#[test]
fn a_worker_that_wakes_up_by_itself_is_counted_rightly() {
    model(|| {
        let idle = Arc::new(Idle::new());
        let inbox = Arc::new(Inbox::<Node>::new());
        assert!(inbox.begin_sleep());
        idle.begin_sleep();
        let (idle_there, inbox_there) = (idle.clone(), inbox.clone());
        let waker = thread::spawn(move || idle_there.wake_to_search(&inbox_there));
        if inbox.end_sleep() {
            idle.end_sleep();
        }
        if inbox.take().to_search {
            let _ = idle.end_search();
        }
        // Of four workers that are awake one may search: not more because of a count below zero.
        if idle.try_begin_search(4) {
            let _ = idle.end_search();
        }
        let _ = waker.join().unwrap();
        if inbox.take().to_search {
            let _ = idle.end_search();
        }
        assert_eq!(idle.sleeping(), 0);
        assert!(idle.try_begin_search(1));
        assert!(!idle.try_begin_search(1));
    });
}
