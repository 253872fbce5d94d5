//! The part of a task that does not depend on its closure's type.
//!
//! States of a task, and who may touch the header's cells in each:
//!
//! | state | where | owner of the cells |
//! | --- | --- | --- |
//! | new | a deque or the injector | whoever takes it out |
//! | running | on its worker | that worker, and the task itself |
//! | ready | its worker's queues, or its inbox | that worker; in the inbox `next` only |
//! | parked | wait queues, timers | its worker; peers only through the claim |
//! | ended | nowhere | the holders, through the state word |
//!
//! A task runs first wherever it is taken from a deque; that worker is its `home` from then on, for
//! good. In a migrating runtime the home is the worker that it ran on last; what others read there
//! while it may be elsewhere is atomic.

use std::cell::{Cell, UnsafeCell};
use std::mem::{MaybeUninit, offset_of};
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};

use crate::park::{Header, Kind, Slot, Ticket};
use crate::scheduler::{self, Linked, Remote, Timer};
use crate::stack::{Class, Stack};
use crate::sys::prefetch;
use crate::task::cell::{Failure, VTable};
use crate::task::fiber::{Fiber, Step, Yield};
use crate::task::id::TaskId;
use crate::task::state::{Finish, State};
use crate::task::{block, names};

/// How a task is parked, for a canceller on its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Parked {
    /// It is not parked: running, or ready.
    No,
    /// Cancellation may end the wait.
    Cancellable,
    /// It may be unwinding: cancellation has to wait until nobody on this worker is.
    MaybeUnwinding,
    /// Nothing but a peer or the deadline ends the wait.
    Shielded,
}

/// What a task's cell holds behind the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The closure.
    New,
    /// The same, and a worker that had many tasks has left the task to the others.
    PassedOn,
    /// Nothing: the closure is running, or the output has been taken.
    Empty,
    /// The output.
    Output,
}

/// Whether a started task may go on on another worker than the one it left its stack on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moves {
    /// Its runtime does not migrate.
    Never,
    /// Not from the park it is in.
    NotNow,
    Now,
}

/// Neighbours in a worker's list of started tasks.
pub(crate) struct Links {
    pub(crate) prev: Cell<*mut TaskHeader>,
    pub(crate) next: Cell<*mut TaskHeader>,
}

/// See the module.
///
/// In three cache lines: what every switch touches; what the worker that runs it writes; what the
/// spawner writes, in front of the closure. A spawner leaves the second alone, so that in a block
/// that a thief has used and uses again that line need not move between them.
#[repr(C)]
pub(crate) struct TaskHeader {
    pub(crate) header: Header,
    pub(crate) state: State,
    /// The link of the queue or inbox the task is in; see `parking` for a running task's. While it is
    /// parked, where it left its stack: see `scheduler/parked.rs`.
    next: AtomicPtr<TaskHeader>,
    /// The worker it is pinned to, or ran on last; null before the first run.
    home: AtomicPtr<Remote>,
    pub(crate) yielder: Cell<Yield>,
    pub(crate) id: TaskId,
    pub(crate) spawned_at: &'static Location<'static>,
    /// A [`Parked`].
    parked: AtomicU8,
    pub(crate) cancelled: AtomicBool,
    moves: Cell<Moves>,
    /// As the cell's content: whose that is, says `state`.
    pub(crate) stage: Cell<Stage>,
    /// The seat of the worker in whose list of started tasks it is.
    listed_with: Cell<u16>,
    /// Whether [`names`] has an entry for it.
    is_named: bool,
    pub(crate) class: Class,

    /// There from the first run to the end of the task's code.
    fiber: UnsafeCell<MaybeUninit<Fiber>>,
    /// There while the task is in a list.
    links: UnsafeCell<MaybeUninit<Links>>,
    /// The joiner's ticket: there while the state says `JOINER`.
    pub(crate) joiner: UnsafeCell<MaybeUninit<Ticket>>,

    vtable: &'static VTable,
    /// Its entry in its worker's wheel; armed at most while it is parked.
    pub(crate) timer: Timer,
    /// For `park` and `unpark`.
    pub(crate) slot: Slot,
    /// The wait in which the last look at long parks found it: see `scheduler/parked.rs`.
    pub(crate) looked_at: Cell<u16>,
}

