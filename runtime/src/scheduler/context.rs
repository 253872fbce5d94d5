//! Who runs here: the way from any code to its worker and task.
//!
//! The thread-local holds the worker's address and nothing else. It is read through
//! [`current_worker`], which is never inlined and returns the value, not the thread-local's
//! address: so no reference into a thread's storage can live across a suspension.

use std::cell::Cell;
use std::io;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::blocking::Pool;
use crate::cancel::UNWINDS;
use crate::driver::Poller;
use crate::park::{Settled, Ticket, Wait, unwind_cancelled};
use crate::runtime;
use crate::scheduler::remote::Remote;
use crate::scheduler::shared::Shared;
use crate::scheduler::timer::Timer;
use crate::scheduler::worker::Worker;
use crate::stack::Class;
use crate::task::{BlockCache, JoinHandle, Spec, TaskHeader, TaskId, TaskPtr, allocate};

thread_local! {
    static WORKER: Cell<*const Worker> = const { Cell::new(ptr::null()) };
}

/// The worker whose thread this is, or null.
#[inline(never)]
pub(crate) fn current_worker() -> *const Worker {
    // No destructor, so it can be read at any time.
    let mut worker = WORKER.with(Cell::get);
    // SAFETY: no instruction at all. It keeps the compiler from concluding that two calls give the
    // same answer, which they need not where a task has changed threads in between.
    unsafe { std::arch::asm!("/* {0} */", inout(reg) worker, options(nostack, preserves_flags)) };
    worker
}

/// Says whose thread this is.
pub(crate) fn enter(worker: *const Worker) {
    WORKER.with(|current| current.set(worker));
}

/// The task that runs here; `None` on plain threads and on a worker's own stack.
#[inline]
pub(crate) fn current_task() -> Option<TaskPtr> {
    let worker = current_worker();
    // SAFETY: a worker outlives its time in the thread-local.
    unsafe { worker.as_ref() }?.current()
}

/// What runs on a thread, and since when: the same as long as its worker runs one task without a break,
/// and for ever on a thread that is no worker's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    worker: *const Worker,
    switches: u64,
    /// As [`current_task`] has it.
    pub(crate) task: Option<TaskPtr>,
}

impl Moment {
    /// The present one.
    #[inline]
    pub(crate) fn now() -> Self {
        let worker = current_worker();
        // SAFETY: as in `current_task`.
        let (switches, task) = unsafe { worker.as_ref() }.map_or((0, None), |worker| {
            // Relaxed: the count is this thread's own.
            let switches = worker.remote().switches.load(Ordering::Relaxed);
            (switches, worker.current())
        });
        Self {
            worker,
            switches,
            task,
        }
    }
}

/// Hides the task that runs here, or shows it again; see `task/no_park.rs`.
pub(crate) fn set_current_task(task: Option<TaskPtr>) {
    // SAFETY: as in `current_task`.
    if let Some(worker) = unsafe { current_worker().as_ref() } {
        worker.set_current(task);
    }
}

/// Makes a parked task ready.
///
/// # Safety
/// The caller has won the task's claim and calls this once for it.
#[inline(never)]
pub(crate) unsafe fn ready(task: TaskPtr) {
    // SAFETY: the task is parked, hence started, so it has a home; that worker is alive as long as
    // its tasks are. `current_worker` is this thread's.
    unsafe {
        let home = task.get().home();
        let worker = current_worker();
        if !worker.is_null() && ptr::eq((*worker).remote(), home) {
            (*worker).push_ready(task);
            return;
        }
        let within = !worker.is_null() && ptr::eq((*worker).remote().shared(), (*home).shared());
        match (task.get().is_movable(), within) {
            (false, _) => Remote::push(home, task, within),
            (true, true) => (*worker).push_ready(task),
            (true, false) => Remote::ready_movable(home, task),
        }
    }
}

/// Settles the only case of a task's wait without a locked instruction, where nobody else can be at it:
/// whether this caller wins. `None` where it has to be settled in the usual way.
///
/// Peers hold the lock that this caller holds, and there is no deadline, so what is left is a
/// cancellation. In the default mode it is the act of the task's worker: if that is here, it is not
/// now. In a migrating runtime it may be that of any worker, by the protocol in
/// [`leaving`](super::leaving): a canceller waits for those who have not seen the flag that it has set.
///
/// # Safety
/// `ticket` is a task's, which is parked. The rest is as for [`Ticket::claim_sole`].
#[inline]
pub(crate) unsafe fn settle_sole(ticket: Ticket) -> Option<bool> {
    // SAFETY: the task is parked, so it is alive, and its home with it; as in `current_task`.
    unsafe {
        let worker = current_worker().as_ref()?;
        let header = TaskPtr::from_header(ticket.header).get();
        if worker.migrates {
            return settle_sole_movable(worker, header, ticket.word);
        }
        if !ptr::eq(worker.remote(), header.home()) {
            return None;
        }
        Some(header.header.claim.settle_here(ticket.word, ONLY_CASE))
    }
}

/// Of an operation that has one.
const ONLY_CASE: Settled = Settled::case(0);

