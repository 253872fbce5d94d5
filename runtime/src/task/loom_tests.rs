//! Loom models of a task's end: the task, its handle, and whoever else holds the header, on loom's
//! threads.

use std::pin::pin;
use std::task::Waker;
use std::time::Instant;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::park::{FutureWait, Outcome, Ticket, Wait, back_off};
use crate::task::state::{Finish, State};

/// A header and an output, as in `header.rs`, `cell.rs` and `join.rs`.
struct Task {
    state: State,
    output: UnsafeCell<Option<Box<u32>>>,
    joiner: UnsafeCell<Option<Ticket>>,
    /// Read with each use of the header, written when it is freed: so a use that the free is not
    /// ordered behind is a race, and a second free an error.
    freed: UnsafeCell<bool>,
    /// Read with each use of the joiner's header by the task, written when the joiner leaves its wait.
    joiner_left: UnsafeCell<bool>,
}

// SAFETY: the cells are what the models check.
unsafe impl Sync for Task {}
// SAFETY: as above.
unsafe impl Send for Task {}

impl Task {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: State::new(false),
            output: UnsafeCell::new(None),
            joiner: UnsafeCell::new(None),
            freed: UnsafeCell::new(false),
            joiner_left: UnsafeCell::new(false),
        })
    }

    fn state(&self) -> &State {
        // SAFETY: loom checks it.
        self.freed
            .with(|freed| unsafe { assert!(!*freed, "used after the free") });
        &self.state
    }

    fn take_output(&self) -> Option<u32> {
        // SAFETY: loom checks it.
        self.output
            .with_mut(|output| unsafe { (*output).take().map(|value| *value) })
    }

    fn release(&self) {
        if self.state().release() {
            // SAFETY: loom checks it.
            self.freed.with_mut(|freed| unsafe {
                assert!(!*freed, "freed twice");
                *freed = true;
            });
            // SAFETY: loom checks it.
            self.output
                .with(|output| unsafe { assert!((*output).is_none(), "never dropped") });
        }
    }

    /// The worker at the end of the task; true if the task drops its output.
    fn end(&self) -> bool {
        // SAFETY: loom checks it.
        self.output
            .with_mut(|output| unsafe { *output = Some(Box::new(7)) });
        match self.state().finish() {
            Finish::Handle => false,
            Finish::Joiner => {
                // SAFETY: loom checks it.
                let ticket = self
                    .joiner
                    .with(|ticket| unsafe { *ticket })
                    .expect("stored");
                // SAFETY: loom checks it.
                self.joiner_left.with(|left| unsafe { assert!(!*left) });
                // SAFETY: the joiner does not leave before it is readied or told so.
                match unsafe { ticket.claim(0) } {
                    Some(claimed) => {
                        self.state().leave_waiting_joiner();
                        claimed.ready();
                    }
                    None => self.state().leave_woken_joiner(),
                }
                false
            }
            Finish::Detached => {
                assert_eq!(self.take_output(), Some(7));
                self.release();
                true
            }
        }
    }

    /// The drop of the handle; true if it drops the output.
    fn drop_handle(&self) -> bool {
        let owns = self.state().drop_handle();
        if owns {
            assert_eq!(self.take_output(), Some(7));
            self.release();
        }
        owns
    }

    /// The worker leaves the task behind.
    fn abandon(&self) {
        if self.state().abandon() {
            // SAFETY: loom checks it.
            let ticket = self
                .joiner
                .with(|ticket| unsafe { *ticket })
                .expect("stored");
            // SAFETY: loom checks it.
            self.joiner_left.with(|left| unsafe { assert!(!*left) });
            // SAFETY: the joiner does not leave before it is readied or told so.
            let claimed = unsafe { ticket.claim(0) };
            self.state().done_with_ticket();
            drop(claimed);
        }
    }

    /// The handle's join: false when the deadline passed first, or the task was left behind.
    fn join(&self, deadline: Option<Instant>) -> bool {
        while !self.state().is_done() {
            if self.state().is_abandoned() {
                return false;
            }
            let wait = Wait::begin();
            let ticket = wait.ticket();
            let outcome = wait.park(deadline, || {
                // SAFETY: loom checks it.
                self.joiner
                    .with_mut(|joiner| unsafe { *joiner = Some(ticket) });
                self.state().set_joiner()
            });
            if let Outcome::Deadline = outcome {
                if self.state().unset_joiner() {
                    return false;
                }
                let mut round = 0;
                while self.state().is_ticket_in_use() {
                    back_off(&mut round);
                }
            }
            // SAFETY: loom checks it.
            self.joiner_left.with_mut(|left| unsafe { *left = true });
        }
        assert_eq!(self.take_output(), Some(7));
        self.release();
        true
    }

    /// The future of the handle: polled once, then awaited, or dropped if it `goes`. True if it has the
    /// output.
    fn join_as_future(&self, goes: bool) -> bool {
        let wait = pin!(FutureWait::new());
        let wait = wait.as_ref();
        if !self.state().is_done() && !self.state().is_abandoned() {
            let ticket = wait.begin();
            // SAFETY: loom checks it.
            self.joiner
                .with_mut(|joiner| unsafe { *joiner = Some(ticket) });
            if self.state().set_joiner() {
                let over = wait.poll(Waker::noop());
                if !goes || (!over && !self.state().unset_joiner()) {
                    wait.block();
                }
            }
            // SAFETY: loom checks it.
            self.joiner_left.with_mut(|left| unsafe { *left = true });
        }
        if goes || !self.state().is_done() {
            return self.drop_handle();
        }
        assert_eq!(self.take_output(), Some(7));
        self.release();
        true
    }
}

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(3);
    builder.check(f);
}

