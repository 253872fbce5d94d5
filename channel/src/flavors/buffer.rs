//! What a flavor has to provide.

use std::alloc::{Layout, dealloc};
use std::ptr::NonNull;

/// A first-in, first-out buffer of messages.
///
/// It does not count its messages: the channel's gate does, and calls accordingly. It is called
/// under the gate's lock, so it neither allocates, nor frees, nor runs code of the message's type.
/// It does not drop messages.
pub(crate) trait Buffer {
    /// What it holds.
    type Message;

    /// Whether it can ever be full.
    const BOUNDED: bool;

    /// A buffer for no messages at all.
    fn vacant() -> Self;

    /// Appends `msg`, or gives it back: then [`supply`](Self::supply) memory first. A bounded buffer
    /// never does.
    ///
    /// # Safety
    /// The buffer holds fewer messages than its capacity.
    unsafe fn push(&mut self, msg: Self::Message) -> Result<(), Self::Message>;

    /// Takes out the oldest message. What `unused` is set to is to be freed later.
    ///
    /// # Safety
    /// The buffer is not empty.
    unsafe fn pop(&mut self, unused: &mut Option<Memory>) -> Self::Message;

    /// Memory for [`supply`](Self::supply). Called without the lock.
    fn allocate() -> Memory {
        unreachable!("this buffer never needs memory")
    }

    /// Takes memory from [`allocate`](Self::allocate) for the next `push`, or gives it back if it
    /// has enough.
    fn supply(&mut self, memory: Memory) -> Option<Memory> {
        Some(memory)
    }
}

/// Memory of a buffer that holds no messages. Dropping it frees it.
pub(crate) struct Memory {
    address: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it is plain memory that nobody else has.
unsafe impl Send for Memory {}

impl Memory {
    /// Takes over memory.
    ///
    /// # Safety
    /// `address` came from the global allocator with `layout`, and belongs to the caller.
    pub(crate) unsafe fn new(address: NonNull<u8>, layout: Layout) -> Self {
        Self { address, layout }
    }

    /// Gives the memory up.
    pub(super) fn into_address(self) -> NonNull<u8> {
        let address = self.address;
        std::mem::forget(self);
        address
    }
}

impl Drop for Memory {
    #[cold]
    fn drop(&mut self) {
        // SAFETY: the allocator and the layout are as `new` was promised.
        unsafe { dealloc(self.address.as_ptr(), self.layout) }
    }
}
