//! The blocking pool: OS threads for calls that block.
//!
//! A job lies on the stack of the task that waits for it, so it may borrow. The task leaves only when
//! no pool thread can reach the job any more: it has run, or it was withdrawn before it began.
//!
//! States of a job, in a small shared cell:
//!
//! | state | meaning | who moves it here |
//! | --- | --- | --- |
//! | `Queued` | no thread has it yet | the task, by its park's commit |
//! | `Running` | a pool thread uses the task's frame | that thread |
//! | `Done` | the outcome is in the frame; nobody else touches it | that thread |
//! | `Withdrawn` | the task was cancelled and has left | the task |
//!
//! Protocol: the first park can be cancelled. A task that is cancelled withdraws a job that is still
//! queued; for one that runs it waits again, and nothing ends that wait but the job.
//!
//! Threads are started when a job finds none idle, up to the limit; jobs beyond it queue. An idle
//! thread ends after [`KEEP`].

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{self, Arc, Condvar, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::bare::Mutex;
use crate::park::{Lock, Outcome, Ticket, Wait, unwind_cancelled};
use crate::scheduler;
use crate::sys::signal::Mask;
use crate::task::no_park;

/// How long an idle thread waits for another job.
const KEEP: Duration = Duration::from_secs(10);

/// Runs `f` on an OS thread of the runtime's blocking pool while the calling task parks; so a call
/// that blocks its thread (a file, a C library, a lock of std's held for long) blocks neither the
/// worker nor its other tasks. `f` may borrow: the call returns only once `f` has.
///
/// On a plain OS thread, and when no thread can be had, `f` runs in place. Thread-locals that `f`
/// sees are the pool thread's.
///
/// A point of cancellation. As long as `f` waits for a thread it is dropped without having run. Once
/// it runs, a cancelled task waits for its end, drops what it returns, and unwinds.
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
    let (value, cancelled) = submit(f);
    if cancelled {
        unwind_cancelled();
    }
    value
}

/// [`blocking`] for an operation that a caller who is cancelled has to know of once it has happened: it
/// gets the result, and unwinds at its next blocking point.
pub fn blocking_operation<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    submit(f).0
}

/// [`blocking`] for code that takes itself to block its OS thread: the wait is that of
/// [`Wait::begin_for_std`], so nothing cancels it, and the task goes on on the same thread.
///
/// Half of the pool's threads are for other jobs: what `f` waits for, the end of a thread or a peer, may need one.
/// Beyond that such jobs wait for each other.
///
/// # Errors
/// `f`, which has not run, where such a wait has to block the thread, or no thread of the pool can be had.
///
/// # Panics
/// With `f`'s payload when `f` panics.
pub fn blocking_for_std<F, T>(f: F) -> Result<T, F>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let pool = scheduler::current_pool().filter(|pool| pool.limit > 1);
    let Some(pool) = pool.filter(|_| Wait::would_park_for_std()) else {
        return Err(f);
    };
    let _share = pool.for_std.take(pool.limit / 2);
    run_for_std(f, true)
}

/// [`blocking_for_std`] that waits for no thread of the pool: for a job that others which have them all may wait for.
///
/// # Errors
/// As for that, and where all of the pool's threads are busy.
///
/// # Panics
/// With `f`'s payload when `f` panics.
pub fn blocking_at_once_for_std<F, T>(f: F) -> Result<T, F>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    run_for_std(f, false)
}

fn run_for_std<F, T>(f: F, queues: bool) -> Result<T, F>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let (Some(pool), Some(wait)) = (scheduler::current_pool(), Wait::begin_for_std()) else {
        return Err(f);
    };
    run_in(pool, wait, f, queues).map(|(value, _)| value)
}

/// Runs `f` on the pool, or in place. Also says whether the caller was cancelled while it ran.
fn submit<F, T>(f: F) -> (T, bool)
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let Some(pool) = scheduler::current_pool() else {
        return (f(), false);
    };
    run_in(pool, Wait::begin(), f, true).unwrap_or_else(|f| (f(), false))
}

/// Runs `f` on the pool during `wait`. Also says whether the caller was cancelled meanwhile. Gives `f` back if
/// there is no thread for it, or unless it `queues` none that is free.
fn run_in<F, T>(pool: &Pool, wait: Wait, f: F, queues: bool) -> Result<(T, bool), F>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let cell = Arc::new(Cell::new(State::Queued(wait.ticket())));
    let mut job = Job {
        f: Some(f),
        result: None,
    };
    let queued = JobPtr {
        job: (&raw mut job).cast(),
        run: run_job::<F, T>,
        cell: cell.clone(),
    };
    // Settled means that the job has run, declined that it cannot.
    let cancelled = wait.park(None, || pool.submit(queued, queues)) == Outcome::Cancelled;
    if cancelled {
        withdraw_or_await(&cell);
    }
    match job.result.take() {
        Some(Ok(value)) => Ok((value, cancelled)),
        Some(Err(payload)) => resume_unwind(payload),
        None => Err(job
            .f
            .take()
            .expect("a job that has not run has its closure")),
    }
}

