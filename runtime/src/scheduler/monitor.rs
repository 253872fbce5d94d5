//! The monitor: one thread a runtime that watches its workers.
//!
//! Every [`TICK`], as long as a worker is awake, it
//! - raises the hint of a task that has run for [`SLICE`], or for a tick while a timer, a socket or a
//!   message has made a neighbour ready; the hint carries the worker's switch count, so one that
//!   comes late hits nobody;
//! - wakes a worker for tasks that lie in a deque, where whoever put them there left that to it;
//! - takes over from workers that do not react to their hints: see [`take_over`](super::take_over).
//!
//! When all workers sleep it gives free stacks back to the system, bit by bit, after a wave of tasks
//! the heap's free pages too, and then rests until a worker wakes it: an idle runtime makes no
//! wake-ups at all.
//!
//! A worker that wakes up wakes the monitor, unless that has said that it will look within a tick
//! anyway: it rests until a tick after the next timer, so a runtime that only sleeps and ticks costs
//! one wake-up of the monitor for each of the worker's, and no system call of the worker's. To be
//! woken is dearer than a few ticks, so after a short rest the monitor goes on for [`LULL`] before
//! the next one; after a long one it watches for about as long as the workers were busy.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::scheduler::chatter::Watch;
use crate::scheduler::counts::count;
use crate::scheduler::remote::Remote;
use crate::scheduler::shared::Shared;
use crate::scheduler::starved::Feeder;
use crate::scheduler::take_over::TakeOver;
use crate::scheduler::threads::Threads;
use crate::{stack, sys, task};

/// How often the monitor looks. So much less than a millisecond that what lies about is with another
/// worker within one: the system's timers add 50 µs, the thief waits for 100 µs, and both threads
/// have to be woken.
pub(super) const TICK: Duration = Duration::from_micros(700);
/// How long a task may run while its neighbours are its equals.
const SLICE: Duration = Duration::from_millis(10);
/// How long it may once something else has made a neighbour ready; a tick at most, so that the next
/// look finds it over.
const SHORT_SLICE: Duration = Duration::from_micros(700);
/// The slice of a runtime whose order is seeded: so long that a busy machine does not change it.
const SEEDED_SLICE: Duration = Duration::from_secs(1);
/// Ticks of silence, at most, before the monitor takes the workers for idle.
const LULL: u32 = 25;
/// After a rest of this length the monitor is quick to rest again.
const LONG_REST: Duration = Duration::from_millis(20);
/// How often free stacks are trimmed while the workers sleep.
const TRIM_PERIOD: Duration = Duration::from_millis(100);

/// So many started tasks at once leave a heap worth trimming.
const WAVE: usize = 1 << 16;

/// Starts the monitor of a runtime.
pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let shared_there = shared.clone();
    let ended = Ended(shared.threads.clone());
    shared.threads.starts();
    let spawned = std::thread::Builder::new()
        .name("hueless-monitor".into())
        .spawn(move || {
            // Dropped last, whatever happens.
            let _ended = ended;
            let shared = shared_there;
            if !shared.settings.migrates {
                // Among workers that have them it would be late.
                sys::thread::prefer_short_slices();
            }
            Monitor::new(&shared).watch();
        });
    match spawned {
        Ok(handle) => {
            let _ = shared.monitor.set(handle.thread().clone());
            Ok(())
        }
        // The closure, and with it the count, has been dropped.
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!(
                "cannot start the thread that watches the workers: {error}; raise the limit of \
                 threads (ulimit -u), of address space (ulimit -v) or of mappings"
            ),
        )),
    }
}

/// Counts the monitor out.
struct Ended(Arc<Threads>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ends();
    }
}

struct Monitor<'a> {
    shared: &'a Arc<Shared>,
    seen: Vec<Seen>,
    /// In a migrating runtime: whose tasks are chatting.
    tempers: Watch,
    take_over: TakeOver,
    /// The most tasks since the heap was trimmed last.
    most_tasks: usize,
    /// When memory was given back last.
    trimmed: Option<Instant>,
    feeder: Feeder,
}

impl<'a> Monitor<'a> {
    fn new(shared: &'a Arc<Shared>) -> Self {
        let now = Instant::now();
        Self {
            shared,
            seen: shared.remotes.iter().map(|_| Seen::new(now)).collect(),
            tempers: Watch::new(shared.remotes.len()),
            take_over: TakeOver::default(),
            most_tasks: 0,
            trimmed: None,
            feeder: Feeder::default(),
        }
    }

    /// Watches until the workers have ended.
    fn watch(&mut self) {
        // Looks that found all workers asleep, and how many of them make a lull.
        let (mut quiet, mut lull) = (0, LULL);
        // Since when it rests, if it does.
        let mut resting: Option<Instant> = None;
        // The monitor counts itself.
        while !(self.shared.is_stopping() && self.shared.threads.count() == 1) {
            if resting.is_none() {
                std::thread::park_timeout(TICK);
            }
            // Before the look, so that this sees all that was done.
            let all_sleep = self.shared.all_sleep();
            self.look();
            if all_sleep {
                quiet += 1;
            } else {
                quiet = 0;
                lull = LULL.min(lull + 1);
            }
            if quiet < lull {
                resting = None;
                continue;
            }
            let since = *resting.get_or_insert_with(Instant::now);
            let woken = self.tidy_up_and_rest();
            let long = since.elapsed() >= LONG_REST;
            lull = if long { 1 } else { LULL };
            if woken {
                (quiet, resting) = (0, None);
            }
        }
    }

