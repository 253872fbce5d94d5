//! The end of a runtime, as its workers see it: every started task is told that it is cancelled. When
//! nobody waits any more for those that have not ended, their joiners get an error; they themselves,
//! and their workers, go on.
//!
//! In the default mode a worker cancels its own tasks between two of them, so a task that says it is
//! parked is. In a migrating runtime any worker cancels any task, by the protocol in
//! [`leaving`](super::leaving).

use std::ptr;
use std::sync::atomic::Ordering;

use crate::cancel::{self, Node};
use crate::park::{Settled, wake};
use crate::report::report;
use crate::scheduler::leaving::Announced;
use crate::scheduler::worker::Worker;
use crate::task::{Described, Parked, TaskPtr};

/// So many tasks of each worker are named when they are left behind.
const NAMED: usize = 10;

impl Worker {
    /// Tells every started task that it is cancelled. Returns whether none is left that this worker
    /// has to wait for.
    pub(super) fn cancel_all(&self) -> bool {
        match self.migrates {
            false => {
                if cancel::UNWINDS {
                    self.cancel_own();
                }
                self.remote().owned.len() == 0
            }
            true => {
                if cancel::UNWINDS {
                    self.cancel_everywhere();
                }
                self.shared.started_tasks() == 0
            }
        }
    }

    /// [`cancel_all`](Self::cancel_all) for a worker that has had `turns` turns since the last time
    /// it called this, and has tasks to run.
    ///
    /// Looks at every task only after as many turns as there are tasks, so that the end of very many
    /// takes no time that grows with the square of their number.
    #[cold]
    pub(super) fn cancel_now_and_then(&self, turns: u32) {
        let turns = self.uncancelled_turns.get().saturating_add(turns as usize);
        if turns < self.shared.started_tasks() {
            self.uncancelled_turns.set(turns);
        } else {
            self.uncancelled_turns.set(0);
            self.cancel_all();
        }
    }

    /// Once the runtime has been left behind: names this worker's tasks, and tells those who join
    /// them.
    pub(super) fn abandon_all(&self) {
        if !self.shared.is_left_behind() || self.abandoned.replace(true) {
            return;
        }
        let mut names = Vec::new();
        let mut wakers = Vec::new();
        // SAFETY: on this worker, or the runtime migrates; listed tasks are alive meanwhile.
        unsafe {
            self.remote().owned.for_each(|task| {
                wakers.extend(task.abandon());
                if names.len() < NAMED {
                    names.push(Described::of(task.get()).to_string());
                }
            });
        }
        wakers.into_iter().for_each(wake);
        for name in &names {
            report(format_args!(
                "hueless: left behind by a runtime that was dropped: {name}"
            ));
        }
        let more = self.remote().owned.len().saturating_sub(names.len());
        if more != 0 {
            report(format_args!(
                "hueless: and {more} more tasks of worker {}",
                self.index()
            ));
        }
    }

    fn cancel_own(&self) {
        // On the worker's own stack the thread's panic count is the sum over parked tasks: if it is
        // zero, none of them is unwinding.
        let nobody_unwinds = !std::thread::panicking();
        let mut nodes = Vec::new();
        // SAFETY: on this worker. Listed tasks are alive, and those that are parked stay so.
        unsafe {
            self.remote().owned.for_each(|task| {
                task.get().context().mark_root(&mut nodes);
                self.cancel_parked(task, nobody_unwinds);
            });
        }
        Node::cancel_all(nodes);
    }

    #[cold]
    fn cancel_everywhere(&self) {
        let nobody_unwinds = !std::thread::panicking();
        // The same seats each time: what is listed with a worker that comes meanwhile is that one's.
        let seats = self.shared.taken();
        let for_each = |f: &mut dyn FnMut(TaskPtr)| {
            for remote in seats {
                // SAFETY: the runtime migrates.
                unsafe { remote.owned.for_each(&mut *f) };
            }
        };
        let mut nodes = Vec::new();
        for_each(&mut |task| {
            // SAFETY: listed tasks are alive while their list is locked.
            unsafe { task.get() }.context().mark_root(&mut nodes);
        });
        let announced = Announced::new();
        for remote in self.shared.taken() {
            remote.leaving.wait(&announced);
        }
        // SAFETY: as above, and commits that began before the announcement are over.
        for_each(&mut |task| unsafe {
            self.cancel_parked(task, nobody_unwinds);
        });
        Node::cancel_all(nodes);
    }

    /// Wakes a task that is to unwind, if it is parked and may be woken; false if that has to wait for
    /// others to have unwound.
    ///
    /// # Safety
    /// The task is alive. It runs on this worker, or its runtime migrates and the protocol has been
    /// followed.
    pub(super) unsafe fn cancel_parked(&self, task: TaskPtr, nobody_unwinds: bool) -> bool {
        // SAFETY: alive by this contract.
        let header = unsafe { task.get() };
        // Before the look at `parked`: a task that has begun its next wait meanwhile has said before
        // that it was not parked any more.
        let word = header.header.claim.word();
        match header.parked() {
            Parked::Cancellable => {}
            // The second unwinding at a time would abort, and the task is its worker's to wake.
            Parked::MaybeUnwinding if !ptr::eq(header.home(), self.remote()) => return true,
            Parked::MaybeUnwinding if !nobody_unwinds => return false,
            Parked::MaybeUnwinding => {}
            Parked::No | Parked::Shielded => return true,
        }
        // Relaxed: as long as this wait is on, the flag is not taken back.
        let is_cancelled = header.cancelled.load(Ordering::Relaxed);
        if is_cancelled && header.header.claim.settle(word, Settled::CANCELLED) {
            self.push_ready(task);
        }
        true
    }
}