/// What a cancelled task does with its job: unwinds if that has not begun, else waits for its end.
#[cold]
fn withdraw_or_await(cell: &Cell) {
    let wait = Wait::begin_shielded();
    let mut state = cell.lock();
    match &mut *state {
        State::Queued(_) => {
            *state = State::Withdrawn;
            drop(state);
            unwind_cancelled();
        }
        State::Running(ticket) => {
            *ticket = wait.ticket();
            let lock = state.leak();
            let _ = wait.park(None, || {
                // SAFETY: locked above, by this operation.
                unsafe { lock.unlock() };
                true
            });
        }
        State::Done => {}
        State::Withdrawn => unreachable!("a job is withdrawn by its task, which leaves"),
    }
}

/// Whose a job is. The ticket is that of the task's present wait.
enum State {
    Queued(Ticket),
    Running(Ticket),
    Done,
    Withdrawn,
}

type Cell = Lock<State>;

struct Job<F, T> {
    f: Option<F>,
    result: Option<thread::Result<T>>,
}

/// A job without its types.
pub(crate) struct JobPtr {
    job: *mut (),
    run: unsafe fn(*mut ()),
    cell: Arc<Cell>,
}

// SAFETY: `blocking` asks for `F: Send` and `T: Send`, and the frame stays while the job runs.
unsafe impl Send for JobPtr {}

impl JobPtr {
    /// Runs the job, unless it was withdrawn.
    fn run(self) {
        let mut state = self.cell.lock();
        let State::Queued(ticket) = *state else {
            return;
        };
        *state = State::Running(ticket);
        drop(state);
        // SAFETY: the task stays until the job is done, since it is running.
        unsafe { (self.run)(self.job) };
        let mut state = self.cell.lock();
        let State::Running(ticket) = std::mem::replace(&mut *state, State::Done) else {
            unreachable!("a running job is its thread's");
        };
        // SAFETY: the task takes the lock before it leaves, unless this claim is won; so it is here.
        let claimed = unsafe { ticket.claim(0) };
        drop(state);
        // Lost to a cancellation: the task finds the job done.
        drop(claimed);
    }
}

/// # Safety
/// `job` is a `Job<F, T>` that nobody else touches meanwhile; called once.
unsafe fn run_job<F: FnOnce() -> T, T>(job: *mut ()) {
    // SAFETY: by this function's contract.
    let job = unsafe { &mut *job.cast::<Job<F, T>>() };
    let f = job.f.take().expect("a job runs once");
    job.result = Some(catch_unwind(AssertUnwindSafe(f)));
}

/// How many jobs of [`blocking_for_std`] there are: no more than half as many as threads.
///
/// Who waits for its turn does so by std's locks, by which hueless-uncolor parks it: no other caller is there.
#[derive(Default)]
struct Shares {
    taken: sync::Mutex<usize>,
    given_back: Condvar,
}

/// One of them.
struct Share<'a>(&'a Shares);

impl Shares {
    /// Waits until there are fewer than `most`, and takes one.
    fn take(&self, most: usize) -> Share<'_> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = (self.given_back)
            .wait_while(taken, |taken| *taken >= most)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Share(self)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.given_back.notify_one();
    }
}

/// A runtime's threads for blocking calls.
pub(crate) struct Pool {
    queue: Mutex<Option<Sender<JobPtr>>>,
    jobs: Receiver<JobPtr>,
    limit: usize,
    for_std: Shares,
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
            for_std: Shares::default(),
            threads: Arc::default(),
        }
    }

    /// Hands `job` to a thread; false if there is none for it and none can be started. If all are busy it `queues`, or
    /// that is false, too.
    fn submit(&self, job: JobPtr, queues: bool) -> bool {
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
                .spawn(move || {
                    // The one it inherits is a worker's, and its jobs may start processes.
                    if let Some(mask) = Mask::of_program() {
                        let _ = mask.set();
                    }
                    serve(&jobs, &threads)
                });
            match started {
                Ok(_) => {
                    counts.alive += 1;
                    counts.idle += 1;
                }
                Err(_) if counts.alive == 0 => return false,
                Err(_) => {}
            }
        }
        if counts.idle <= 0 && !queues {
            return false;
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
            let ended = &self.threads.ended;
            counts = no_park(|| ended.wait_timeout(counts, left))
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
                job.run();
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
