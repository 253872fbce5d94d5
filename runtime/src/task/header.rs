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
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};

use crate::park::{CountedTicket, Header, Kind, Slot};
use crate::scheduler::{self, Linked, Remote, Timer};
use crate::stack::Class;
use crate::task::block;
use crate::task::cell::VTable;
use crate::task::fiber::{Fiber, Yield};
use crate::task::id::TaskId;
use crate::task::state::State;

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

/// See the module.
#[repr(C)]
pub(crate) struct TaskHeader {
    pub(crate) header: Header,
    pub(crate) state: State,
    vtable: &'static VTable,
    /// The link of the queue or inbox the task is in; see `parking` for a running task's.
    pub(crate) next: Cell<*mut TaskHeader>,
    /// The worker it is pinned to, or ran on last; null before the first run.
    home: AtomicPtr<Remote>,
    pub(crate) fiber: UnsafeCell<Option<Fiber>>,
    pub(crate) yielder: Cell<Yield>,
    /// A [`Parked`].
    parked: AtomicU8,
    pub(crate) cancelled: AtomicBool,
    /// Whether its runtime migrates.
    migrates: Cell<bool>,
    /// Whether it may go on on another worker than the one it left its stack on.
    movable: Cell<bool>,
    /// Where it left its stack last.
    pub(crate) stack_pointer: Cell<usize>,
    /// The wait, in short, at which a look for tasks that park long found it; see `scheduler/parked.rs`.
    pub(crate) looked_at: Cell<u32>,
    /// The seat of the worker in whose list of started tasks it is.
    listed_with: Cell<u16>,
    /// Whether a worker that had many tasks has left it, still new, to the others.
    pub(crate) passed_on: Cell<bool>,
    pub(crate) class: Class,
    /// For `park` and `unpark`.
    pub(crate) slot: Slot,
    /// Its entry in its worker's wheel; armed at most while it is parked.
    pub(crate) timer: Timer,
    /// Neighbours in the worker's list of the tasks pinned to it.
    pub(crate) owned_prev: Cell<*mut TaskHeader>,
    pub(crate) owned_next: Cell<*mut TaskHeader>,
    /// The joiner's ticket while the state says `JOINER`.
    pub(crate) joiner: UnsafeCell<Option<CountedTicket>>,
    pub(crate) id: TaskId,
    pub(crate) name: Option<Box<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
}

impl TaskHeader {
    pub(crate) fn new(
        vtable: &'static VTable,
        class: Class,
        id: TaskId,
        name: Option<Box<str>>,
        spawned_at: &'static Location<'static>,
    ) -> Self {
        Self {
            header: Header::new(Kind::Task),
            state: State::new(),
            vtable,
            next: Cell::new(std::ptr::null_mut()),
            home: AtomicPtr::new(std::ptr::null_mut()),
            fiber: UnsafeCell::new(None),
            yielder: Cell::new(std::ptr::null()),
            parked: AtomicU8::new(Parked::No as u8),
            cancelled: AtomicBool::new(false),
            migrates: Cell::new(false),
            movable: Cell::new(false),
            stack_pointer: Cell::new(0),
            looked_at: Cell::new(0),
            listed_with: Cell::new(0),
            passed_on: Cell::new(false),
            class,
            slot: Slot::new(),
            timer: Timer::new(),
            owned_prev: Cell::new(std::ptr::null_mut()),
            owned_next: Cell::new(std::ptr::null_mut()),
            joiner: UnsafeCell::new(None),
            id,
            name,
            spawned_at,
        }
    }

    /// Pins a new task to the worker that starts it, or lists it there if its runtime migrates.
    pub(crate) fn begin_on(&self, worker: &Remote, migrates: bool) {
        self.set_home(worker);
        self.migrates.set(migrates);
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
    pub(crate) fn migrates(&self) -> bool {
        self.migrates.get()
    }

    /// See the field.
    #[inline]
    pub(crate) fn is_movable(&self) -> bool {
        self.movable.get()
    }

    /// Decides, before the task leaves its stack, whether it may go on elsewhere: not while
    /// something on this thread unwinds, because std's panic count is the thread's.
    #[inline]
    pub(crate) fn settle_movable(&self) {
        if self.migrates.get() {
            self.movable.set(!std::thread::panicking());
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

    /// Runs the task's closure to its end. On the task's own stack.
    ///
    /// # Safety
    /// Once, when the task's fiber is first resumed.
    pub(crate) unsafe fn run(self) {
        // SAFETY: the task is alive while it runs; the vtable is its own.
        unsafe { (self.get().vtable.run)(self) }
    }

    /// Ends a task that cannot be started: drops its closure and stores `failure`.
    ///
    /// # Safety
    /// The task is new and the caller's.
    pub(crate) unsafe fn fail(self, failure: crate::task::Failure) {
        // SAFETY: by this function's contract.
        unsafe { (self.get().vtable.fail)(self, failure) }
    }

    /// Moves the output to `to`, which is an `Option` of the join result's type.
    ///
    /// # Safety
    /// The task is done, the output is the caller's, and `to` has the right type.
    pub(crate) unsafe fn take_output(self, to: *mut ()) {
        // SAFETY: by this function's contract.
        unsafe { (self.get().vtable.take_output)(self, to) }
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
            let layout = self.get().vtable.layout;
            self.0.drop_in_place();
            block::free(scheduler::current_blocks(), self.0.cast(), layout);
        }
    }
}

// SAFETY: `next` is the link, and whoever owns a ready or new task owns it.
unsafe impl Linked for TaskHeader {
    #[inline]
    unsafe fn set_next(this: NonNull<Self>, next: *mut Self) {
        // SAFETY: alive and the caller's by the trait's contract.
        unsafe { this.as_ref() }.next.set(next);
    }

    #[inline]
    unsafe fn next(this: NonNull<Self>) -> *mut Self {
        // SAFETY: as above.
        unsafe { this.as_ref() }.next.get()
    }
}
