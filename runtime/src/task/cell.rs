//! A task with its closure and its output: one allocation from spawn to join.

use std::alloc::Layout;
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::io;
use std::mem::{ManuallyDrop, offset_of};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::Ordering;

use crate::cancel;
use crate::report::report;
use crate::task::block::{self, Cache};
use crate::task::header::{Stage, TaskHeader};
use crate::task::id::TaskId;
use crate::task::ptr::TaskPtr;

/// Why a task has no value to give. In a box, so that it takes no room in tasks that have one.
pub(crate) enum Failure {
    /// Its closure panicked.
    Panic(Box<dyn Any + Send>),
    /// It was cancelled.
    Cancelled,
    /// It had not ended when its runtime gave up waiting for it.
    LeftBehind,
    /// No stack was to be had for it.
    NoStack(io::Error),
}

/// What depends on the closure's type.
pub(crate) struct VTable {
    pub(crate) run: unsafe fn(TaskPtr),
    pub(crate) fail: unsafe fn(TaskPtr, Failure),
    pub(crate) drop_output: unsafe fn(TaskPtr),
    /// Where the output lies, from the header on.
    pub(crate) output: usize,
    /// Of the whole task.
    pub(crate) layout: Layout,
}

/// What the header's `stage` says is there.
union Content<F, T> {
    closure: ManuallyDrop<F>,
    output: ManuallyDrop<Result<T, Box<Failure>>>,
}

#[repr(C)]
pub(crate) struct TaskCell<F, T> {
    header: TaskHeader,
    /// The task's until `DONE`, then as `state` says.
    content: UnsafeCell<Content<F, T>>,
}

impl<F: FnOnce() -> T, T> TaskCell<F, T> {
    const VTABLE: VTable = VTable {
        run: Self::run,
        fail: Self::fail,
        drop_output: Self::drop_output,
        output: offset_of!(Self, content),
        layout: Layout::new::<Self>(),
    };

    /// Makes a task in a block from `blocks`; `header` gets the vtable to put into it.
    #[inline]
    pub(crate) fn allocate(
        blocks: Option<&Cache>,
        f: F,
        header: impl FnOnce(&'static VTable) -> TaskHeader,
    ) -> TaskPtr {
        let cell = block::allocate(blocks, const { Layout::new::<Self>() }).cast::<Self>();
        // SAFETY: a new block of this layout.
        unsafe {
            cell.write(Self {
                header: header(&Self::VTABLE),
                content: UnsafeCell::new(Content {
                    closure: ManuallyDrop::new(f),
                }),
            });
        }
        TaskPtr::new(cell.cast())
    }

    /// The cell's content.
    ///
    /// # Safety
    /// `task` is of this very type and alive.
    unsafe fn content(task: TaskPtr) -> *mut Content<F, T> {
        let this = task.as_non_null().cast::<Self>().as_ptr();
        // SAFETY: by this function's contract.
        unsafe { (*this).content.get() }
    }

    /// # Safety
    /// `task` is new, of this very type, and the caller's.
    unsafe fn take_closure(task: TaskPtr) -> F {
        // SAFETY: by this function's contract the content is the caller's; the stage says that it is
        // the closure, and is changed with it.
        unsafe {
            let stage = task.get().stage.replace(Stage::Empty);
            debug_assert!(
                matches!(stage, Stage::New | Stage::PassedOn | Stage::Doomed),
                "a task runs once"
            );
            ManuallyDrop::take(&mut (*Self::content(task)).closure)
        }
    }

    /// # Safety
    /// As [`TaskPtr::run`].
    unsafe fn run(task: TaskPtr) {
        // SAFETY: the content is the running task's until `finish`.
        unsafe {
            let f = Self::take_closure(task);
            let header = task.get();
            // Relaxed: a canceller that has found it without a worker has sent a fence; see `start`.
            let result = if cancel::UNWINDS && header.cancelled.load(Ordering::Relaxed) {
                // Cancelled before it began: its closure is dropped here, where that may block.
                cancel::shield(|| drop_quietly(f));
                Err(Box::new(Failure::Cancelled))
            } else {
                catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
                    Box::new(if cancel::is_cancellation(&*payload) {
                        Failure::Cancelled
                    } else {
                        Failure::Panic(payload)
                    })
                })
            };
            Self::deliver(task, result);
        }
    }

    /// # Safety
    /// As [`TaskPtr::fail`].
    unsafe fn fail(task: TaskPtr, failure: Failure) {
        // SAFETY: a new task's content is its owner's.
        unsafe {
            drop_quietly(Self::take_closure(task));
            Self::deliver(task, Err(Box::new(failure)));
        }
    }

    /// Stores the result for the join handle, or drops it here if there is none.
    ///
    /// # Safety
    /// The caller owns the content, and there is none.
    unsafe fn deliver(task: TaskPtr, result: Result<T, Box<Failure>>) {
        // SAFETY: the content is ours until `finish`.
        unsafe {
            let header = task.get();
            if header.state.is_detached() {
                report_if_panicked(header, &result);
                match header.cancelled.load(Ordering::Relaxed) {
                    true => cancel::shield(|| drop_quietly(result)),
                    false => drop_quietly(result),
                }
            } else {
                (*Self::content(task)).output = ManuallyDrop::new(result);
                header.stage.set(Stage::Output);
            }
        }
    }

    /// # Safety
    /// As [`TaskPtr::drop_output`].
    unsafe fn drop_output(task: TaskPtr) {
        // SAFETY: the output is there and the caller's by this contract, and of this type.
        unsafe {
            let result = task.take_output::<T>();
            report_if_panicked(task.get(), &result);
            drop_quietly(result);
        }
    }
}

/// Says on stderr that a panic ended a task that nobody joins.
pub(crate) fn report_if_panicked<T>(header: &TaskHeader, result: &Result<T, Box<Failure>>) {
    let Err(failure) = result else { return };
    match &**failure {
        Failure::Panic(_) => {
            report(format_args!(
                "{} ended by this panic; nobody joined it",
                Described::of(header)
            ));
        }
        Failure::NoStack(error) => {
            report(format_args!(
                "{} could not start: {error}; nobody joined it",
                Described::of(header)
            ));
        }
        Failure::Cancelled | Failure::LeftBehind => {}
    }
}

/// Drops `value`. If that panics, std has printed the panic already, and the payload is dropped
/// too; a payload whose own drop panics is leaked.
pub(crate) fn drop_quietly<V>(value: V) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value)))
        && let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(payload);
    }
}

/// `task 7 "fetch" (spawned src/main.rs:12)`
pub(crate) struct Described<'a> {
    id: TaskId,
    name: Option<&'a str>,
    at: &'static Location<'static>,
}

impl<'a> Described<'a> {
    pub(crate) fn new(id: TaskId, name: Option<&'a str>, at: &'static Location<'static>) -> Self {
        Self { id, name, at }
    }

    pub(crate) fn of(header: &'a TaskHeader) -> Self {
        Self::new(header.id, header.try_name(), header.spawned_at)
    }
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = self.name {
            write!(f, " {name:?}")?;
        }
        write!(f, " (spawned {}:{})", self.at.file(), self.at.line())
    }
}