#[cfg(not(any(feature = "sanitizer", hueless_tsan)))]
const _: () = {
    assert!(offset_of!(TaskHeader, fiber) == 64 && offset_of!(TaskHeader, vtable) == 128);
    // Leaves 24 bytes of the third line for the closure or the output.
    assert!(size_of::<TaskHeader>() == 168);
};

impl TaskHeader {
    pub(crate) fn new(
        vtable: &'static VTable,
        class: Class,
        id: TaskId,
        is_named: bool,
        is_lent: bool,
        spawned_at: &'static Location<'static>,
    ) -> Self {
        Self {
            header: Header::new(Kind::Task),
            state: State::new(is_lent),
            next: AtomicPtr::new(std::ptr::null_mut()),
            home: AtomicPtr::new(std::ptr::null_mut()),
            yielder: Cell::new(std::ptr::null()),
            id,
            spawned_at,
            parked: AtomicU8::new(Parked::No as u8),
            cancelled: AtomicBool::new(false),
            moves: Cell::new(Moves::Never),
            stage: Cell::new(Stage::New),
            listed_with: Cell::new(0),
            is_named,
            class,
            fiber: UnsafeCell::new(MaybeUninit::uninit()),
            links: UnsafeCell::new(MaybeUninit::uninit()),
            joiner: UnsafeCell::new(MaybeUninit::uninit()),
            vtable,
            timer: Timer::new(),
            slot: Slot::new(),
            looked_at: Cell::new(0),
        }
    }

    /// The name it was given, if any.
    pub(crate) fn name(&self) -> Option<&str> {
        // SAFETY: the header is alive as long as the reference to it.
        self.is_named.then(|| unsafe { names::get(self.id) })?
    }

    /// [`name`](Self::name) for reports, in signal handlers too.
    pub(crate) fn try_name(&self) -> Option<&str> {
        // SAFETY: as in `name`.
        self.is_named.then(|| unsafe { names::try_get(self.id) })?
    }

    /// Notes that the new task is left to other workers; false if it has been before.
    pub(crate) fn pass_on(&self) -> bool {
        self.stage.replace(Stage::PassedOn) == Stage::New
    }

    /// Enters the task between its neighbours in a list.
    ///
    /// # Safety
    /// The task is in no list, and the list's owner calls this.
    #[inline]
    pub(crate) unsafe fn enter(&self, links: Links) {
        // SAFETY: the links are the list's owner's by this contract.
        unsafe { (*self.links.get()).write(links) };
    }

    /// Its neighbours in a list.
    ///
    /// # Safety
    /// The task is in a list, and the list's owner calls this.
    #[inline]
    pub(crate) unsafe fn links(&self) -> &Links {
        // SAFETY: written by `enter`, and the list's owner's, by this contract.
        unsafe { (*self.links.get()).assume_init_ref() }
    }

    /// Pins a new task to the worker that starts it, or lists it there if its runtime migrates.
    pub(crate) fn begin_on(&self, worker: &Remote, migrates: bool) {
        self.set_home(worker);
        if migrates {
            self.moves.set(Moves::NotNow);
        }
        self.listed_with.set(worker.index as u16);
    }

