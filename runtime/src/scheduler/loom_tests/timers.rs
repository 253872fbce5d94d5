//! Timers in a migrating runtime: whose the entry is, and how long it is there.
//!
//! The wheel itself is a stand-in, one slot for one timer; what is modelled is the protocol in
//! `scheduler/timers.rs` and `task_wait.rs`.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::model;
use crate::loom::UnsafeCell;
use crate::park::Lock;

const WAITING: usize = 0;
const BY_DEADLINE: usize = 1;
const BY_PEER: usize = 2;

/// A task: the timer in its header, its claim, and how often it was made ready.
struct Task {
    /// Its wheel's while it is linked, otherwise the task's own.
    timer: UnsafeCell<usize>,
    claim: AtomicUsize,
    readied: AtomicUsize,
}

impl Task {
    /// Settles the wait; the winner makes the task ready.
    fn settle(&self, by: usize) -> bool {
        let exchange =
            (self.claim).compare_exchange(WAITING, by, Ordering::AcqRel, Ordering::Relaxed);
        exchange.is_ok()
    }

    fn ready(&self) {
        self.readied.fetch_add(1, Ordering::Release);
    }

    fn touch_timer(&self) {
        // SAFETY: what is modelled: nobody else touches it.
        self.timer.with_mut(|timer| unsafe { *timer += 1 });
    }
}

/// One worker's wheel: whether the timer is linked in it.
struct Wheel(Lock<bool>);

impl Wheel {
    /// On the worker that the task has just left.
    fn arm(&self, task: &Task, commit: impl FnOnce()) {
        let mut linked = self.0.lock();
        task.touch_timer();
        *linked = true;
        commit();
    }

    /// The worker's own look, or with `try_only` that of somebody who serves a stuck worker.
    fn fire(&self, task: &Task, try_only: bool) {
        let guard = match try_only {
            false => Some(self.0.lock()),
            true => self.0.try_lock(),
        };
        let Some(mut linked) = guard else { return };
        if std::mem::replace(&mut *linked, false) {
            task.touch_timer();
            // Before the lock is released: after that the timer may be gone.
            if task.settle(BY_DEADLINE) {
                task.ready();
            }
        }
    }

    /// By the task, wherever it goes on.
    fn disarm(&self, task: &Task) {
        let mut linked = self.0.lock();
        if std::mem::replace(&mut *linked, false) {
            task.touch_timer();
        }
    }
}

/// A timer is armed and fires, on its worker and on behalf of it, while a peer settles the wait. The
/// task is readied once; where it goes on it disarms the timer, and then that is its own again.
#[test]
fn a_timer_is_nobody_elses_once_it_is_disarmed() {
    model(|| {
        let wheel = Arc::new(Wheel(Lock::new(false)));
        let task = Arc::new(Task {
            timer: UnsafeCell::new(0),
            claim: AtomicUsize::new(WAITING),
            readied: AtomicUsize::new(0),
        });
        // What the commit lets a peer have; the task's next home.
        let peer = {
            let task = task.clone();
            move || {
                if task.settle(BY_PEER) {
                    task.ready();
                }
            }
        };
        let server = {
            let (wheel, task) = (wheel.clone(), task.clone());
            thread::spawn(move || wheel.fire(&task, true))
        };
        let mut peers = None;
        wheel.arm(&task, || peers = Some(thread::spawn(peer)));
        // The worker that the task has left looks at its timers; another one runs the task as soon
        // as it is ready, at the latest after that.
        let next_home = {
            let (wheel, task) = (wheel.clone(), task.clone());
            move || {
                if task.readied.load(Ordering::Acquire) == 0 {
                    return false;
                }
                wheel.disarm(&task);
                task.touch_timer();
                true
            }
        };
        let early = thread::spawn(next_home.clone());
        wheel.fire(&task, false);
        let ran_early = early.join().unwrap();
        peers.unwrap().join().unwrap();
        if !ran_early {
            assert!(next_home());
        }
        server.join().unwrap();
        assert_eq!(task.readied.load(Ordering::Relaxed), 1);
        assert!([BY_DEADLINE, BY_PEER].contains(&task.claim.load(Ordering::Relaxed)));
    });
}
