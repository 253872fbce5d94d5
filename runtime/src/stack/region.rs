//! Regions: many slots of one class in one mapping.
//!
//! Only address space is reserved; a slot takes memory when it is first used
//! as a stack. What is known about free slots is kept here, never in them.
//!
//! # States of a slot
//!
//! | State | Guard | Memory | Who owns it |
//! | --- | --- | --- | --- |
//! | bare | no | none | the region |
//! | cold | yes | none, given back | the region |
//! | warm | yes | some, from before | the region |
//! | out | yes, or coming | some | a stack, a cache, or [`trim`](super::trim()) |
//!
//! Bare, cold and warm slots are members of one set each; a slot in none of
//! them is out. All sets are read and changed under the lock of the
//! [`pool`](super::pool) that the region belongs to.

use std::io;

use super::bits::Bits;
use super::class::Class;
use super::slot::Slot;
use super::table::REGION;
use super::tools;
use crate::sys::memory::{self, Span};

/// A mapping, and the state of the slots in it.
#[derive(Debug)]
pub(super) struct Region {
    start: usize,
    class: Class,
    /// Slots never used, without a guard.
    pub(super) bare: Bits,
    /// Free slots whose memory was given back.
    pub(super) cold: Bits,
    /// Free slots that still have memory.
    pub(super) warm: Bits,
}

impl Region {
    /// Reserves a region of bare slots.
    ///
    /// # Errors
    ///
    /// `OutOfMemory`, saying what to change.
    pub(super) fn map(class: Class) -> io::Result<Region> {
        let span = memory::reserve(REGION, REGION).map_err(|error| no_space(&error))?;
        memory::forbid_huge_pages(span);
        let slots = REGION / class.slot_size();
        Ok(Region {
            start: span.start,
            class,
            bare: Bits::full(slots),
            cold: Bits::with_room(slots),
            warm: Bits::with_room(slots),
        })
    }

    /// Its lowest address.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// How many slots it has.
    pub(super) fn slots(&self) -> usize {
        REGION / self.class.slot_size()
    }

    /// How many of them are out.
    pub(super) fn out(&self) -> usize {
        self.slots() - self.bare.len() - self.cold.len() - self.warm.len()
    }

    /// Slot number `index`.
    pub(super) fn slot(&self, index: usize) -> Slot {
        debug_assert!(index < self.slots());
        let address = self.start + index * self.class.slot_size();
        Slot::holding(address, self.class).expect("nothing is mapped at address zero")
    }

    /// The number of `slot`, which lies in this region.
    pub(super) fn index(&self, slot: Slot) -> usize {
        (slot.start().get() - self.start) >> self.class.shift()
    }

    /// Gives address space, memory and page tables back to the system.
    ///
    /// # Safety
    ///
    /// No slot is out, and the region has left its pool and the table.
    pub(super) unsafe fn unmap(self) {
        debug_assert_eq!(self.out(), 0);
        for index in self.cold.iter().chain(self.warm.iter()) {
            tools::slot_unmapped(self.slot(index));
        }
        let span = Span {
            start: self.start,
            len: REGION,
        };
        // SAFETY: all slots are free, so nothing live is in them; the caller
        // has seen to it that nobody can come by one again.
        //
        // It can fail if the mapping is the middle of a bigger one and the
        // process has reached its limit of mappings. Then the addresses stay
        // taken, and only the memory goes back.
        if unsafe { memory::release(span) }.is_err() {
            // SAFETY: as above.
            let _ =
                unsafe { crate::sys::advise::each(&[span], crate::sys::advise::Advice::DISCARD) };
        }
    }
}

fn no_space(error: &io::Error) -> io::Error {
    let locked = if error.raw_os_error() == Some(libc::EAGAIN) {
        "of locked memory (`ulimit -l`), "
    } else {
        ""
    };
    let message = format!(
        "cannot reserve {} MiB of addresses for stacks: {error}; raise the limit {locked}of address \
         space (`ulimit -v`) or of mappings (`sysctl vm.max_map_count` on Linux), allow overcommit \
         (`sysctl vm.overcommit_memory=0`), or keep fewer tasks",
        REGION >> 20
    );
    io::Error::new(io::ErrorKind::OutOfMemory, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_fill_the_region() {
        for class in Class::all() {
            let region = Region::map(class).unwrap();
            assert!(region.start().is_multiple_of(REGION));
            assert_eq!(region.slots(), region.bare.len());
            assert_eq!(region.out(), 0);
            let last = region.slots() - 1;
            assert_eq!(region.slot(last).span().end(), region.start() + REGION);
            assert_eq!(region.index(region.slot(last)), last);
            // SAFETY: no slot was handed out, and no pool knows the region.
            unsafe { region.unmap() };
        }
    }
}
