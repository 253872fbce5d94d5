//! A worker's own free blocks.
//!
//! Last in, first out, because the block that was freed last is warm. Two magazines a class lie
//! between the worker and the depot's lock, so that neither a run of spawns nor one of ends, nor
//! both in turn, takes it more often than every [`MAGAZINE`] blocks.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

use super::depot::{self, Supply};
use super::spans::Fresh;
use super::{Chain, Class, MAGAZINE};

/// Free blocks that one thread takes from and puts to.
///
/// # Drop
/// All of them go to the depot.
pub(crate) struct Cache {
    lists: [UnsafeCell<List>; Class::MAX],
}

struct List {
    /// Taken from and put to first.
    active: Chain,
    /// Empty, or a full magazine.
    spare: Chain,
    /// Memory that no task has used yet: taken when there is no free block.
    fresh: Fresh,
}

impl Cache {
    pub(crate) const fn new() -> Self {
        Self {
            lists: [const {
                UnsafeCell::new(List {
                    active: Chain::new(),
                    spare: Chain::new(),
                    fresh: Fresh::NONE,
                })
            }; Class::MAX],
        }
    }

    /// # Safety
    /// The reference is dropped before anything else is called on the cache.
    #[inline]
    #[expect(
        clippy::mut_from_ref,
        reason = "the cache is one thread's: it is not `Sync`"
    )]
    unsafe fn list(&self, class: Class) -> &mut List {
        // SAFETY: the cache is one thread's, whose calls do not overlap, by this contract.
        unsafe { &mut *self.lists[class.index()].get() }
    }

    /// A free block; none if the system has no memory.
    #[inline]
    pub(super) fn take(&self, class: Class) -> Option<NonNull<u8>> {
        // SAFETY: dropped at the end; nothing below calls back.
        let list = unsafe { self.list(class) };
        match list.active.pop() {
            Some(block) => Some(block),
            None => list.take_slow(class),
        }
    }

    /// # Safety
    /// The block is of this class, free, and the caller's, who gives it up.
    #[inline]
    pub(super) unsafe fn put(&self, class: Class, block: NonNull<u8>) {
        // SAFETY: dropped at the end; nothing below calls back.
        let list = unsafe { self.list(class) };
        if list.active.len == MAGAZINE {
            list.make_room(class);
        }
        // SAFETY: by this function's contract.
        unsafe { list.active.push(block) };
    }

    /// Gives the free blocks to the depot, for a worker that goes to sleep for long: one that lies
    /// here keeps its span from being given back.
    pub(crate) fn clear(&self) {
        for class in Class::all() {
            // SAFETY: dropped at the end; nothing below calls back.
            let list = unsafe { self.list(class) };
            for chain in [list.active.take(), list.spare.take()] {
                depot::put(class, chain);
            }
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.clear();
        for class in Class::all() {
            // SAFETY: dropped at the end; nothing below calls back.
            let list = unsafe { self.list(class) };
            depot::put_fresh(class, std::mem::replace(&mut list.fresh, Fresh::NONE));
        }
    }
}

impl List {
    #[inline(never)]
    fn take_slow(&mut self, class: Class) -> Option<NonNull<u8>> {
        if let Some(block) = self.fresh.take(class) {
            return Some(block);
        }
        if self.spare.len > 0 {
            self.active = self.spare.take();
        } else {
            match depot::take(class)? {
                Supply::Used(chain) => self.active = chain,
                Supply::Fresh(fresh) => {
                    self.fresh = fresh;
                    return self.fresh.take(class);
                }
            }
        }
        self.active.pop()
    }

    #[cold]
    fn make_room(&mut self, class: Class) {
        depot::put(class, self.spare.take());
        self.spare = self.active.take();
    }
}
