//! Unbounded channels: a chain of blocks.
//!
//! Messages lie from slot `head_at` of the first block to before slot `tail_at` of the last one;
//! blocks in between are full. An empty chain starts over in the block it has, so a channel that
//! is drained now and then never needs a second one.
//!
//! Ownership: the chain owns its blocks, and at most one `spare` beside them, which saves an
//! allocation when traffic goes on across a block's end. What a burst has needed beyond these is
//! freed as it is received.
//!
//! Allocating and freeing may take long, so both happen without the lock: `push` gives the message
//! back if there is neither a slot nor a spare, and `pop` hands out the block it has no use for.

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use crate::flavors::{Buffer, Memory};

/// Slots of a block.
const SLOTS: u32 = if cfg!(loom) { 2 } else { 32 };

struct Block<T> {
    /// The block after this one; not set in the last one.
    next: MaybeUninit<NonNull<Block<T>>>,
    slots: [MaybeUninit<T>; SLOTS as usize],
}

/// A buffer of unbounded capacity.
// In this order: what changes with each message comes first.
#[repr(C)]
pub(crate) struct Blocks<T> {
    /// The first block; null as long as the chain has none.
    head: *mut Block<T>,
    /// The last block, or null.
    tail: *mut Block<T>,
    /// The slot of the first message.
    head_at: u32,
    /// The slot after the last message.
    tail_at: u32,
    /// Null if there is none.
    spare: *mut Block<T>,
}

impl<T> Blocks<T> {
    /// Up to where lies what changes with each message.
    #[cfg(not(loom))]
    pub(crate) const ENDS: usize = std::mem::offset_of!(Self, spare);

    /// Puts the spare at the end of the chain; false if there is none.
    #[cold]
    fn extend(&mut self) -> bool {
        let Some(block) = NonNull::new(self.spare) else {
            return false;
        };
        self.spare = ptr::null_mut();
        if self.tail.is_null() {
            self.head = block.as_ptr();
        } else {
            // SAFETY: the chain owns its blocks.
            unsafe { (*self.tail).next.write(block) };
        }
        self.tail = block.as_ptr();
        self.tail_at = 0;
        true
    }

    /// Goes on with the second block of the chain, and makes the first one the spare, or hands it
    /// out if there is one.
    ///
    /// # Safety
    /// There is a second block.
    #[cold]
    unsafe fn advance(&mut self) -> Option<Memory> {
        let drained = self.head;
        // SAFETY: the chain owns its blocks, and all but the last one have a next one.
        self.head = unsafe { (*drained).next.assume_init().as_ptr() };
        self.head_at = 0;
        if self.spare.is_null() {
            self.spare = drained;
            return None;
        }
        // SAFETY: the block is not in the chain any more.
        Some(unsafe { into_memory(drained) })
    }
}

/// # Safety
/// `block` is a block that belongs to the caller.
unsafe fn into_memory<T>(block: *mut Block<T>) -> Memory {
    // SAFETY: blocks are made from `Memory` of this layout, and are never null.
    unsafe {
        Memory::new(
            NonNull::new_unchecked(block.cast()),
            Layout::new::<Block<T>>(),
        )
    }
}

impl<T> Buffer for Blocks<T> {
    type Message = T;

    const BOUNDED: bool = false;

    fn vacant() -> Self {
        Self {
            head: ptr::null_mut(),
            tail: ptr::null_mut(),
            head_at: 0,
            tail_at: SLOTS,
            spare: ptr::null_mut(),
        }
    }

    #[inline(always)]
    unsafe fn push(&mut self, msg: T) -> Result<(), T> {
        if self.tail_at == SLOTS && !self.extend() {
            return Err(msg);
        }
        // SAFETY: the chain owns its blocks; `tail_at` is a slot (it is `SLOTS` in an empty chain), and
        // there is no message at the tail.
        unsafe {
            let slots = &raw mut (*self.tail).slots;
            slots.cast::<T>().add(self.tail_at as usize).write(msg);
        }
        self.tail_at += 1;
        Ok(())
    }

    #[inline(always)]
    unsafe fn pop(&mut self, unused: &mut Option<Memory>) -> T {
        // SAFETY: the chain owns its blocks; it is not empty, so there is a message at the head,
        // and moving on makes the slot free.
        let msg = unsafe {
            let slots = &raw const (*self.head).slots;
            slots.cast::<T>().add(self.head_at as usize).read()
        };
        self.head_at += 1;
        if self.head_at == self.tail_at && self.head == self.tail {
            self.head_at = 0;
            self.tail_at = 0;
        } else if self.head_at == SLOTS {
            // SAFETY: the chain is not empty and its first block is drained.
            *unused = unsafe { self.advance() };
        }
        msg
    }

    #[cold]
    fn allocate() -> Memory {
        let block = Box::<Block<T>>::new_uninit();
        let address = NonNull::from(Box::leak(block)).cast();
        // SAFETY: a box comes from the global allocator, with the layout of what it holds, which
        // is never empty.
        unsafe { Memory::new(address, Layout::new::<Block<T>>()) }
    }

    fn supply(&mut self, memory: Memory) -> Option<Memory> {
        if !self.spare.is_null() {
            return Some(memory);
        }
        self.spare = memory.into_address().cast().as_ptr();
        None
    }
}

impl<T> Drop for Blocks<T> {
    fn drop(&mut self) {
        // SAFETY: the chain owns its blocks and its spare; `next` is set in all blocks but the
        // last.
        unsafe {
            let mut block = self.head;
            while !block.is_null() {
                let next = if block == self.tail {
                    ptr::null_mut()
                } else {
                    (*block).next.assume_init().as_ptr()
                };
                drop(into_memory(block));
                block = next;
            }
            if !self.spare.is_null() {
                drop(into_memory(self.spare));
            }
        }
    }
}