fn ends_beside(handle: impl Fn(&Task) -> bool + Sync + Send + Copy + 'static, holders: usize) {
    model(move || {
        let task = Task::new();
        (0..holders).for_each(|_| task.state().retain());
        let ended = {
            let task = task.clone();
            thread::spawn(move || task.end())
        };
        let others: Vec<_> = (0..holders)
            .map(|_| {
                let task = task.clone();
                thread::spawn(move || task.release())
            })
            .collect();
        let by_handle = handle(&task);
        let by_task = ended.join().unwrap();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(by_handle != by_task, "one side has the output");
        // SAFETY: all others have ended.
        task.freed
            .with(|freed| unsafe { assert!(*freed, "never freed") });
    });
}

#[test]
fn a_dropped_handle_and_an_end_meet() {
    ends_beside(Task::drop_handle, 0);
    ends_beside(Task::drop_handle, 1);
}

#[test]
fn a_join_gets_the_output_once() {
    ends_beside(|task| task.join(None), 0);
    ends_beside(|task| task.join(None), 1);
}

#[test]
fn a_join_that_times_out_leaves_or_gets_the_output() {
    let timed = |task: &Task| task.join(Some(Instant::now())) || task.drop_handle();
    ends_beside(timed, 0);
    ends_beside(timed, 1);
}

#[test]
fn a_join_after_one_that_timed_out_is_told_too() {
    ends_beside(|task| task.join(Some(Instant::now())) || task.join(None), 0);
}

#[test]
fn a_future_gets_the_output_once() {
    ends_beside(|task| task.join_as_future(false), 0);
    ends_beside(|task| task.join_as_future(false), 1);
}

#[test]
fn a_future_that_is_dropped_meets_the_end() {
    ends_beside(|task| task.join_as_future(true), 0);
    ends_beside(|task| task.join_as_future(true), 1);
}

#[test]
fn a_future_of_a_task_that_is_left_behind_ends() {
    for goes in [false, true] {
        model(move || {
            let task = Task::new();
            let worker = {
                let task = task.clone();
                thread::spawn(move || {
                    task.abandon();
                    task.end()
                })
            };
            let by_handle = task.join_as_future(goes);
            let by_task = worker.join().unwrap();
            assert!(by_handle != by_task, "one side has the output");
        });
    }
}

/// The task is left behind, and ends all the same a moment later, on another worker's thread: the
/// joiner is woken, and one side has the output.
#[test]
fn a_join_of_a_task_that_is_left_behind_ends() {
    for deadline in [None, Some(Instant::now())] {
        model(move || {
            let task = Task::new();
            let worker = {
                let task = task.clone();
                thread::spawn(move || {
                    task.abandon();
                    task.end()
                })
            };
            let by_handle = task.join(deadline) || task.drop_handle();
            let by_task = worker.join().unwrap();
            assert!(by_handle != by_task, "one side has the output");
            // SAFETY: all others have ended.
            task.freed
                .with(|freed| unsafe { assert!(*freed, "never freed") });
        });
    }
}
