//! The monitor: one thread a runtime that watches its workers.
//!
//! Every [`TICK`], as long as a worker is awake, it
//! - raises the hint of a task that has run for [`SLICE`], or for a tick while a timer, a socket or a
//!   message may have made a neighbour ready; the hint carries the worker's switch count, so one
//!   that comes late hits nobody;
//! - wakes a worker for new tasks that lie in a deque, where the spawn left that to it.
//!
//! When all workers sleep it gives free stacks back to the system, bit by bit, after a wave of tasks
//! the heap's free pages too, and then rests until a worker wakes it: an idle runtime makes no
//! wake-ups at all.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crate::scheduler::shared::{Remote, Shared};
use crate::{stack, sys};

/// How often the monitor looks.
const TICK: Duration = Duration::from_millis(1);
/// Ticks a task may run while its neighbours are its equals.
const SLICE: u32 = 10;
/// Ticks of silence before the monitor takes the workers for idle.
const LULL: u32 = 20;
/// How often free stacks are trimmed while the workers sleep.
const TRIM_PERIOD: Duration = Duration::from_millis(100);

/// So many started tasks at once leave a heap worth trimming.
const WAVE: usize = 1 << 16;

/// Starts the monitor of a runtime.
pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let shared_there = shared.clone();
    let threads = shared.threads.clone();
    shared.threads.starts();
    let spawned = std::thread::Builder::new()
        .name("hueless-monitor".into())
        .spawn(move || {
            watch(&shared_there);
            drop(shared_there);
            threads.ends();
        });
    match spawned {
        Ok(handle) => {
            let _ = shared.monitor.set(handle.thread().clone());
            Ok(())
        }
        Err(error) => {
            shared.threads.ends();
            Err(error)
        }
    }
}

fn watch(shared: &Shared) {
    let mut seen: Vec<_> = shared.remotes.iter().map(|_| Seen::default()).collect();
    let mut quiet = 0;
    let mut most_tasks = 0;
    while !shared.is_stopping() {
        if shared.idle.sleeping() == shared.remotes.len() {
            quiet += 1;
        } else {
            quiet = 0;
        }
        if quiet < LULL {
            std::thread::sleep(TICK);
            for (remote, seen) in shared.remotes.iter().zip(&mut seen) {
                seen.look(remote);
            }
            most_tasks = most_tasks.max(shared.started_tasks());
            if shared.has_stealable() && shared.idle.should_wake() {
                shared.wake_one(0);
            }
        } else {
            let more = stack::trim();
            if !more && most_tasks >= WAVE && shared.started_tasks() < most_tasks / 2 {
                most_tasks = 0;
                sys::heap::trim();
            }
            if rest(shared, more.then_some(TRIM_PERIOD)) {
                quiet = 0;
            }
        }
    }
}

/// Rests until a worker is awake, or for `limit`; true in the first case.
fn rest(shared: &Shared, limit: Option<Duration>) -> bool {
    // Relaxed: the fence orders it.
    shared.monitor_parked.store(true, Ordering::Relaxed);
    // Pairs with the fence in `Shared::wake_monitor`.
    fence(Ordering::SeqCst);
    if shared.idle.sleeping() == shared.remotes.len() && !shared.is_stopping() {
        match limit {
            Some(limit) => std::thread::park_timeout(limit),
            None => std::thread::park(),
        }
    }
    // Relaxed: the flag only says who unparks.
    !shared.monitor_parked.swap(false, Ordering::Relaxed)
}

/// What the monitor remembers of a worker.
#[derive(Default)]
struct Seen {
    switches: u64,
    /// Ticks since the count changed.
    ticks: u32,
}

impl Seen {
    fn look(&mut self, remote: &Remote) {
        // Relaxed: figures.
        let switches = remote.switches.load(Ordering::Relaxed);
        if switches != self.switches || remote.inbox.is_sleeping() {
            *self = Self { switches, ticks: 0 };
            return;
        }
        self.ticks += 1;
        let somebody_may_be_ready = remote.inbox.has_tasks()
            || remote.timers.load(Ordering::Relaxed) != 0
            || remote.poller().is_some_and(|poller| poller.is_in_use());
        if self.ticks >= SLICE || somebody_may_be_ready {
            // Relaxed: advice.
            remote.hint.store(switches, Ordering::Relaxed);
        }
    }
}
