//! Where a task's belongings are found, and how they end.
//!
//! A task's local word, at the top of its stack, holds the address of its [`Belongings`], which are
//! made at the first use; so a task that has none pays one look at a word of a warm line, at its end.
//! An OS thread's lie in a thread-local.
//!
//! # The end
//!
//! A task ends them on its own stack, after its code and before its joiner is told, so destructors
//! may do what its code may: block (a cancellation does not cut them off), use other locals, make new ones.
//! In this order, again and again
//! until nothing is left:
//! 1. generators that are suspended are unwound, as their frames may refer to locals;
//! 2. the local that was made last is dropped.
//!
//! A thread that ends leaves its suspended generators alone for good: their frames may refer to
//! thread-locals that have been destroyed already, whose order is not ours.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use crate::cancel::shield;
use crate::generator::Registry;
use crate::stack::local_word;
use crate::task::local::bindings::Bindings;
use crate::task::local::entries::Entries;
#[cfg(feature = "tracing")]
use crate::task::local::spans::Spans;
use crate::task::no_park::running_task;
use crate::task::ptr::TaskPtr;

/// See the module.
pub(super) struct Belongings {
    pub(super) locals: Entries,
    pub(super) bindings: Bindings,
    generators: Registry,
    #[cfg(feature = "tracing")]
    pub(super) spans: Spans,
}

thread_local! {
    /// Never dropped as such, so it can be reached at any time; `END` ends it.
    static OWN: ManuallyDrop<Belongings> = const { ManuallyDrop::new(Belongings::new()) };
    static END: End = const { End };
    static ENDED: Cell<bool> = const { Cell::new(false) };
}

/// Ends the thread's belongings.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let own = own_of_thread();
        // SAFETY: the thread's own, which it has until it is gone.
        let own = unsafe { own.as_ref() };
        loop {
            own.generators.give_up();
            if !own.locals.drop_one() {
                break;
            }
        }
        ENDED.set(true);
        // SAFETY: all are dropped, and with `ENDED` no more are made.
        unsafe { own.locals.free() };
    }
}

impl Belongings {
    const fn new() -> Self {
        Self {
            locals: Entries::new(),
            bindings: Bindings::new(),
            generators: Registry::new(),
            #[cfg(feature = "tracing")]
            spans: Spans::new(),
        }
    }
}

/// Whose belongings are at hand: those of the task that runs here, or of the thread outside tasks.
///
/// Valid as long as that one runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Home(NonNull<Belongings>);

impl Home {
    /// That of the code that calls.
    pub(crate) fn here() -> Self {
        match running_task() {
            // SAFETY: it is the task that runs here.
            Some(task) => Self(unsafe { of_task(task) }),
            None => Self(own_of_thread()),
        }
    }

    /// The belongings; for as long as the task or thread runs.
    pub(super) fn get<'a>(self) -> &'a Belongings {
        // SAFETY: a `Home` is used by whoever it belongs to, which it cannot leave: it is neither
        // `Send` nor is it kept beyond the end of a task's code.
        unsafe { self.0.as_ref() }
    }

    /// Its generators.
    pub(crate) fn generators<'a>(self) -> &'a Registry {
        &self.get().generators
    }

    /// Whether new locals may be made: not once they have been dropped at the end of a thread.
    pub(super) fn may_make(self) -> bool {
        running_task().is_some() || thread_will_end()
    }
}

#[inline(never)]
fn own_of_thread() -> NonNull<Belongings> {
    OWN.with(|own| NonNull::from(&**own))
}

/// Sees to it that the thread's belongings are ended; false if they have been.
#[inline(never)]
fn thread_will_end() -> bool {
    END.try_with(|_| ()).is_ok() || !ENDED.get()
}

/// # Safety
/// `task` runs here, or is suspended and this is its worker, which it does not leave.
unsafe fn word<'a>(task: TaskPtr) -> &'a Cell<*mut ()> {
    // SAFETY: such a task is alive; its yielder lies on its own stack, which is of that class.
    unsafe {
        let header = task.get();
        local_word(header.yielder.get().addr(), header.class)
    }
}

/// # Safety
/// As for [`word`].
pub(super) unsafe fn of_task(task: TaskPtr) -> NonNull<Belongings> {
    // SAFETY: by this function's contract.
    let word = unsafe { word(task) };
    NonNull::new(word.get().cast()).unwrap_or_else(|| {
        let made = NonNull::from(Box::leak(Box::new(Belongings::new())));
        word.set(made.as_ptr().cast());
        made
    })
}

/// The belongings of `task`, if it has any.
///
/// # Safety
/// As for [`word`].
#[cfg(feature = "tracing")]
pub(super) unsafe fn of_task_if_any(task: TaskPtr) -> Option<NonNull<Belongings>> {
    // SAFETY: by this function's contract.
    NonNull::new(unsafe { word(task) }.get().cast())
}

/// Ends the belongings of a task whose code has ended. Does not unwind.
///
/// # Safety
/// `word` is the task's local word; it runs here, on its own stack, and runs no more code of the program
/// afterwards.
#[inline]
pub(crate) unsafe fn end_of_task(word: &Cell<*mut ()>) {
    if let Some(own) = NonNull::new(word.get().cast()) {
        // SAFETY: the word holds the task's belongings.
        unsafe { end(own) };
        word.set(std::ptr::null_mut());
    }
}

/// # Safety
/// As for [`end_of_task`]; `this` came from `of_task`.
#[cold]
unsafe fn end(this: NonNull<Belongings>) {
    // SAFETY: alive until it is freed below.
    let own = unsafe { this.as_ref() };
    // A task that is cancelled has unwound for that; what is left is not cut off.
    shield(|| {
        loop {
            own.generators.unwind();
            if !own.locals.drop_one() {
                break;
            }
        }
    });
    // SAFETY: everything has been dropped, and no code of the program runs any more; made by a `Box`.
    unsafe {
        own.locals.free();
        drop(Box::from_raw(this.as_ptr()));
    }
}
