//! What the monitor does for a worker that does not react.
//!
//! A worker whose task has ignored its hint for [`PATIENCE`] is *stuck*: in a call that blocks its
//! thread, or in a loop without a checkpoint. What it has is taken over as far as it can be:
//!
//! | what | by whom |
//! | --- | --- |
//! | new tasks, in its deque or the injector | other workers; a spare if all are busy |
//! | its sockets | the monitor asks its poller |
//! | in a migrating runtime: ready tasks | as new tasks |
//! | in a migrating runtime: `run_next`, timers | the monitor hands it on, and fires them |
//! | started tasks in the default mode | nobody: they wait, and the stall is reported |
//!
//! So many spares may start tasks as workers are stuck, which keeps as many threads running as the
//! runtime has workers, as Go does with threads in system calls. A stuck spare counts as well.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::cancel::Expired;
use crate::park::Settled;
use crate::report::report;
use crate::scheduler::counts::count;
use crate::scheduler::launch;
use crate::scheduler::monitor::{Hinted, Seen};
use crate::scheduler::remote::Remote;
use crate::scheduler::shared::Shared;
use crate::scheduler::stall::{Behind, Reporter};
use crate::task::TaskPtr;

/// How long a hint is ignored before the worker counts as stuck.
const PATIENCE: Duration = Duration::from_millis(5);
/// How long a worker is stuck, with tasks that wait behind, before that is reported.
const STALL: Duration = Duration::from_millis(200);
/// How long it sits in a lock of the system's, with nobody ready but parked tasks of its own, of which one may
/// hold that lock, before that is reported.
const SILENT_STALL: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Default)]
pub(super) struct TakeOver {
    /// For each seat, the switch count for which a stall has been reported.
    reported: Vec<Option<u64>>,
    /// Likewise, when it has been looked at last whether the worker sits in a lock.
    looked: Vec<Option<Instant>>,
    reporter: Reporter,
    /// Why a spare could not be started, if that has been said.
    complained: bool,
}

impl TakeOver {
    /// One look at all workers; `stealable` says whether tasks lie about.
    pub(super) fn look(
        &mut self,
        shared: &Arc<Shared>,
        seen: &[Seen],
        now: Instant,
        stealable: bool,
    ) {
        self.reported.resize(shared.remotes.len(), None);
        self.looked.resize(shared.remotes.len(), None);
        let mut stuck = 0;
        for (remote, seen) in shared.taken().iter().zip(seen) {
            let is_stuck = seen.hinted.as_ref().is_some_and(|hinted| {
                // Relaxed: as below. Who is stuck stays so until it switches.
                remote.stuck.load(Ordering::Relaxed) || ignores(remote, hinted, now)
            });
            // Relaxed: a figure, of which the monitor is the writer.
            if remote.stuck.load(Ordering::Relaxed) != is_stuck {
                remote.stuck.store(is_stuck, Ordering::Relaxed);
                if is_stuck {
                    count(&remote.counts.take_overs);
                }
            }
            if is_stuck {
                stuck += 1;
                serve(shared, remote, now);
                self.report(shared, remote, seen, now);
            }
        }
        let wanted = stuck.min(shared.remotes.len() - shared.settings.workers);
        let before = shared.seats.wanted_spares();
        if wanted != before {
            shared.seats.want_spares(wanted);
        }
        if wanted < before {
            // Those that are not wanted any more go, if they have nothing to do.
            wake_spares(shared, wanted, before);
        }
        if stealable && wanted != 0 && shared.idle.sleeping() == 0 && !shared.is_stopping() {
            self.call_spare(shared, wanted);
        }
    }

    /// Wakes a spare that sleeps, or starts one.
    fn call_spare(&mut self, shared: &Arc<Shared>, wanted: usize) {
        let workers = shared.settings.workers;
        let mut sitting = 0;
        for index in workers..workers + wanted {
            let spare = &shared.remotes[index];
            // Relaxed: a figure; a spare that leaves just now is started again at the next look.
            if !spare.live.load(Ordering::Relaxed) {
                continue;
            }
            sitting += 1;
            if shared.wake_spare(spare) {
                return;
            }
            if !spare.stuck.load(Ordering::Relaxed) {
                // It is awake and will come to it.
                return;
            }
        }
        if sitting < wanted
            && let Err(error) = launch::start_spare(shared)
            && !std::mem::replace(&mut self.complained, true)
        {
            report(format_args!(
                "hueless: a worker is stuck and no spare thread can be started ({error}): tasks \
                 that have not begun wait; raise the limit of threads (ulimit -u)"
            ));
        }
    }