    /// See the field.
    #[inline]
    pub(crate) fn home(&self) -> *const Remote {
        // Relaxed: whoever readies the task has won its claim, which orders it.
        self.home.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_home(&self, worker: &Remote) {
        // Relaxed: as above.
        self.home
            .store(std::ptr::from_ref(worker).cast_mut(), Ordering::Relaxed);
    }

    /// See the field.
    #[inline]
    pub(crate) fn next(&self) -> *mut Self {
        // Relaxed: the queue's own order carries it; atomic because a look at `left_at` may meet a
        // waker that queues the task.
        self.next.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_next(&self, next: *mut Self) {
        // Relaxed: as above.
        self.next.store(next, Ordering::Relaxed);
    }

    /// Where it left its stack, while it is parked; some other address once it is ready.
    pub(crate) fn left_at(&self) -> usize {
        self.next().addr()
    }

    #[inline]
    pub(crate) fn set_left_at(&self, stack_pointer: usize) {
        self.set_next(std::ptr::without_provenance_mut(stack_pointer));
    }

    /// Whether its runtime migrates.
    #[inline]
    pub(crate) fn migrates(&self) -> bool {
        self.moves.get() != Moves::Never
    }

    /// Whether it may go on on another worker than the one it left its stack on.
    #[inline]
    pub(crate) fn is_movable(&self) -> bool {
        self.moves.get() == Moves::Now
    }

    /// Decides, before the task leaves its stack, whether it may go on elsewhere: not while
    /// something on this thread unwinds, because std's panic count is the thread's.
    #[inline]
    pub(crate) fn settle_movable(&self) {
        if self.migrates() {
            self.moves.set(if std::thread::panicking() {
                Moves::NotNow
            } else {
                Moves::Now
            });
        }
    }

    /// See the field.
    #[inline]
    pub(crate) fn listed_with(&self) -> usize {
        self.listed_with.get().into()
    }

    /// How the task is parked.
    pub(crate) fn parked(&self) -> Parked {
        // Acquire: a canceller that sees what a park has set sees what came before it.
        match self.parked.load(Ordering::Acquire) {
            0 => Parked::No,
            1 => Parked::Cancellable,
            2 => Parked::MaybeUnwinding,
            _ => Parked::Shielded,
        }
    }

    /// Says how the task is parked.
    #[inline]
    pub(crate) fn set_parked(&self, parked: Parked) {
        // Release pairs with the Acquire in `parked`.
        self.parked.store(parked as u8, Ordering::Release);
    }
}

/// A pointer to a task, without a count of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct TaskPtr(NonNull<TaskHeader>);

// SAFETY: whoever holds the pointer is bound by the table of owners above; new tasks are `Send`
// closures, and started ones reach other threads only as something to push into an inbox.
unsafe impl Send for TaskPtr {}

impl TaskPtr {
    pub(crate) fn new(header: NonNull<TaskHeader>) -> Self {
        Self(header)
    }

    /// The task that `header` opens.
    ///
    /// # Safety
    /// The header's kind is `Task`.
    #[inline]
    pub(crate) unsafe fn from_header(header: NonNull<Header>) -> Self {
        Self(header.cast())
    }

    /// The task's timer.
    ///
    /// # Safety
    /// The task is alive.
    #[inline]
    pub(crate) unsafe fn timer(self) -> NonNull<Timer> {
        // SAFETY: a field of a live header. Projected from the task's pointer, not from a reference
        // to the field, so that `from_timer` may go back.
        unsafe { NonNull::new_unchecked(&raw mut (*self.0.as_ptr()).timer) }
    }

    /// The task whose timer this is.
    ///
    /// # Safety
    /// The timer came from [`timer`](Self::timer).
    pub(crate) unsafe fn from_timer(timer: NonNull<Timer>) -> Self {
        // SAFETY: the field lies in a header, which the pointer may reach, by this contract.
        Self(unsafe { timer.byte_sub(std::mem::offset_of!(TaskHeader, timer)) }.cast())
    }

    #[inline]
    pub(crate) fn as_header(self) -> NonNull<Header> {
        self.0.cast()
    }

    #[inline]
    pub(crate) fn as_non_null(self) -> NonNull<TaskHeader> {
        self.0
    }

    /// The task's header.
    ///
    /// # Safety
    /// The task is alive for as long as the reference is used.
    #[inline]
    pub(crate) unsafe fn get<'a>(self) -> &'a TaskHeader {
        // SAFETY: alive by this function's contract.
        unsafe { self.0.as_ref() }
    }

    /// Has the processor fetch what the start of a new task needs, while the worker does other things
    /// first: in a burst of spawns those lines have left the cache, or lie in another worker's.
    #[inline]
    pub(crate) fn prefetch(self) {
        let header = self.0.as_ptr().cast_const();
        prefetch::line(header.wrapping_byte_add(offset_of!(TaskHeader, fiber)));
        prefetch::line(header.wrapping_byte_add(offset_of!(TaskHeader, vtable)));
    }

    /// Gives a task a stack, on which `entry(task)` begins at the next resume.
    ///
    /// # Safety
    /// The task is this worker's and has no stack; `entry` may be called on it then, and does not
    /// unwind.
    #[inline]
    pub(crate) unsafe fn set_up(self, mut stack: Stack, entry: unsafe fn(TaskPtr)) {
        stack.set_owner(self.0.as_ptr().cast());
        // SAFETY: the task is not freed while it has a stack; the cell is this worker's.
        unsafe { (*self.get().fiber.get()).write(Fiber::new(stack, self, entry)) };
    }

    /// Switches to the task until it suspends or its code ends.
    ///
    /// # Safety
    /// The task is this worker's, has a stack, and its code has not ended.
    #[inline]
    pub(crate) unsafe fn resume(self) -> Step {
        // SAFETY: `set_up` has made the fiber. It is the worker's while the task is not running, and
        // the task does not touch it while it is.
        unsafe { (*self.get().fiber.get()).assume_init_mut().resume() }
    }

    /// Takes the stack of a task whose code has ended.
    ///
    /// # Safety
    /// The task is this worker's, and the last resume has said so.
    #[inline]
    pub(crate) unsafe fn take_stack(self) -> Stack {
        // SAFETY: as in `resume`; it is not used again.
        unsafe { (*self.get().fiber.get()).assume_init_read().into_stack() }
    }

    /// Runs the task's closure to its end. On the task's own stack.
    ///
    /// # Safety
    /// Once, when the task's fiber is first resumed.
    pub(crate) unsafe fn run(self) {
        // SAFETY: the task is alive while it runs; the vtable is its own.
        unsafe { (self.get().vtable.run)(self) }
    }

    /// Ends a task that cannot be started: drops its closure, stores `failure`, and gives up the
    /// task's own count.
    ///
    /// # Safety
    /// The task is new and the caller's, who holds its count.
    pub(crate) unsafe fn fail(self, failure: Failure) {
        // SAFETY: by this function's contract. A failure to start is no value of the user's, so it
        // may be dropped here if there is no handle.
        unsafe {
            (self.get().vtable.fail)(self, failure);
            if !self.finish() {
                self.drop_output();
                self.release();
            }
        }
    }

    /// Tells the join handle that the task has ended, and gives up the task's own count. False if the
    /// handle has gone and left the output: then the task is still the caller's, who calls this
    /// again after [`drop_output`](Self::drop_output).
    ///
    /// # Safety
    /// The task's code has ended, its stack has been left, and the caller holds its count.
    #[inline]
    #[must_use]
    pub(crate) unsafe fn finish(self) -> bool {
        // SAFETY: the count keeps the header until it is given up. The joiner stored its ticket
        // before it set `JOINER`; its header is alive until it is readied, or told that its ticket is
        // not in use.
        unsafe {
            let header = self.get();
            match header.state.finish() {
                Finish::Handle => {}
                Finish::Joiner => {
                    let ticket = (*header.joiner.get()).assume_init();
                    match ticket.claim(0) {
                        Some(claimed) => {
                            header.state.leave_waiting_joiner();
                            claimed.ready();
                        }
                        None => header.state.leave_woken_joiner(),
                    }
                }
                Finish::Detached if header.stage.get() == Stage::Output => return false,
                Finish::Detached => self.release(),
            }
            true
        }
    }

    /// Leaves the task behind with its runtime: whoever joins it gets an error, now or later.
    ///
    /// # Safety
    /// The task is in a list of started tasks, which does not change meanwhile.
    #[cold]
    pub(crate) unsafe fn abandon(self) {
        // SAFETY: the task is alive, since it is listed. As in `finish` for the ticket.
        unsafe {
            let header = self.get();
            if header.state.abandon() {
                let ticket = (*header.joiner.get()).assume_init();
                let claimed = ticket.claim(0);
                header.state.done_with_ticket();
                drop(claimed);
            }
        }
    }

    /// Drops the output of a task that nobody joins, and says so if it is a panic.
    ///
    /// # Safety
    /// The output is there, and the caller's. On the task's own stack, unless it is a failure to
    /// start.
    #[cold]
    pub(crate) unsafe fn drop_output(self) {
        // SAFETY: by this function's contract.
        unsafe { (self.get().vtable.drop_output)(self) }
    }

    /// Takes the output.
    ///
    /// # Safety
    /// The task is done, the output is the caller's, and of this type.
    #[inline]
    pub(crate) unsafe fn take_output<T>(self) -> Result<T, Failure> {
        // SAFETY: by this function's contract; the vtable says where it lies.
        unsafe {
            let header = self.get();
            let stage = header.stage.replace(Stage::Empty);
            debug_assert_eq!(stage, Stage::Output, "a task's output is taken once");
            self.0.byte_add(header.vtable.output).cast().read()
        }
    }

    /// Counts one more holder.
    ///
    /// # Safety
    /// The task is alive.
    pub(crate) unsafe fn retain(self) {
        // SAFETY: by this function's contract.
        unsafe { self.get().state.retain() }
    }

    /// Gives up one holder and frees the task after the last.
    ///
    /// # Safety
    /// The caller is such a holder.
    #[inline]
    pub(crate) unsafe fn release(self) {
        // SAFETY: by this function's contract; the last holder frees.
        unsafe {
            if self.get().state.release() {
                self.deallocate();
            }
        }
    }

    /// Frees the task.
    ///
    /// # Safety
    /// Nobody else holds it.
    #[inline]
    pub(crate) unsafe fn deallocate(self) {
        // SAFETY: by this function's contract nobody uses the header any more. A task that is not
        // held has ended, and its closure and output have gone before.
        unsafe {
            let header = self.get();
            debug_assert_eq!(header.stage.get(), Stage::Empty);
            if header.is_named {
                names::remove(header.id);
            }
            let layout = header.vtable.layout;
            block::free(scheduler::current_blocks(), self.0.cast(), layout);
        }
    }
}

// SAFETY: `next` is the link, and whoever owns a ready or new task owns it.
unsafe impl Linked for TaskHeader {
    #[inline]
    unsafe fn set_next(this: NonNull<Self>, next: *mut Self) {
        // SAFETY: alive and the caller's by the trait's contract.
        unsafe { this.as_ref() }.set_next(next);
    }

    #[inline]
    unsafe fn next(this: NonNull<Self>) -> *mut Self {
        // SAFETY: as above.
        unsafe { this.as_ref() }.next()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::task::{JoinHandle, Spec, allocate};

    /// A new task that nobody schedules, and that the test steps through its life.
    fn task<T: Send>(f: impl FnOnce() -> T + Send) -> (TaskPtr, JoinHandle<T>) {
        let spec = Spec {
            class: Class::DEFAULT,
            name: Some("stepped".into()),
            spawned_at: Location::caller(),
            is_lent: false,
        };
        // SAFETY: each test ends the task, as its worker would.
        unsafe { allocate(None, f, spec, TaskId::next()) }
    }

    #[test]
    fn an_output_left_by_its_handle_after_the_last_look_is_the_tasks_to_drop() {
        let value = Arc::new(());
        let (task, handle) = task({
            let value = value.clone();
            move || value
        });
        // SAFETY: the steps of a worker, in order; the last gives up the task's count.
        unsafe {
            let id = task.get().id;
            task.run();
            drop(handle);
            assert!(!task.finish());
            assert_eq!(Arc::strong_count(&value), 2);
            task.drop_output();
            assert_eq!(Arc::strong_count(&value), 1);
            assert!(names::of(id).is_some());
            assert!(task.finish());
            assert!(names::of(id).is_none());
        }
    }

    #[test]
    fn a_handle_takes_the_output_after_the_tasks_own_count_has_gone() {
        let (task, handle) = task(|| 5);
        // SAFETY: as above.
        unsafe {
            task.run();
            assert!(!handle.is_finished());
            assert!(task.finish());
        }
        assert!(handle.is_finished());
        assert_eq!(handle.join().unwrap(), 5);
    }

    #[test]
    fn a_task_without_a_stack_tells_its_handle_or_nobody() {
        let value = Arc::new(());
        for detach in [false, true] {
            let (task, handle) = task({
                let value = value.clone();
                move || value
            });
            let mut handle = Some(handle);
            if detach {
                handle = None;
            }
            // SAFETY: the task is new; this ends it.
            unsafe { task.fail(Failure::NoStack(std::io::Error::other("none"))) };
            assert_eq!(Arc::strong_count(&value), 1);
            if let Some(handle) = handle {
                assert!(handle.join().unwrap_err().is_no_stack());
            }
        }
    }
}