/// [`settle_sole`] in a migrating runtime.
///
/// # Safety
/// As there; `header` and `word` are the ticket's.
unsafe fn settle_sole_movable(worker: &Worker, header: &TaskHeader, word: u64) -> Option<bool> {
    let leaving = &worker.remote().leaving;
    // SAFETY: as in `settle_sole`.
    let theirs = unsafe { (*header.home()).shared() };
    if leaving.has_begun() || !ptr::eq(worker.remote().shared(), theirs) {
        return None;
    }
    let leaving = leaving.begin();
    let settled = (!leaving.is_cancelled(&header.cancelled))
        .then(|| header.header.claim.settle_here(word, ONLY_CASE));
    leaving.end();
    settled
}

/// A number drawn from the seed of the runtime whose worker this is; `None` if it has none.
///
/// For choices that others make at random, so that a seed decides them too.
#[cold]
pub fn seeded_number() -> Option<u64> {
    // SAFETY: as in `current_task`.
    let worker = unsafe { current_worker().as_ref() }?;
    let shuffle = worker.shuffle.as_ref()?;
    Some(shuffle.below(u32::MAX as usize) as u64)
}

/// Spawns on the current task's runtime, else on the global one.
#[inline]
pub(crate) fn spawn<F, T>(
    f: F,
    class: Option<Class>,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // SAFETY: `f` and `T` borrow nothing.
    unsafe { spawn_as(f, class, name, spawned_at, false) }
}

/// [`spawn`] for a task that borrows.
///
/// # Safety
/// What `f` and `T` borrow outlives the task's end.
pub(crate) unsafe fn spawn_lent<F, T>(
    f: F,
    class: Option<Class>,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    // SAFETY: by this contract.
    unsafe { spawn_as(f, class, name, spawned_at, true) }
}

/// # Safety
/// As for [`spawn_lent`].
#[inline]
unsafe fn spawn_as<F, T>(
    f: F,
    class: Option<Class>,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
    is_lent: bool,
) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let worker = current_worker();
    // SAFETY: as in `current_task`.
    match unsafe { worker.as_ref() } {
        Some(worker) => {
            let spec = Spec {
                class: class.unwrap_or(worker.shared().settings.class),
                name,
                spawned_at,
                is_lent,
            };
            // SAFETY: scheduled below, once; the rest by this contract.
            let (task, handle) =
                unsafe { allocate(Some(&worker.blocks), f, spec, worker.next_id()) };
            worker.push_new(task);
            handle
        }
        None => {
            // SAFETY: by this contract.
            unsafe { runtime::global().spawn_as(f, class, name, spawned_at, is_lent) }
        }
    }
}

/// Makes the next thing that a spawn may fail on fail here, as an error.
pub(crate) fn ensure_started() -> io::Result<()> {
    if current_worker().is_null() {
        runtime::try_global()?;
    }
    Ok(())
}

/// This worker's free task blocks; `None` on a plain OS thread.
#[inline]
pub(crate) fn current_blocks<'a>() -> Option<&'a BlockCache> {
    // SAFETY: as in `current_task`.
    Some(&unsafe { current_worker().as_ref() }?.blocks)
}

/// A number for a task that is spawned from here.
pub(crate) fn next_id() -> TaskId {
    // SAFETY: as in `current_task`.
    match unsafe { current_worker().as_ref() } {
        Some(worker) => worker.next_id(),
        None => TaskId::next(),
    }
}

/// See [`crate::driver::current`].
pub(crate) fn current_poller() -> io::Result<Arc<dyn Poller>> {
    // SAFETY: as in `current_task`.
    let worker = unsafe { current_worker().as_ref() };
    if let Some(worker) = worker
        && worker.current().is_some()
    {
        // A spare comes and goes: its tasks' sockets are another worker's.
        let shared = worker.shared();
        return shared.remotes[worker.remote().index % shared.settings.workers].poller_or_new();
    }
    // A thread that waits itself needs a worker that polls: in `no_park`, another than its own.
    // If there is no other, the monitor asks the poller while this thread keeps the worker.
    let workers = runtime::try_global()?.shared().workers();
    let own = worker.map_or(ptr::null(), |worker| ptr::from_ref(worker.remote()));
    let other = workers.iter().find(|remote| !ptr::eq(&***remote, own));
    other.unwrap_or(&workers[0]).poller_or_new()
}

/// Lets other tasks of this worker run first. On a plain OS thread, yields the thread.
///
/// A point of cancellation.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::sync::Arc;
///
/// hueless_runtime::run(|| {
///     let done = Arc::new(AtomicBool::new(false));
///     let seen = done.clone();
///     hueless_runtime::spawn(move || done.store(true, Ordering::Release));
///     while !seen.load(Ordering::Acquire) {
///         hueless_runtime::yield_now();
///     }
/// });
/// ```
#[inline]
pub fn yield_now() {
    let worker = current_worker();
    // SAFETY: as in `current_task`.
    match unsafe { worker.as_ref() }.and_then(|worker| Some((worker, worker.current()?))) {
        Some((worker, task)) => worker.yield_task(task),
        None => {
            drop(Wait::begin());
            std::thread::yield_now();
        }
    }
}

