//! A worker's timers: the wheel, who may touch it, and what the monitor sees of it.
//!
//! The wheel is its worker's alone: a pinned task's timer is armed, fired and disarmed on that
//! task's worker. In a migrating runtime others may do the latter two, so there the wheel lies
//! behind a lock. Whoever fires a timer settles its task's wait before releasing the lock, and the
//! task takes the lock to disarm before it leaves its wait, so a timer is there as long as somebody
//! looks at it.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::park::Lock;
use crate::scheduler::timer::{Timer, Wheel};

/// See the module.
pub(crate) struct Timers {
    wheel: Wheel,
    /// Taken in a migrating runtime.
    lock: Option<Lock<()>>,
    /// How many are armed, for others to read.
    armed: AtomicUsize,
    /// When the first is due or earlier, in nanoseconds from the wheel's start; for the monitor.
    next: AtomicU64,
}

impl Timers {
    pub(super) fn new(migrates: bool) -> Self {
        Self {
            wheel: Wheel::new(),
            lock: migrates.then(|| Lock::new(())),
            armed: AtomicUsize::new(0),
            next: AtomicU64::new(u64::MAX),
        }
    }

    /// How many are armed.
    pub(crate) fn len(&self) -> usize {
        // Relaxed: for others a figure, for the worker its own.
        self.armed.load(Ordering::Relaxed)
    }

    /// Whether a timer may be due at `now`; true at times when none is. From any thread.
    pub(super) fn may_be_due(&self, now: Instant) -> bool {
        self.time_left(now).is_some_and(|left| left.is_zero())
    }

    /// How long after `now` the first timer may be due. From any thread.
    pub(super) fn time_left(&self, now: Instant) -> Option<Duration> {
        if self.len() == 0 {
            return None;
        }
        // Relaxed: a figure.
        match self.next.load(Ordering::Relaxed) {
            u64::MAX => None,
            next => Some(Duration::from_nanos(next).saturating_sub(now - self.wheel.started_at())),
        }
    }

    /// Arms `timer`, then runs `commit`, which lets others reach the timer's task, and disarms it
    /// if that declines.
    ///
    /// # Safety
    /// On this worker. The timer is not armed and stays where it is until it has fired or been
    /// disarmed.
    pub(super) unsafe fn arm(
        &self,
        timer: NonNull<Timer>,
        deadline: Instant,
        commit: impl FnOnce() -> bool,
    ) -> bool {
        let _guard = self.lock.as_ref().map(Lock::lock);
        // SAFETY: nobody else touches the wheel, by the contract or the lock; the timer is as the
        // contract says.
        let due = unsafe { self.wheel.arm(timer, deadline) };
        // Relaxed: a figure.
        if due < self.next.load(Ordering::Relaxed) {
            self.next.store(due, Ordering::Relaxed);
        }
        let left = commit();
        if !left {
            // SAFETY: as above; armed in this wheel.
            unsafe { self.wheel.disarm(timer) };
        }
        self.publish_len();
        left
    }

    /// Disarms `timer` if it is armed.
    ///
    /// # Safety
    /// On this worker, or its runtime migrates. If the timer is armed, it is so here.
    pub(super) unsafe fn disarm(&self, timer: NonNull<Timer>) {
        let _guard = self.lock.as_ref().map(Lock::lock);
        // SAFETY: as in `arm`.
        unsafe { self.wheel.disarm(timer) };
        self.publish_len();
    }

    /// Calls `fire` for what is due; `fire` settles the wait.
    ///
    /// # Safety
    /// On this worker.
    pub(super) unsafe fn fire(&self, fire: impl FnMut(NonNull<Timer>)) {
        if self.len() == 0 {
            return;
        }
        let _guard = self.lock.as_ref().map(Lock::lock);
        self.advance(Instant::now(), fire);
    }

    /// Calls `fire` for what is due, from another thread, if nobody is at it.
    ///
    /// # Safety
    /// The runtime migrates.
    pub(super) unsafe fn fire_for_other(&self, fire: impl FnMut(NonNull<Timer>)) {
        let lock = self.lock.as_ref().expect("a migrating runtime");
        if let Some(_guard) = lock.try_lock() {
            self.advance(Instant::now(), fire);
        }
    }

    /// How long from now until the worker wants to look again; `None` if nothing is armed. Others
    /// see the same from now on, whatever was disarmed before.
    ///
    /// # Safety
    /// On this worker.
    pub(super) unsafe fn next_timeout(&self) -> Option<Duration> {
        if self.len() == 0 {
            return None;
        }
        let _guard = self.lock.as_ref().map(Lock::lock);
        let now = Instant::now();
        let timeout = self.wheel.next_timeout(now)?;
        let at = (now - self.wheel.started_at()).saturating_add(timeout);
        // Relaxed: a figure.
        let nanos = at.as_nanos().min(u128::from(u64::MAX)) as u64;
        self.next.store(nanos, Ordering::Relaxed);
        Some(timeout)
    }

    fn advance(&self, now: Instant, fire: impl FnMut(NonNull<Timer>)) {
        self.wheel.advance(now, fire);
        // Relaxed: a figure.
        self.next.store(
            self.wheel.next_look().unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
        self.publish_len();
    }

    fn publish_len(&self) {
        // Relaxed: see `len`.
        self.armed.store(self.wheel.len(), Ordering::Relaxed);
    }
}
