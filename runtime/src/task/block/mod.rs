//! The memory of tasks: recycled blocks of a few sizes.
//!
//! | Module | What it holds |
//! | --- | --- |
//! | [`cache`] | a worker's own free blocks |
//! | [`depot`] | the process's free blocks, which move between workers by the magazine |
//! | [`spans`] | where blocks come from: 64 KiB at a time, out of reserved address space |
//!
//! A spawn takes a block and the last holder of the task gives it back, on whatever thread that is.
//! Blocks are whole cache lines, so neighbours never share one.
//!
//! Rejected: the global allocator. A burst of a million tasks pays it a page fault every dozen tasks
//! and a search through its bins for each, and blocks that one thread allocates and another frees
//! make both take the lock of an arena. Here a burst grows by huge pages where the system has them,
//! and blocks go back to the spawner 64 at a time.
//!
//! Under the sanitizers there is no recycling: they could not tell a block's next task from a use
//! after free.

mod cache;
mod depot;
mod spans;
#[cfg(test)]
mod tests;

pub(crate) use cache::Cache;
pub(crate) use depot::trim;

use std::alloc::Layout;
use std::ptr::NonNull;

/// Whether blocks are recycled in this build.
const RECYCLES: bool = !cfg!(any(feature = "sanitizer", hueless_tsan));

/// Sizes of blocks are multiples of this, and so are their addresses.
const LINE: usize = 64;

/// The size of a block, as a number of [`LINE`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Class(u8);

impl Class {
    /// Greater tasks come from the global allocator.
    const MAX: usize = 8;

    /// The class for a task of this layout; none if it is too big, or aligned beyond a line.
    #[inline]
    const fn of(layout: Layout) -> Option<Self> {
        let lines = layout.size().div_ceil(LINE);
        if RECYCLES && layout.align() <= LINE && lines <= Self::MAX && lines > 0 {
            Some(Self(lines as u8))
        } else {
            None
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        (1..=Self::MAX as u8).map(Self)
    }

    #[inline]
    const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// Bytes of a block.
    #[inline]
    const fn size(self) -> usize {
        self.0 as usize * LINE
    }
}

/// Memory for a task of this layout, from `cache` if there is one. Aborts if there is none to be
/// had, as `Box` does.
#[inline]
pub(crate) fn allocate(cache: Option<&Cache>, layout: Layout) -> NonNull<u8> {
    let block = match (Class::of(layout), cache) {
        (Some(class), Some(cache)) => cache.take(class),
        (Some(class), None) => depot::take_one(class),
        // SAFETY: a task's layout is not of size zero: it has a header.
        (None, _) => NonNull::new(unsafe { std::alloc::alloc(layout) }),
    };
    match block {
        Some(block) => block,
        None => std::alloc::handle_alloc_error(layout),
    }
}

/// Takes back what [`allocate`] gave, on any thread.
///
/// # Safety
/// `block` came from `allocate` with this layout, and nobody uses it any more.
#[inline]
pub(crate) unsafe fn free(cache: Option<&Cache>, block: NonNull<u8>, layout: Layout) {
    // SAFETY: by this function's contract; the class follows from the layout.
    unsafe {
        match (Class::of(layout), cache) {
            (Some(class), Some(cache)) => cache.put(class, block),
            (Some(class), None) => depot::put_one(class, block),
            (None, _) => std::alloc::dealloc(block.as_ptr(), layout),
        }
    }
}

/// What lies in a free block.
struct Link {
    /// The next block of the chain.
    next: Option<NonNull<Link>>,
    /// In the first block of a magazine in the depot: the next magazine's first block.
    magazine: Option<NonNull<Link>>,
}

/// Free blocks of one class, linked through themselves. The blocks are the chain's own.
struct Chain {
    head: Option<NonNull<Link>>,
    len: usize,
}

/// Blocks that move between a worker and the depot at a time.
const MAGAZINE: usize = 64;

impl Chain {
    const fn new() -> Self {
        Self { head: None, len: 0 }
    }

    #[inline]
    fn pop(&mut self) -> Option<NonNull<u8>> {
        let head = self.head?;
        // SAFETY: a chain's blocks are its own, and `push` wrote their links.
        self.head = unsafe { head.as_ref() }.next;
        self.len -= 1;
        Some(head.cast())
    }

    /// # Safety
    /// The block is free and the caller's, who gives it up. It is a line long at least.
    #[inline]
    unsafe fn push(&mut self, block: NonNull<u8>) {
        let link = block.cast::<Link>();
        // SAFETY: ours now, and big enough and aligned for a link.
        unsafe { (*link.as_ptr()).next = self.head };
        self.head = Some(link);
        self.len += 1;
    }

    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new())
    }

    /// Calls `f` with the address of each block.
    fn for_each(&self, mut f: impl FnMut(usize)) {
        let mut next = self.head;
        while let Some(link) = next {
            f(link.addr().get());
            // SAFETY: a chain's blocks are its own, and `push` wrote their links.
            next = unsafe { link.as_ref() }.next;
        }
    }
}
