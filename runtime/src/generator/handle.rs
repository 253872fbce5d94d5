//! What the program has of a generator.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::iter::FusedIterator;
use std::ptr;
use std::rc::Rc;

use crate::cancel::Owner;
use crate::generator::inner::{Common, Inner, State, counted};
use crate::generator::outside::Outside;
use crate::generator::run::{Switch, SwitchBack};
use crate::generator::yielder::Yielder;
use crate::scheduler::Moment;
use crate::stack::GeneratorStack;
#[cfg(hueless_tsan)]
use crate::task::TsanFiber;
use crate::task::{Coroutine, Home};

/// An iterator over what a closure yields: see [`generator`](crate::generator()).
///
/// Once the closure has returned, or panicked, there is nothing more: `next` returns `None`, for ever.
///
/// # Drop
/// A closure that has not come to its end is unwound where it has yielded last, so its destructors run
/// (what they yield is dropped). A panic of theirs goes on in the caller. With `panic = "abort"` nothing
/// unwinds: a generator that has begun and not ended keeps its stack for ever, and what lies on it.
///
/// The same happens at the end of the task that has made the generator, whoever has it then. One that an
/// OS thread leaves behind suspended at its end stays as it is, destructors and all.
///
/// # Send
/// It is neither `Send` nor `Sync`.
///
/// # Limits
/// A generator that is kept in a [`std::thread_local!`] variable of a plain OS thread, and suspended
/// inside another one's [`with`](std::thread::LocalKey::with), may be dropped when that other one is gone
/// already. Do not yield inside `with` on plain threads, or use
/// [`task_local!`](crate::task::task_local).
///
/// std counts panics by thread, so a task's closure that has blocked since it was resumed, and then panics
/// or is cancelled, is not known to unwind. What its destructors yield is not dropped but comes out of
/// `next` half-way, and to drop the generator then aborts the program. Do not yield in destructors.
pub struct Generator<T: 'static> {
    inner: Rc<Inner<T>>,
}

impl<T> Generator<T> {
    pub(super) fn new<F>(stack: GeneratorStack, f: F) -> Self
    where
        F: FnOnce(&mut Yielder<T>) + 'static,
    {
        let (home, owner) = (Home::here(), Owner::current());
        let outside = Cell::new(Outside::at(Moment::now(), &owner));
        let inner = Rc::new(Inner {
            common: Common {
                state: Cell::new(State::Suspended),
                home,
                owner,
                switch: UnsafeCell::new(None),
                bindings: Coroutine::new(),
                outside,
                prev: Cell::new(ptr::null()),
                next: Cell::new(ptr::null()),
                counted: counted::<T>,
                #[cfg(hueless_tsan)]
                tsan: UnsafeCell::new(TsanFiber::new()),
            },
            value: Cell::new(None),
        });
        let at = Rc::as_ptr(&inner);
        let body = move |back: &SwitchBack, ()| {
            f(&mut Yielder::new(back, at));
        };
        // SAFETY: the closure captures what is `'static`, and a pointer that stays valid as long as it
        // may run: the registry holds a count until the state is `Over`. Nobody has the cell yet.
        unsafe { *inner.common.switch.get() = Some(Switch::with_stack_unchecked(stack, body)) };
        home.generators().enter(inner.clone());
        Self { inner }
    }
}

impl<T> Iterator for Generator<T> {
    type Item = T;

    /// Runs the closure as far as its next yield, or to its end. Blocks the calling task, not its worker,
    /// if the closure does.
    ///
    /// # Panics
    /// With what the closure panics with. When it is called in another task than the one that has made
    /// the generator.
    #[inline]
    fn next(&mut self) -> Option<T> {
        let common = &self.inner.common;
        match common.state.get() {
            State::Suspended => {}
            // Its own code, which has found the handle while it is unwound.
            State::Running | State::Over => return None,
        }
        let now = Moment::now();
        assert!(
            common.is_at_home(now),
            "a generator runs in the task that has made it"
        );
        common.resume(now);
        self.inner.value.take()
    }
}

impl<T> FusedIterator for Generator<T> {}

impl<T> Drop for Generator<T> {
    fn drop(&mut self) {
        let common = &self.inner.common;
        // Else its task's end unwinds it.
        if common.state.get() == State::Suspended && common.is_at_home(Moment::now()) {
            common.unwind();
        }
    }
}

impl<T> fmt::Debug for Generator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("over", &(self.inner.common.state.get() == State::Over))
            .finish_non_exhaustive()
    }
}
