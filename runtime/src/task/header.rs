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
use std::mem::MaybeUninit;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};

use crate::cancel::{ChainCell, Context};
use crate::park::{Header, Kind, Lock, Slot, Ticket};
use crate::scheduler::{Linked, Remote, Timer};
use crate::stack::Class;
use crate::task::cell::VTable;
use crate::task::fiber::{Fiber, Yield};
use crate::task::id::TaskId;
use crate::task::names;
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

/// What a task's cell holds behind the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The closure.
    New,
    /// The same, and a worker that had many tasks has left the task to the others.
    PassedOn,
    /// As `New`, and has waited for a stack in vain.
    Doomed,
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
    /// Whether its code is to unwind: see [`Context`].
    pub(crate) cancelled: AtomicBool,
    moves: Cell<Moves>,
    /// As the cell's content: whose that is, says `state`.
    pub(crate) stage: Cell<Stage>,
    /// The seat of the worker in whose list of started tasks it is.
    listed_with: Cell<u16>,
    /// Whether [`names`] has an entry for it.
    pub(super) is_named: bool,
    pub(crate) class: Class,

    /// There from the first run to the end of the task's code.
    pub(super) fiber: UnsafeCell<MaybeUninit<Fiber>>,
    /// There while the task is in a list.
    links: UnsafeCell<MaybeUninit<Links>>,
    /// The joiner's ticket: there while the state says `JOINER`.
    pub(crate) joiner: UnsafeCell<MaybeUninit<Ticket>>,

    pub(super) vtable: &'static VTable,
    /// Its entry in its worker's wheel; armed at most while it is parked.
    pub(crate) timer: Timer,
    /// What may be cancelled in it.
    chain: ChainCell,
    /// Of the chain.
    context: Lock<()>,
    /// For `park` and `unpark`.
    pub(crate) slot: Slot,
    /// The wait in which the last look at long parks found it: see `scheduler/parked.rs`.
    pub(crate) looked_at: Cell<u16>,
}

#[cfg(not(any(feature = "sanitizer", hueless_tsan)))]
const _: () = {
    assert!(
        std::mem::offset_of!(TaskHeader, fiber) == 64
            && std::mem::offset_of!(TaskHeader, vtable) == 128
    );
    // Leaves 16 bytes of the third line for the closure or the output.
    assert!(size_of::<TaskHeader>() == 176);
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
            chain: ChainCell::new(),
            context: Lock::new(()),
            slot: Slot::new(),
            looked_at: Cell::new(0),
        }
    }

    /// What cancellation knows of it.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            flag: &self.cancelled,
            lock: &self.context,
            chain: &self.chain,
            root: self.id.number(),
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
        let is_new = self.stage.get() == Stage::New;
        if is_new {
            self.stage.set(Stage::PassedOn);
        }
        is_new
    }

    /// Says of a new task that it is to fail if there is no stack for it now.
    pub(crate) fn doom(&self) {
        self.stage.set(Stage::Doomed);
    }

    /// Whether the new task is to fail if there is no stack for it.
    pub(crate) fn is_doomed(&self) -> bool {
        self.stage.get() == Stage::Doomed
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
        // Relaxed: whoever readies the task has won its claim, which orders it; whoever found it in a
        // wait queue holds the queue's lock, which orders what was so when it began to wait. In the
        // default mode it never changes after that.
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

    /// Decides that the task goes on here, after [`settle_movable`](Self::settle_movable).
    #[inline]
    pub(crate) fn stay(&self) {
        if self.migrates() {
            self.moves.set(Moves::NotNow);
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