    fn look(&mut self) {
        let shared = self.shared;
        let now = Instant::now();
        let slices = match shared.settings.seed {
            None => (SHORT_SLICE, SLICE),
            Some(_) => (SEEDED_SLICE, SEEDED_SLICE),
        };
        for (remote, seen) in shared.taken().iter().zip(&mut self.seen) {
            seen.look(remote, now, slices, shared.is_stopping());
        }
        if shared.settings.migrates {
            self.tempers.look(shared, now);
        }
        self.most_tasks = self.most_tasks.max(shared.started_tasks());
        let stealable = shared.has_stealable();
        if stealable && shared.idle.should_wake() {
            shared.wake_one(0);
        }
        self.take_over.look(shared, &self.seen, now, stealable);
        self.feeder.look(shared, now);
    }

    /// While all workers sleep: gives memory back, and rests. True if a worker has woken it up.
    fn tidy_up_and_rest(&mut self) -> bool {
        let now = Instant::now();
        let waited = self.trimmed.map_or(TRIM_PERIOD, |at| now - at);
        // Not more often: what is not needed between two calls is given back.
        let more = if waited < TRIM_PERIOD {
            Some(TRIM_PERIOD - waited)
        } else {
            self.trimmed = Some(now);
            self.tidy_up(now).then_some(TRIM_PERIOD)
        };
        self.rest(more)
    }

    /// Gives memory back; whether there is more to do.
    fn tidy_up(&mut self, now: Instant) -> bool {
        let mut more = stack::trim() | task::trim_blocks();
        if !more && self.most_tasks >= WAVE && self.shared.started_tasks() < self.most_tasks / 2 {
            self.most_tasks = 0;
            free_old_buffers();
            sys::heap::trim();
        }
        if self.shared.starved.len() != 0 {
            self.feeder.look(self.shared, now);
            more = true;
        }
        more
    }

    /// Rests until a worker wakes it, for `limit`, or until a tick after the next timer; true in the
    /// first case.
    fn rest(&self, limit: Option<Duration>) -> bool {
        let shared = self.shared;
        let now = Instant::now();
        let timer = shared.time_to_next_timer(now).map(|left| left + TICK);
        let limit = timer.into_iter().chain(limit).min();
        shared.monitor_rest.begin(now, limit);
        let ends = shared.is_stopping() && shared.threads.count() == 1;
        if shared.all_sleep() && !ends {
            match limit {
                Some(limit) => std::thread::park_timeout(limit),
                None => std::thread::park(),
            }
        }
        shared.monitor_rest.end()
    }
}

/// Frees the buffers that the deques have outgrown. They are retired by epochs, which advance only
/// while somebody steals: left alone, an idle runtime would keep tens of megabytes of them.
fn free_old_buffers() {
    // What was retired in one epoch is freed two later; one more for what others flush meanwhile.
    for _ in 0..4 {
        crossbeam_epoch::pin().flush();
    }
}

/// A hint that was raised.
pub(super) struct Hinted {
    pub(super) at: Instant,
    /// The processor time that the worker's thread had had by then.
    pub(super) processor_time: Option<Duration>,
}

/// What the monitor remembers of a worker.
pub(super) struct Seen {
    pub(super) switches: u64,
    /// Since when the count has been the same.
    pub(super) since: Instant,
    /// The hint that was raised, if it was.
    pub(super) hinted: Option<Hinted>,
    /// Whether somebody waits whom the worker does not know of yet.
    pub(super) others_ready: bool,
}

impl Seen {
    fn new(now: Instant) -> Self {
        Self {
            switches: 0,
            since: now,
            hinted: None,
            others_ready: false,
        }
    }

    fn look(
        &mut self,
        remote: &Remote,
        now: Instant,
        (short_slice, slice): (Duration, Duration),
        is_stopping: bool,
    ) {
        // Relaxed: figures.
        let switches = remote.switches.load(Ordering::Relaxed);
        if switches != self.switches || !remote.is_awake() || !remote.is_running() {
            self.switches = switches;
            self.since = now;
            self.hinted = None;
            return;
        }
        let ran = now - self.since;
        if ran < short_slice || self.hinted.is_some() {
            return;
        }
        self.others_ready = remote.inbox.has_tasks()
            || remote.timers.may_be_due(now)
            || remote.poller().is_some_and(|poller| poller.is_ready());
        if ran >= slice || self.others_ready || is_stopping {
            self.hinted = Some(Hinted {
                at: now,
                processor_time: remote.processor_time(),
            });
            // Relaxed: advice.
            remote.hint.store(switches, Ordering::Relaxed);
            count(&remote.counts.hints);
        }
    }
}
