//! What a runtime is doing, in numbers.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::runtime::global::global;
use crate::runtime::stacks::stacks;
use crate::scheduler::{self, Shared};

/// The figures of a runtime, as [`Runtime::metrics`](crate::runtime::Runtime::metrics) saw them.
///
/// They are always kept, cost next to nothing, and are read without stopping anyone, so figures that
/// belong together may be a few tasks apart.
///
/// `Display` makes a table of them.
///
/// # Examples
///
/// ```
/// let runtime = hueless_runtime::runtime::Builder::new().workers(2).build()?;
/// let before = runtime.metrics();
/// runtime.run(|| hueless_runtime::spawn(|| ()).join().unwrap());
/// let metrics = runtime.metrics().since(&before);
/// assert_eq!(metrics.spawned, 2);
/// println!("{metrics}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Each worker's figures; the spares that run come last. Their differences show the skew of
    /// tasks that stay where they started.
    pub workers: Vec<WorkerMetrics>,
    /// Tasks that have not ended.
    pub alive: usize,
    /// Of those: waiting for something.
    pub parked: usize,
    /// Of those: started, and waiting for a worker.
    pub runnable: usize,
    /// Of those: not begun.
    pub unstarted: usize,
    /// Of the latter: waiting for a stack.
    pub starved: usize,
    /// Tasks spawned so far.
    pub spawned: u64,
    /// Times a worker took tasks from another one.
    pub steals: u64,
    /// Times a sleeping worker was woken from outside for a task of its own.
    pub inbox_wakes: u64,
    /// Times a task was asked to yield.
    pub hints: u64,
    /// Times a worker did not react to that and others took over what they could.
    pub take_overs: u64,
    /// Stalls reported.
    pub stalls: u64,
    /// Stacks of started tasks, and those that workers keep warm; of the whole process.
    pub stacks_in_use: usize,
    /// Stacks in the pool that the runtimes share; of the whole process.
    pub stacks_free: usize,
    /// Bytes of address space for stacks; of the whole process.
    pub stack_bytes: usize,
    /// OS threads for blocking calls.
    pub blocking_threads: usize,
    /// Blocking calls that wait for a thread.
    pub blocking_queued: usize,
    /// Armed timers.
    pub timers: usize,
}

/// One worker's part of the [`Metrics`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// Its number.
    pub index: usize,
    /// Whether it stands in for workers that are stuck.
    pub is_spare: bool,
    /// Whether it has a task that does not react.
    pub is_stuck: bool,
    /// Tasks that it started and that have not ended.
    pub started: usize,
    /// Started tasks that wait for it, as of its last switch.
    pub runnable: usize,
    /// Times it switched to a task.
    pub switches: u64,
    /// Times it took tasks from another worker.
    pub steals: u64,
    /// Armed timers.
    pub timers: usize,
}

impl Metrics {
    pub(crate) fn of(shared: &Shared) -> Self {
        let stacks = stacks();
        let (blocking_threads, blocking_queued) = shared.pool.figures();
        let mut metrics = Self {
            // Relaxed, here and below: figures.
            spawned: shared.spawned_outside.load(Ordering::Relaxed),
            starved: shared.starved.len(),
            stacks_in_use: stacks.in_use,
            stacks_free: stacks.free,
            stack_bytes: stacks.reserved,
            blocking_threads,
            blocking_queued,
            ..Self::default()
        };
        let (mut ended, mut started, mut running) = (0, 0, 0);
        for remote in &shared.remotes {
            let counts = &remote.counts;
            ended += counts.ended.load(Ordering::Relaxed);
            metrics.spawned += counts.spawned.load(Ordering::Relaxed);
            metrics.inbox_wakes += counts.inbox_wakes.load(Ordering::Relaxed);
            metrics.hints += counts.hints.load(Ordering::Relaxed);
            metrics.take_overs += counts.take_overs.load(Ordering::Relaxed);
            metrics.stalls += counts.stalls.load(Ordering::Relaxed);
            metrics.steals += counts.steals.load(Ordering::Relaxed);
            if !remote.live.load(Ordering::Relaxed) {
                continue;
            }
            let worker = WorkerMetrics {
                index: remote.index,
                is_spare: remote.is_spare,
                is_stuck: remote.stuck.load(Ordering::Relaxed),
                started: remote.owned.len(),
                runnable: remote.ready.load(Ordering::Relaxed),
                switches: remote.switches.load(Ordering::Relaxed),
                steals: counts.steals.load(Ordering::Relaxed),
                timers: remote.timers.len(),
            };
            started += worker.started;
            metrics.runnable += worker.runnable;
            metrics.timers += worker.timers;
            running += usize::from(remote.is_awake());
            metrics.workers.push(worker);
        }
        metrics.alive = metrics.spawned.saturating_sub(ended) as usize;
        metrics.unstarted = metrics.alive.saturating_sub(started);
        metrics.parked = started
            .saturating_sub(metrics.runnable)
            .saturating_sub(running);
        metrics
    }

