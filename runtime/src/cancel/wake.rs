//! How the one who is to unwind comes to it.
//!
//! The canceller has marked something and noted it in the context's flag, under the context's lock.
//! What is left is to end the wait that the code may be in.
//!
//! - A *task* of the default mode is woken by its own worker, which is told (`scheduler/calls.rs`):
//!   so parking costs no atomic for it.
//! - A task of a *migrating* runtime is woken from anywhere, by the protocol in `scheduler/leaving.rs`.
//! - A *thread* is woken from anywhere: see [`ThreadHeader::interrupt`].

use std::sync::Arc;

use crate::cancel::UNWINDS;
use crate::cancel::context::Owner;
use crate::cancel::node::Node;
use crate::park::ThreadHeader;
use crate::report::report;
use crate::scheduler;
use crate::task::Task;

/// Somebody whose wait is to end.
pub(crate) enum Woken {
    Task(Task),
    Thread(Arc<ThreadHeader>),
}

impl Woken {
    /// # Safety
    /// The owner's task is alive.
    pub(super) unsafe fn new(owner: &Owner) -> Self {
        match owner {
            // SAFETY: alive by this contract; the handle takes the count.
            Owner::Task(task) => unsafe {
                task.retain();
                Self::Task(Task::from_counted(*task))
            },
            Owner::Thread(thread) => Self::Thread(thread.clone()),
        }
    }

    /// Ends its wait, if it is in one that may be cancelled.
    pub(super) fn wake(self) {
        if !UNWINDS {
            say_that_nothing_unwinds();
            return;
        }
        match self {
            Self::Task(task) => scheduler::interrupt(task),
            Self::Thread(thread) => thread.interrupt(),
        }
    }
}

/// Cancels a task as a whole.
pub(crate) fn cancel_task(task: &Task) {
    let mut nodes = Vec::new();
    let header = task.header();
    if header.state.is_done() {
        return;
    }
    if header.context().mark_root(&mut nodes) {
        Woken::Task(task.clone()).wake();
    }
    Node::cancel_all(nodes);
}

#[cold]
fn say_that_nothing_unwinds() {
    static ONCE: crate::bare::Once = crate::bare::Once::new();
    ONCE.call_once(|| {
        report(format_args!(
            "hueless: this program is built with panic = \"abort\", so nothing unwinds: code that is \
             cancelled goes on until it asks cancel::is_cancelled()"
        ));
    });
}