/// Yields if this task has had its time: 10 ms while others wait, about 1 ms when a timer, a socket
/// or a message has made one ready meanwhile. Otherwise costs about a nanosecond.
///
/// Put it into loops that compute for long: started tasks stay on their OS thread, so a neighbour
/// on the same worker runs only when this task reaches an operation that may block, or this call.
/// A point of cancellation when it yields. Does nothing on a plain OS thread.
///
/// # Examples
///
/// ```
/// let handle = hueless_runtime::spawn(|| {
///     let mut sum = 0u64;
///     for i in 0..100_000 {
///         sum += i;
///         hueless_runtime::checkpoint();
///     }
///     sum
/// });
/// assert_eq!(handle.join().unwrap(), 4_999_950_000);
/// ```
#[inline]
pub fn checkpoint() {
    let worker = current_worker();
    // SAFETY: as in `current_task`.
    if let Some(worker) = unsafe { worker.as_ref() }
        && worker.is_hinted()
        && let Some(task) = worker.current()
    {
        worker.preempt(task);
    }
}

/// Whether a task that runs here is asked to look round.
#[inline]
pub(crate) fn is_hinted() -> bool {
    // SAFETY: as in `current_task`.
    unsafe { current_worker().as_ref() }.is_some_and(Worker::is_hinted)
}

/// Whether `task` goes on on this worker, and nowhere else.
///
/// # Safety
/// The task is parked, and stays so as long as this looks.
pub(crate) unsafe fn goes_on_here(task: TaskPtr) -> bool {
    // SAFETY: parked, so it is alive, by this contract; as in `current_task`.
    let (header, worker) = unsafe { (task.get(), current_worker().as_ref()) };
    !header.is_movable() && worker.is_some_and(|here| ptr::eq(here.remote(), header.home()))
}

/// Delivers a pending cancellation to `task`, which runs here.
#[inline]
pub(crate) fn deliver_cancellation(task: TaskPtr) {
    // SAFETY: the running task is alive.
    let cancelled = &unsafe { task.get() }.cancelled;
    // Relaxed: level-triggered; a later look sees it.
    if cancelled.load(Ordering::Relaxed) && UNWINDS && !std::thread::panicking() {
        unwind_cancelled();
    }
}

/// Arms a timer in the wheel of this worker, which is the answer.
///
/// # Safety
/// In a task. The timer is not armed, and stays where it is until it has fired or been
/// [disarmed](disarm).
pub(crate) unsafe fn arm(timer: NonNull<Timer>, deadline: Instant) -> *const Remote {
    // SAFETY: a task runs on a worker; the rest by this contract.
    unsafe {
        let remote = (*current_worker()).remote();
        remote.timers.arm(timer, deadline, || true);
        remote
    }
}

/// Disarms a timer, if it is armed.
///
/// # Safety
/// By the task that has armed it, where [`arm`] has said.
pub(crate) unsafe fn disarm(remote: &Remote, timer: NonNull<Timer>) {
    // SAFETY: the task is on the worker where it was, or its runtime migrates.
    unsafe { remote.timers.disarm(timer) };
}

/// The blocking pool of the runtime whose task runs here; `None` outside tasks.
pub(crate) fn current_pool<'a>() -> Option<&'a Pool> {
    // SAFETY: as in `current_task`. The runtime's pool is there as long as its tasks are, and the
    // caller is one of them.
    let worker = unsafe { current_worker().as_ref() }?;
    worker.current()?;
    Some(&worker.shared().pool)
}

/// [`run_on`] the current task's runtime, else the global one.
#[track_caller]
pub(crate) fn run_here<F, T>(f: F, stack: usize, spawned_at: &'static Location<'static>) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    // SAFETY: as in `current_task`.
    match unsafe { current_worker().as_ref() } {
        Some(worker) => run_on(worker.shared(), f, stack, spawned_at),
        None => run_on(runtime::global().shared(), f, stack, spawned_at),
    }
}

/// Runs `f` as a task of `shared`'s runtime, on a stack of `stack` bytes, and waits for it; so `f`
/// may borrow.
#[track_caller]
pub(crate) fn run_on<F, T>(
    shared: &Shared,
    f: F,
    stack: usize,
    spawned_at: &'static Location<'static>,
) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    // A cancelled caller unwinds before the task exists rather than after.
    drop(Wait::begin());
    let spec = Spec {
        class: Class::for_usable(stack).expect("a stack size of ours"),
        name: None,
        spawned_at,
        is_lent: true,
    };
    // SAFETY: scheduled below, once. What `f` and `T` borrow outlives this call, and this call does
    // not end before the task has: the wait is shielded, and nothing between here and it unwinds.
    let (task, handle) = unsafe { allocate(None, f, spec, next_id()) };
    shared.schedule(task);
    let result = handle.join_lent();
    // What was cancelled meanwhile has been awaited.
    drop(Wait::begin());
    match result {
        Ok(value) => value,
        Err(error) => error.resume(),
    }
}
