//! The task that runs next, and thieves.

use std::ptr::NonNull;

use loom::sync::Arc;
use loom::thread;

use super::model;
use crate::loom::UnsafeCell;
use crate::scheduler::run_next::RunNext;

/// A stand-in for a task: what its waker wrote, and whose it is once taken.
struct Node(UnsafeCell<usize>);

/// Says that tasks may be handed to other threads, as their pointers in the scheduler do.
struct Taken(Option<NonNull<Node>>);

// SAFETY: whoever has taken a node owns it.
unsafe impl Send for Taken {}

/// Writes `value` into a task and readies it; what comes back was not taken by others.
fn ready(slot: &RunNext<Node>, value: usize) -> Taken {
    let node = Box::leak(Box::new(Node(UnsafeCell::new(0))));
    // SAFETY: a fresh node.
    node.0.with_mut(|cell| unsafe { *cell = value });
    Taken(slot.put(NonNull::from(node)))
}

/// Runs what was taken: its contents are the taker's.
fn run(taken: Taken) -> Option<usize> {
    let node = taken.0?;
    // SAFETY: made by `ready`, and taken by this caller alone, which loom checks.
    let node = unsafe { Box::from_raw(node.as_ptr()) };
    // SAFETY: as above.
    node.0.with_mut(|cell| unsafe { *cell += 10 });
    // SAFETY: as above.
    Some(node.0.with_mut(|cell| unsafe { *cell }))
}

/// A worker readies two tasks and takes what is left, while the monitor steals, twice: each task is run
/// by one of them, and as its waker left it.
#[test]
fn each_task_is_taken_once_and_whole() {
    model(|| {
        let slot = Arc::new(RunNext::new());
        let thief = {
            let slot = slot.clone();
            thread::spawn(move || [run(Taken(slot.steal())), run(Taken(slot.steal()))])
        };
        let mut ran = Vec::new();
        ran.extend(run(ready(&slot, 1)));
        ran.extend(run(ready(&slot, 2)));
        ran.extend(run(Taken(slot.take())));
        ran.extend(thief.join().unwrap().into_iter().flatten());
        ran.sort_unstable();
        assert_eq!(ran, [11, 12]);
        assert!(slot.is_empty());
    });
}
