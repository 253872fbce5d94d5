//! The blocking pool: OS threads for calls that block.
//!
//! A job lies on the stack of the task that waits for it, so it may borrow. The wait is shielded:
//! the task stays until the job has run, whatever happens, and the job's result or panic comes back
//! to it.
//!
//! Protocol:
//! 1. The task parks; the commit queues the job's address. Only then can a pool thread reach it.
//! 2. A pool thread runs the job, stores the outcome in the task's frame, claims the wait and
//!    readies the task. After that it touches the job no more.
//!
//! Threads are started when a job finds none idle, up to the limit; jobs beyond it queue. An idle
//! thread ends after [`KEEP`].

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::park::{Ticket, Wait};
use crate::scheduler;

/// How long an idle thread waits for another job.
const KEEP: Duration = Duration::from_secs(10);

/// Runs `f` on an OS thread of the runtime's blocking pool while the calling task parks; so a call
/// that blocks its thread (a file, a C library, a lock of std's held for long) blocks neither the
/// worker nor its other tasks. `f` may borrow: the call returns only once `f` has.
///
/// On a plain OS thread, and when no thread can be had, `f` runs in place. Thread-locals that `f`
/// sees are the pool thread's.
///
/// Not a point of cancellation once `f` is queued.
///
/// # Panics
/// With `f`'s payload when `f` panics.
///
/// # Examples
///
/// ```
/// let path = String::from("/proc/version");
/// let text = hueless_runtime::run(|| {
///     hueless_runtime::blocking(|| std::fs::read_to_string(&path))
/// });
/// # let _ = text;
/// ```
pub fn blocking<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let Some(pool) = scheduler::current_pool() else {
        return f();
    };
    drop(Wait::begin());
    let wait = Wait::begin_shielded();
    let mut job = Job {
        f: Some(f),
        result: None,
        ticket: wait.ticket(),
    };
    let queued = JobPtr {
        job: (&raw mut job).cast(),
        run: run_job::<F, T>,
    };
    // The outcome needs no look: settled means that the job has run, declined that it could not.
    let _ = wait.park(None, || pool.submit(queued));
    match job.result.take() {
        Some(Ok(value)) => value,
        Some(Err(payload)) => resume_unwind(payload),
        None => (job
            .f
            .take()
            .expect("a job that has not run has its closure"))(),
    }
}

struct Job<F, T> {
    f: Option<F>,
    result: Option<thread::Result<T>>,
    ticket: Ticket,
}

/// A job without its types.
pub(crate) struct JobPtr {
    job: *mut (),
    run: unsafe fn(*mut ()),
}

// SAFETY: `blocking` asks for `F: Send` and `T: Send`, and the frame stays until the job has run.
unsafe impl Send for JobPtr {}

/// # Safety
/// `job` is the `Job<F, T>` of a task parked in `blocking`; called once.
unsafe fn run_job<F: FnOnce() -> T, T>(job: *mut ()) {
    // SAFETY: the task stays parked until the ready below, so its frame is alive and this thread's.
    unsafe {
        let job = &mut *job.cast::<Job<F, T>>();
        let f = job.f.take().expect("a job runs once");
        job.result = Some(catch_unwind(AssertUnwindSafe(f)));
        // Shielded and without a deadline: nobody else settles this wait.
        let claimed = job.ticket.claim(0).expect("nobody else claims a job");
        claimed.ready();
    }
}

/// A runtime's threads for blocking calls.
pub(crate) struct Pool {
    queue: Mutex<Option<Sender<JobPtr>>>,
    jobs: Receiver<JobPtr>,
    limit: usize,
    threads: Arc<Threads>,
}

/// What the pool knows of its threads.
#[derive(Default)]
struct Threads {
    counts: Mutex<Counts>,
    ended: Condvar,
}

#[derive(Default)]
struct Counts {
    /// Threads that wait for a job, minus jobs that wait for a thread.
    idle: isize,
    alive: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks panics.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(crate) fn new(limit: usize) -> Self {
        let (queue, jobs) = crossbeam_channel::unbounded();
        Self {
            queue: Mutex::new(Some(queue)),
            jobs,
            limit,
            threads: Arc::default(),
        }
    }

    /// Queues `job`; false if there is no thread for it and none can be started.
    fn submit(&self, job: JobPtr) -> bool {
        let queue = lock(&self.queue);
        let Some(queue) = &*queue else {
            return false;
        };
        let mut counts = lock(&self.threads.counts);
        if counts.idle <= 0 && counts.alive < self.limit {
            let jobs = self.jobs.clone();
            let threads = self.threads.clone();
            let started = thread::Builder::new()
                .name("hueless-blocking".into())
                .spawn(move || serve(&jobs, &threads));
            match started {
                Ok(_) => {
                    counts.alive += 1;
                    counts.idle += 1;
                }
                Err(_) if counts.alive == 0 => return false,
                Err(_) => {}
            }
        }
        counts.idle -= 1;
        drop(counts);
        queue.send(job).is_ok()
    }

    /// How many threads there are, and how many jobs wait for one.
    pub(crate) fn figures(&self) -> (usize, usize) {
        let counts = lock(&self.threads.counts);
        (counts.alive, counts.idle.min(0).unsigned_abs())
    }

    /// Whether a job runs or waits for a thread.
    pub(crate) fn is_busy(&self) -> bool {
        let counts = lock(&self.threads.counts);
        counts.idle < counts.alive as isize
    }

    /// Ends the threads as soon as they have nothing to do.
    pub(crate) fn stop(&self) {
        drop(lock(&self.queue).take());
    }

    /// Waits until all threads have ended; false when the deadline passed first.
    pub(crate) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        let mut counts = lock(&self.threads.counts);
        while counts.alive != 0 {
            let left = deadline.map_or(Duration::MAX, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            counts = self
                .threads
                .ended
                .wait_timeout(counts, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}

fn serve(jobs: &Receiver<JobPtr>, threads: &Threads) {
    loop {
        match jobs.recv_timeout(KEEP) {
            Ok(job) => {
                // SAFETY: queued by `blocking`, taken from the queue once.
                unsafe { (job.run)(job.job) };
                lock(&threads.counts).idle += 1;
            }
            Err(reason) => {
                let mut counts = lock(&threads.counts);
                // A job may have been queued for this thread since; `submit` counts and queues
                // under locks that are taken in the same order, so the count tells.
                if reason == RecvTimeoutError::Timeout && counts.idle <= 0 {
                    continue;
                }
                counts.idle -= 1;
                counts.alive -= 1;
                threads.ended.notify_all();
                return;
            }
        }
    }
}