    /// What has happened since `old` was taken: counts are differences, the rest is as it is now.
    pub fn since(&self, old: &Self) -> Self {
        let mut new = self.clone();
        new.spawned -= old.spawned.min(new.spawned);
        new.steals -= old.steals.min(new.steals);
        new.inbox_wakes -= old.inbox_wakes.min(new.inbox_wakes);
        new.hints -= old.hints.min(new.hints);
        new.take_overs -= old.take_overs.min(new.take_overs);
        new.stalls -= old.stalls.min(new.stalls);
        for worker in &mut new.workers {
            if let Some(old) = old.workers.iter().find(|old| old.index == worker.index) {
                worker.switches -= old.switches.min(worker.switches);
                worker.steals -= old.steals.min(worker.steals);
            }
        }
        new
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "tasks     {} alive: {} parked, {} runnable, {} not begun ({} without a stack); {} spawned",
            self.alive, self.parked, self.runnable, self.unstarted, self.starved, self.spawned
        )?;
        writeln!(
            f,
            "events    {} steals, {} inbox wake-ups, {} hints, {} take-overs, {} stalls",
            self.steals, self.inbox_wakes, self.hints, self.take_overs, self.stalls
        )?;
        writeln!(
            f,
            "stacks    {} in use, {} free, {} MiB of address space",
            self.stacks_in_use,
            self.stacks_free,
            self.stack_bytes >> 20
        )?;
        writeln!(
            f,
            "blocking  {} threads, {} calls queued",
            self.blocking_threads, self.blocking_queued
        )?;
        writeln!(f, "timers    {}", self.timers)?;
        write!(
            f,
            "worker    {:>9} {:>9} {:>12} {:>9} {:>9}",
            "started", "runnable", "switches", "steals", "timers"
        )?;
        for worker in &self.workers {
            let mark = match (worker.is_stuck, worker.is_spare) {
                (true, _) => " stuck",
                (false, true) => " spare",
                (false, false) => "",
            };
            write!(
                f,
                "\n{:>6}    {:>9} {:>9} {:>12} {:>9} {:>9}{mark}",
                worker.index,
                worker.started,
                worker.runnable,
                worker.switches,
                worker.steals,
                worker.timers
            )?;
        }
        Ok(())
    }
}

/// The figures of the current task's runtime, else of the global one.
///
/// # Panics
/// When the global runtime is needed and cannot be started.
///
/// # Examples
///
/// ```
/// let alive = hueless_runtime::run(|| hueless_runtime::runtime::metrics().alive);
/// assert!(alive >= 1);
/// ```
pub fn metrics() -> Metrics {
    // SAFETY: a worker outlives its time in the thread-local.
    match unsafe { scheduler::current_worker().as_ref() } {
        Some(worker) => Metrics::of(worker.shared()),
        None => Metrics::of(global().shared()),
    }
}
