//! Bounded channels: a ring of slots, allocated once.
//!
//! `head` is the slot of the oldest message, `tail` the one for the next; the messages lie from
//! `head` to before `tail`, around the end. The two are equal when the ring is empty and when it
//! is full: the gate's count tells which.
//!
//! ```text
//!   slots  | 7 | 8 |   |   | 5 | 6 |
//!                    ^       ^
//!                   tail    head
//! ```

use std::mem::MaybeUninit;

use crate::flavors::{Buffer, Memory};

/// A buffer of fixed capacity.
// In this order: what changes comes first.
#[repr(C)]
pub(crate) struct Ring<T> {
    head: usize,
    tail: usize,
    slots: Box<[MaybeUninit<T>]>,
}

impl<T> Ring<T> {
    /// Up to where lies what changes.
    #[cfg(not(loom))]
    pub(crate) const ENDS: usize = std::mem::offset_of!(Self, slots);

    /// A ring of `capacity` slots.
    ///
    /// # Panics
    /// If no memory of that size can exist.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            head: 0,
            tail: 0,
            slots: Box::new_uninit_slice(capacity),
        }
    }

    /// The slot after `slot`.
    #[inline(always)]
    fn next(&self, slot: usize) -> usize {
        let next = slot + 1;
        if next == self.slots.len() { 0 } else { next }
    }
}

impl<T> Buffer for Ring<T> {
    type Message = T;

    const BOUNDED: bool = true;

    fn vacant() -> Self {
        Self::with_capacity(0)
    }

    #[inline(always)]
    unsafe fn push(&mut self, msg: T) -> Result<(), T> {
        debug_assert!(self.tail < self.slots.len());
        // SAFETY: a ring with free slots has slots, and then `tail` is one of them. There is no
        // message in it, since the ring is not full.
        unsafe { self.slots.get_unchecked_mut(self.tail).write(msg) };
        self.tail = self.next(self.tail);
        Ok(())
    }

    #[inline(always)]
    unsafe fn pop(&mut self, _unused: &mut Option<Memory>) -> T {
        debug_assert!(self.head < self.slots.len());
        // SAFETY: the ring is not empty, so there is a message at `head`, and moving on makes the
        // slot free.
        let msg = unsafe { self.slots.get_unchecked(self.head).assume_init_read() };
        self.head = self.next(self.head);
        msg
    }
}
