//! The spans of the `tracing` crate that a task is in.
//!
//! A subscriber keeps them by thread. So a task's worker takes them off its thread when it has left the
//! task's stack, and puts them on again before it goes on with the task: subscribers see that as an exit
//! and an entry, as they do of a future between two polls.
//!
//! It is done by the worker, after the commit, since a subscriber is the program's code and the task may
//! still hold locks of wait queues before. So it cannot be done where tasks migrate: there somebody else may
//! have the task by then.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing_core::dispatcher::{Dispatch, get_default, has_been_set};
use tracing_core::span::Id;

use crate::task::cell::drop_quietly;
use crate::task::local::belongings::{of_task, of_task_if_any};
use crate::task::ptr::TaskPtr;

/// Beyond this many a subscriber is taken for one that never says that it has left a span.
const MOST: usize = 1000;

/// Those taken off, the innermost first. Each is counted by its subscriber, which so keeps it.
pub(super) struct Spans(RefCell<Vec<(Dispatch, Id)>>);

impl Spans {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }
}

/// Takes the thread's spans off for `task`, which has left its stack.
///
/// # Safety
/// On the task's worker, in a runtime that does not migrate, while the task is suspended.
#[inline]
pub(crate) unsafe fn take_off(task: TaskPtr) {
    if has_been_set() {
        guarded(|| {
            let spans = take_all();
            if !spans.is_empty() {
                // SAFETY: by this function's contract.
                let own = unsafe { of_task(task).as_ref() };
                *own.spans.0.borrow_mut() = spans;
            }
        });
    }
}

/// Puts the spans of `task` on the thread again.
///
/// # Safety
/// As for [`take_off`].
#[inline]
pub(crate) unsafe fn put_on(task: TaskPtr) {
    // SAFETY: by this function's contract.
    if let Some(own) = unsafe { of_task_if_any(task) } {
        // SAFETY: the task's, which has not ended.
        let spans = std::mem::take(&mut *unsafe { own.as_ref() }.spans.0.borrow_mut());
        guarded(|| {
            for (dispatch, id) in spans.into_iter().rev() {
                dispatch.enter(&id);
                dispatch.try_close(id);
            }
        });
    }
}

/// Takes off what a task that has ended has left on the thread.
#[inline]
pub(crate) fn clear() {
    if has_been_set() {
        guarded(|| {
            for (dispatch, id) in take_all() {
                dispatch.try_close(id);
            }
        });
    }
}

fn take_all() -> Vec<(Dispatch, Id)> {
    let mut spans = Vec::new();
    while spans.len() < MOST {
        let current = get_default(|dispatch| {
            let id = dispatch.current_span().id()?.clone();
            Some((dispatch.clone(), id))
        });
        // Outside of `get_default`, in which a subscriber does not find itself.
        let Some((dispatch, id)) = current else { break };
        let counted = dispatch.clone_span(&id);
        dispatch.exit(&id);
        spans.push((dispatch, counted));
    }
    spans
}

/// Calls the program's code on the worker's own stack, where a panic must not get any further. It has been
/// reported.
fn guarded(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        drop_quietly(payload);
    }
}
