//! The one place where tasks' stacks are switched. (A generator's switch, inside its task, is its own:
//! see `generator/run.rs`.)
//!
//! A [`Fiber`] is a corosensei coroutine on one of our stacks. The worker resumes it; the code on it
//! suspends itself with a [`Suspend`], the commit callback that the worker runs once the stack has
//! been left. Nothing above this file knows how a switch is done, so everything above it can be
//! modelled without assembly.
//!
//! Under `--cfg hueless_tsan` ThreadSanitizer is told of each switch, by the resumer only.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::stack::{self, Stack};
use crate::task::TaskPtr;
use crate::task::local::end_of_task;

/// What a task leaves behind for its worker when it suspends. One word, so that it goes through a
/// register; the rest lies on the stack that was left.
pub(crate) struct Suspend(NonNull<Left>);

/// What a [`Suspend`] points to.
struct Left {
    commit: unsafe fn(NonNull<Left>) -> bool,
    stack_pointer: usize,
}

/// The same with the commit callback behind it.
#[repr(C)]
struct LeftWith<C> {
    left: Left,
    commit: ManuallyDrop<C>,
}

impl Suspend {
    /// Where the stack was left: see [`stack::discard_below`]. Before the commit.
    #[inline]
    pub(crate) fn stack_pointer(&self) -> usize {
        // SAFETY: made by `suspend`; what it points to stays until the commit lets others in.
        unsafe { self.0.as_ref() }.stack_pointer
    }

    /// Runs the commit; false if the task shall continue at once.
    ///
    /// # Safety
    /// Once for each suspension, on the worker, while the task is suspended.
    #[inline]
    pub(crate) unsafe fn commit(self) -> bool {
        // SAFETY: the closure lies behind on the suspended stack, and `commit` was made for its type,
        // both by `suspend`.
        unsafe { (self.0.as_ref().commit)(self.0) }
    }
}

/// Where a fiber's code finds its way back to the worker.
pub(crate) type Yield = *const Yielder<(), Suspend>;

/// Suspends the fiber that is running; the worker then calls `commit`.
///
/// # Safety
/// `yielder` is that of the running fiber.
// Always inlined: each return after a switch is mispredicted.
#[inline(always)]
pub(crate) unsafe fn suspend<C: FnOnce() -> bool>(yielder: Yield, commit: C) {
    unsafe fn call<C: FnOnce() -> bool>(left: NonNull<Left>) -> bool {
        // SAFETY: `left` opens the `LeftWith<C>` below, whose closure is read once. It is moved to the
        // worker's stack first: once it lets peers in, the task's frame is not ours to look at.
        let commit = unsafe { (&raw const (*left.cast::<LeftWith<C>>().as_ptr()).commit).read() };
        ManuallyDrop::into_inner(commit)()
    }
    let mut left = LeftWith {
        left: Left {
            commit: call::<C>,
            stack_pointer: stack::pointer(),
        },
        commit: ManuallyDrop::new(commit),
    };
    let suspend = Suspend(NonNull::from(&mut left).cast());
    // SAFETY: the yielder belongs to the running fiber by this function's contract, so it is alive.
    unsafe { (*yielder).suspend(suspend) };
}

/// How a resume ended.
pub(crate) enum Step {
    /// The task waits; its commit is to be run.
    Suspended(Suspend),
    /// The task's code has returned.
    Finished,
}

/// A task's code on its stack.
pub(crate) struct Fiber {
    coroutine: Coroutine<(), Suspend, (), Stack>,
    #[cfg(hueless_tsan)]
    tsan: tsan::TsanFiber,
}

impl Fiber {
    /// Sets up `entry(task)` on `stack`; the task's `yielder` is filled in at the first resume.
    ///
    /// # Safety
    /// `task` outlives the fiber, and `entry` does not unwind.
    #[inline]
    pub(crate) unsafe fn new(stack: Stack, task: TaskPtr, entry: unsafe fn(TaskPtr)) -> Self {
        // SAFETY: used by the body only, on this stack.
        let word = unsafe { stack.local_word() };
        let body = move |own: &Yielder<(), Suspend>, ()| {
            // SAFETY: the task outlives the fiber by `new`'s contract, and only its own worker,
            // which is here, uses the cell. This is the task's own stack, and the program has no more
            // code to run on it.
            unsafe {
                task.get().yielder.set(own);
                entry(task);
                end_of_task(word);
            }
        };
        // SAFETY: the closure holds plain pointers, which the contract keeps valid.
        let coroutine = unsafe { Coroutine::with_stack_unchecked(stack, body) };
        Self {
            coroutine,
            #[cfg(hueless_tsan)]
            tsan: tsan::TsanFiber::new(),
        }
    }

    /// Switches to the fiber until it suspends or ends.
    #[inline]
    pub(crate) fn resume(&mut self) -> Step {
        #[cfg(hueless_tsan)]
        let resumer = self.tsan.enter();
        let result = self.coroutine.resume(());
        #[cfg(hueless_tsan)]
        self.tsan.leave(resumer);
        match result {
            CoroutineResult::Yield(suspend) => Step::Suspended(suspend),
            CoroutineResult::Return(()) => Step::Finished,
        }
    }

    /// Takes the stack back from a fiber that has finished.
    #[inline]
    pub(crate) fn into_stack(self) -> Stack {
        self.coroutine.into_stack()
    }
}

#[cfg(hueless_tsan)]
pub(crate) mod tsan {
    //! ThreadSanitizer's view of a fiber.

    use std::ffi::c_void;

    unsafe extern "C" {
        fn __tsan_get_current_fiber() -> *mut c_void;
        fn __tsan_create_fiber(flags: u32) -> *mut c_void;
        fn __tsan_destroy_fiber(fiber: *mut c_void);
        fn __tsan_switch_to_fiber(fiber: *mut c_void, flags: u32);
    }

    pub(crate) struct TsanFiber {
        own: *mut c_void,
        /// Where it was left: in a generator, another one than its own.
        inside: *mut c_void,
    }

    impl TsanFiber {
        pub(crate) fn new() -> Self {
            // SAFETY: linked with the sanitizer under this cfg.
            let own = unsafe { __tsan_create_fiber(0) };
            Self { own, inside: own }
        }

        /// Tells the sanitizer that the fiber runs; gives the resumer's own.
        ///
        /// Inlined, like `leave`: a call's entry and exit must be seen on the same fiber.
        #[inline(always)]
        pub(crate) fn enter(&self) -> *mut c_void {
            // SAFETY: the fiber is alive; the resume follows at once.
            unsafe {
                let resumer = __tsan_get_current_fiber();
                __tsan_switch_to_fiber(self.inside, 0);
                resumer
            }
        }

        /// Tells the sanitizer that the resumer runs again.
        #[inline(always)]
        pub(crate) fn leave(&mut self, resumer: *mut c_void) {
            // SAFETY: the resumer's fiber is the one that runs this.
            unsafe {
                self.inside = __tsan_get_current_fiber();
                __tsan_switch_to_fiber(resumer, 0);
            }
        }
    }

    impl Drop for TsanFiber {
        fn drop(&mut self) {
            // SAFETY: created in `new`, and not running now.
            unsafe { __tsan_destroy_fiber(self.own) }
        }
    }
}