    fn report(&mut self, shared: &Shared, remote: &Remote, seen: &Seen, now: Instant) {
        let stuck_for = now - seen.since;
        if stuck_for < STALL || self.reported[remote.index] == Some(seen.switches) {
            return;
        }
        let waiting = waiting_behind(remote, seen, now);
        let spares_exhausted =
            shared.seats.wanted_spares() == shared.remotes.len() - shared.settings.workers;
        // In a migrating runtime nobody waits as long as there is a spare for what waits.
        let is_stall = waiting != 0 && (!shared.settings.migrates || spares_exhausted);
        // The task that runs is listed too.
        let parked = remote.owned.len().saturating_sub(1 + waiting);
        // In a migrating runtime those who are made ready run elsewhere.
        let may_be_silent = waiting == 0 && parked != 0 && !shared.settings.migrates;
        if !is_stall {
            let looked = &mut self.looked[remote.index];
            let lately = looked.is_some_and(|at| now - at < SILENT_STALL);
            if !may_be_silent || stuck_for < SILENT_STALL || lately {
                return;
            }
            // Now and then, as it may come to the lock late, and to look means to read a file.
            *looked = Some(now);
        }
        let behind = Behind {
            waiting,
            parked,
            spares_exhausted,
        };
        let hook = shared.settings.on_stall.as_ref();
        let reported = (self.reporter).report(remote, seen.switches, stuck_for, behind, hook);
        if reported {
            self.reported[remote.index] = Some(seen.switches);
        }
    }
}

/// Whether the worker's task has ignored its hint. One whose thread has not had a processor for long
/// enough has not: where others use the machine too, spares would only add to the crowd.
fn ignores(remote: &Remote, hinted: &Hinted, now: Instant) -> bool {
    if now - hinted.at < PATIENCE {
        return false;
    }
    let computed = hinted
        .processor_time
        .zip(remote.processor_time())
        .map(|(then, now)| now.saturating_sub(then));
    match computed {
        Some(computed) if computed < PATIENCE => remote.is_blocked() != Some(false),
        _ => true,
    }
}

/// How many tasks wait behind the one that runs, at least.
fn waiting_behind(remote: &Remote, seen: &Seen, now: Instant) -> usize {
    // Relaxed: a figure.
    let ready = remote.ready.load(Ordering::Relaxed);
    let others = seen.others_ready || remote.inbox.has_tasks() || remote.timers.may_be_due(now);
    ready + usize::from(others)
}

/// Does what can be done on behalf of a stuck worker.
fn serve(shared: &Shared, remote: &Remote, now: Instant) {
    if let Some(poller) = remote.poller() {
        poller.poll_for_other();
    }
    if shared.settings.migrates
        && let Some(task) = remote.run_next.steal()
    {
        shared.submit_ready(TaskPtr::new(task));
    }
    if shared.settings.migrates && remote.timers.may_be_due(now) {
        let mut expired = Vec::new();
        // SAFETY: the runtime migrates. A timer's task is parked and disarms before it leaves; a
        // frame's disarms before it leaves the frame.
        unsafe {
            remote.timers.fire_for_other(|timer| {
                if timer.as_ref().is_of_frame() {
                    expired.push(Expired::mark(timer));
                    return;
                }
                let task = TaskPtr::from_timer(timer);
                if task.get().header.claim.settle_current(Settled::DEADLINE) {
                    super::ready(task);
                }
            });
        }
        expired.into_iter().for_each(Expired::finish);
    }
}

/// Wakes the spares from `from` to `to`, so that they see that they are not wanted.
fn wake_spares(shared: &Shared, from: usize, to: usize) {
    let workers = shared.settings.workers;
    for spare in &shared.remotes[workers + from..workers + to] {
        shared.wake_spare(spare);
    }
}
