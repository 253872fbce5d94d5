//! The generators of a task or a thread that are not over, and their end with it.

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use crate::generator::inner::{Common, Inner};
use crate::task::drop_quietly;

/// See the module. It holds a count of each.
pub(crate) struct Registry {
    first: Cell<*const Common>,
}

impl Registry {
    pub(crate) const fn new() -> Self {
        Self {
            first: Cell::new(ptr::null()),
        }
    }

    pub(super) fn enter<T>(&self, inner: Rc<Inner<T>>) {
        let common: *const Common = Rc::into_raw(inner).cast();
        let first = self.first.replace(common);
        // SAFETY: those in the registry are alive, since it counts them.
        unsafe {
            (*common).next.set(first);
            if let Some(first) = first.as_ref() {
                first.prev.set(common);
            }
        }
    }

    /// Takes one out, of which the caller holds a count of its own.
    pub(super) fn leave(&self, common: &Common) {
        let (prev, next) = (common.prev.get(), common.next.get());
        // SAFETY: as in `enter`. The registry's count is given up once, as each leaves once.
        unsafe {
            match prev.as_ref() {
                Some(prev) => prev.next.set(next),
                None => self.first.set(next),
            }
            if let Some(next) = next.as_ref() {
                next.prev.set(prev);
            }
            drop((common.counted)(common));
        }
    }

    /// Ends those that are suspended: at the end of a task. Does not unwind itself.
    #[inline]
    pub(crate) fn unwind(&self) {
        self.end_all(Common::unwind);
    }

    /// Leaves those that are suspended as they are: at the end of a thread. Does not unwind.
    pub(crate) fn give_up(&self) {
        self.end_all(Common::give_up);
    }

    fn end_all(&self, end: impl Fn(&Common)) {
        while !self.first.get().is_null() {
            let first = self.first.get();
            // SAFETY: as in `enter`. The registry keeps its count; this is one more.
            let _held = unsafe {
                let count = ((*first).counted)(first);
                mem::forget(count.clone());
                count
            };
            // SAFETY: counted.
            let first = unsafe { &*first };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| end(first))) {
                drop_quietly(payload);
            }
        }
    }
}
