//! [`Stack`]: the ownership of one slot.

use std::cell::Cell;
use std::io;
use std::mem;
use std::panic::Location;

use corosensei::stack::StackPointer;

use super::class::Class;
use super::pool;
use super::slot::{Owner, Purpose, Slot};
use super::{marks, tools, trim};

/// A stack to run a coroutine on.
///
/// It owns one slot, whose guard is in place. Taken from a
/// [`Cache`](super::Cache); [`Cache::put`](super::Cache::put) is the cheap way
/// back.
///
/// # Drop
///
/// The slot goes to the process-wide pool, which takes a lock.
#[derive(Debug)]
pub(crate) struct Stack(Slot);

impl Stack {
    /// Takes possession of `slot`, which has no owner word yet.
    ///
    /// This touches the slot's topmost page.
    ///
    /// # Safety
    ///
    /// The slot lies in a mapped region, its guard is in place, and nobody else
    /// has it: neither a list of free slots nor another stack.
    #[inline]
    pub(super) unsafe fn adopt(slot: Slot) -> Stack {
        if marks::on() {
            // What those before have touched must not count as this one's.
            trim::discard(&[slot]);
        }
        // Whoever had the slot before may be gone: the overflow handler must
        // not take its word for the new owner's.
        //
        // SAFETY: ours from here on.
        unsafe { slot.set_owner(Owner::NOBODY) };
        Stack(slot)
    }

    /// One more stack for `who`, straight from the pool.
    ///
    /// # Errors
    ///
    /// As [`Cache::take`](super::Cache::take).
    pub(super) fn another(class: Class, who: *const (), purpose: Purpose) -> io::Result<Stack> {
        let mut slots = Vec::with_capacity(1);
        pool::take(class, 1, &mut slots)?;
        let slot = slots.pop().expect("the pool gives one or fails");
        // SAFETY: the pool gave it to us, with its guard; so it is ours.
        unsafe {
            slot.set_owner(Owner { who, purpose });
        }
        Ok(Stack(slot))
    }

    /// Ends the use of a stack from [`another`](Self::another): back to the pool, without its memory
    /// unless it is to stay `warm`.
    pub(super) fn shrink(self, warm: bool) {
        let slot = self.into_slot();
        tools::stack_left(slot);
        if warm {
            pool::give(slot.class(), [slot]);
        } else {
            trim::discard(&[slot]);
            pool::give_cold(slot.class(), [slot]);
        }
    }

    /// Gives the slot up without handing it to anyone.
    #[inline]
    pub(super) fn into_slot(self) -> Slot {
        let slot = self.0;
        mem::forget(self);
        slot
    }

    /// Its size class.
    #[cfg(test)]
    pub(crate) fn class(&self) -> Class {
        self.0.class()
    }

    /// Counts how deep the task went that was spawned at `site` and has ended on this stack, if
    /// somebody wants to know.
    #[inline]
    pub(crate) fn mark(&self, site: &'static Location<'static>) {
        if marks::on() {
            marks::record(self.0, site);
        }
    }

    /// The word that belongs to whoever runs on it: see [`slot`](super::slot).
    ///
    /// # Safety
    ///
    /// The reference is used on this stack only, or by whoever has it.
    #[inline]
    pub(crate) unsafe fn local_word<'a>(&self) -> &'a Cell<*mut ()> {
        // SAFETY: we own the slot, and the rest is by contract.
        unsafe { self.0.local_word() }
    }

    /// Says who runs on it from now on; null for nobody in particular. The new owner's local word is
    /// null.
    ///
    /// The overflow handler passes it to the `describe` that
    /// [`overflow::install`](super::overflow::install) was given.
    #[inline]
    pub(crate) fn set_owner(&mut self, owner: *const ()) {
        // SAFETY: we own the slot.
        unsafe {
            self.0.set_owner(Owner {
                who: owner,
                purpose: Purpose::Own,
            });
            self.0.local_word().set(std::ptr::null_mut());
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        pool::give(self.0.class(), [self.0]);
    }
}

// SAFETY: the slot is ours alone until the drop, its guard is in place below at
// least 63 KiB of memory, and `Slot` keeps both ends aligned.
unsafe impl corosensei::stack::Stack for Stack {
    #[inline]
    fn base(&self) -> StackPointer {
        self.0.base()
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        self.0.start()
    }
}
