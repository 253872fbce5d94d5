//! One run of a generator, from a resume to the next yield or to the end.

use std::mem;
#[cfg(hueless_tsan)]
use std::panic::resume_unwind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::generator::inner::{Common, State};
use crate::generator::outside::Outside;
use crate::stack::GeneratorStack;
use crate::task::Entered;

/// How `next` gets to a generator's stack.
pub(super) type Switch = corosensei::Coroutine<(), (), (), GeneratorStack>;
/// How the closure gets back.
pub(super) type SwitchBack = corosensei::Yielder<(), ()>;

/// A generator runs; its drop says that it is over. Whoever has it holds a count.
pub(super) struct Run<'a>(&'a Common);

impl<'a> Run<'a> {
    pub(super) fn new(common: &'a Common, outside: Outside) -> Self {
        debug_assert!(common.state.get() == State::Suspended);
        common.outside.set(outside);
        common.state.set(State::Running);
        Self(common)
    }

    /// Calls `f`, which switches to the generator's stack.
    #[inline]
    pub(super) fn switch<R>(&self, f: impl FnOnce(&mut Switch) -> R) -> R {
        let common = self.0;
        // SAFETY: the state gives the cell to this value.
        let switch = unsafe { (*common.switch.get()).as_mut() };
        let switch = switch.expect("a suspended generator has a stack");
        // SAFETY: counted as long as it may run; suspended till now, and inside of its home.
        let _entered = unsafe { Entered::new(&common.bindings, common.home) };
        // SAFETY: as for the switch.
        #[cfg(hueless_tsan)]
        let resumer = unsafe { (*common.tsan.get()).enter() };
        #[cfg(hueless_tsan)]
        let f = |switch: &mut Switch| catch_unwind(AssertUnwindSafe(|| f(switch)));
        let result = f(switch);
        // SAFETY: as for the switch.
        #[cfg(hueless_tsan)]
        unsafe {
            (*common.tsan.get()).leave(resumer)
        };
        #[cfg(hueless_tsan)]
        let result = result.unwrap_or_else(|payload| resume_unwind(payload));
        result
    }

    /// Unwinds the closure, or drops it if it has not begun.
    pub(super) fn end(&self) -> std::thread::Result<()> {
        self.switch(|switch| {
            let result = catch_unwind(AssertUnwindSafe(|| switch.force_unwind()));
            if !switch.done() {
                // SAFETY: it has not begun, and the drop of its closure has panicked, so it has no frame,
                // and nothing that is still to be dropped.
                unsafe { switch.force_reset() };
            }
            result
        })
    }

    pub(super) fn has_begun(&self) -> bool {
        // SAFETY: the state gives the cell to this value.
        unsafe { (*self.0.switch.get()).as_ref() }.is_some_and(Switch::started)
    }

    pub(super) fn forget_stack(&self) {
        // SAFETY: as above.
        mem::forget(unsafe { (*self.0.switch.get()).take() });
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // SAFETY: the state gives the cell to this value. The coroutine has ended, or has been
        // forgotten.
        unsafe { *self.0.switch.get() = None };
        self.0.state.set(State::Over);
        self.0.home.generators().leave(self.0);
    }
}
