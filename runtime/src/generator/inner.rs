//! What a generator's handle, its home's registry and its running closure share.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::mem;
use std::panic::resume_unwind;
use std::rc::Rc;

use corosensei::CoroutineResult;

use crate::cancel::{self, Owner};
use crate::generator::outside::Outside;
use crate::generator::run::{Run, Switch};
use crate::scheduler::Moment;
#[cfg(hueless_tsan)]
use crate::task::TsanFiber;
use crate::task::{Coroutine, Home, drop_quietly, hidden_task};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Suspended,
    Running,
    Over,
}

/// See the module.
#[repr(C)]
pub(super) struct Inner<T> {
    pub(super) common: Common,
    /// What the last yield has brought.
    pub(super) value: Cell<Option<T>>,
}

/// The part that does not depend on the type of what is yielded.
pub(super) struct Common {
    pub(super) state: Cell<State>,
    /// What the task or thread that it belongs to has.
    pub(super) home: Home,
    /// That task or thread.
    pub(super) owner: Owner,
    /// There unless the state is `Over`; whoever sets `Running` has it to itself.
    pub(super) switch: UnsafeCell<Option<Switch>>,
    pub(super) bindings: Coroutine,
    /// Of the thread and the task when `next` was called.
    pub(super) outside: Cell<Outside>,
    /// Neighbours in the registry.
    pub(super) prev: Cell<*const Common>,
    pub(super) next: Cell<*const Common>,
    /// Takes the registry's count over.
    pub(super) counted: unsafe fn(*const Common) -> Rc<dyn Any>,
    #[cfg(hueless_tsan)]
    pub(super) tsan: UnsafeCell<TsanFiber>,
}

impl Common {
    /// Whether its home is what runs here.
    #[inline]
    pub(super) fn is_at_home(&self, now: Moment) -> bool {
        self.owner.is(now.task.or_else(hidden_task))
    }

    /// Runs the closure as far as it goes. At home.
    #[inline]
    pub(super) fn resume(&self, now: Moment) {
        let running = Run::new(self, Outside::at(now, &self.owner));
        if let CoroutineResult::Yield(()) = running.switch(|switch| switch.resume(())) {
            mem::forget(running);
            self.state.set(State::Suspended);
        }
    }

    /// Ends the closure where it has yielded. At home. Unwinds with what a destructor panics with.
    #[cold]
    pub(super) fn unwind(&self) {
        let outside = Outside::at(Moment::now(), &self.owner).of_the_end();
        let running = Run::new(self, outside);
        let unwound = match running.has_begun() && !cancel::UNWINDS {
            false => running.end(),
            true => {
                running.forget_stack();
                Ok(())
            }
        };
        drop(running);
        match unwound {
            Err(payload) if !std::thread::panicking() => resume_unwind(payload),
            // To go on with it would end the process.
            Err(payload) => drop_quietly(payload),
            Ok(()) => {}
        }
    }

    /// Leaves the stack as it is, for good; a closure that has not begun is dropped.
    #[cold]
    pub(super) fn give_up(&self) {
        let running = Run::new(self, Outside::at(Moment::now(), &self.owner));
        match running.has_begun() {
            true => running.forget_stack(),
            false => drop_quietly(running.end()),
        }
    }
}

/// Takes the registry's count over.
///
/// # Safety
/// Of an `Inner<T>`; the registry gives its count up.
pub(super) unsafe fn counted<T: 'static>(common: *const Common) -> Rc<dyn Any> {
    // SAFETY: it came from `Rc::into_raw` in `enter`, and opens the `Inner`.
    unsafe { Rc::from_raw(common.cast::<Inner<T>>()) }
}
