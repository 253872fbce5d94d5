//! From an address to the region that holds it, without a lock.
//!
//! Regions are [`REGION`] bytes long and lie at multiples of that, so the
//! address divided by it is an index into one table that covers all the
//! addresses a process can have. It never fills up, and costs only the pages
//! of it that are used (one page is enough for 256 GiB of regions).
//!
//! ```text
//! entry:  bit 31 ............................ 4 │ 3 ......... 0
//!         the region's place in its class's pool │ class + 1
//! no region: 0
//! ```
//!
//! # Protocol
//!
//! 1. The pool enters a region after mapping it, before it hands out slots.
//! 2. The pool removes it, under its lock, once all slots are free, and before
//!    it is unmapped.
//! 3. Whoever looks up an address *in a stack that is in use* thus finds its
//!    region, and nobody unmaps that meanwhile: the overflow handler does so
//!    for the stack that its thread runs on, [`give`](super::pool::give) for
//!    the stack that it is given.
//! 4. For any other address the answer may be out of date at once, and is used
//!    for nothing but to compare addresses.
//!
//! All accesses are relaxed. An entry is a number that stands for itself; that
//! the owner of a stack sees the entry of its region follows from how it came
//! by the stack (the pool's lock, or whatever passed the stack on).
//!
//! # Rejected
//!
//! A list of regions, searched by the handler: linear in 4,000 regions a TiB,
//! and entries that are removed need reclamation.

use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use super::class::Class;
use super::slot::Slot;

/// Bytes of a region, in every class.
///
/// Big enough that a million default stacks take a thousandth of that many
/// mappings, small enough that one live stack does not hold back much of what
/// the others used, and far below the largest mapping valgrind can follow.
pub(super) const REGION: usize = 1 << REGION_SHIFT;
const REGION_SHIFT: u32 = 28;
const _: () = assert!(REGION >= Class::LARGEST.slot_size());

/// Bits of the addresses that the system gives to a process.
const ADDRESS_BITS: u32 = match (usize::BITS, cfg!(target_arch = "x86_64")) {
    (64, true) => 47,
    (64, false) => 48,
    (bits, _) => bits,
};

const ENTRIES: usize = 1 << (ADDRESS_BITS - REGION_SHIFT);

// Not from the crate's door to atomics: a static table of loom's atomics
// cannot be, and there is no order of accesses to explore.
static TABLE: [AtomicU32; ENTRIES] = [const { AtomicU32::new(0) }; ENTRIES];

/// One word of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry(u32);

impl Entry {
    const NONE: Entry = Entry(0);
    const CLASS_BITS: u32 = 4;

    fn new(class: Class, id: usize) -> Entry {
        debug_assert!(id < 1 << (u32::BITS - Self::CLASS_BITS));
        Entry((id as u32) << Self::CLASS_BITS | (class.index() as u32 + 1))
    }

    fn class(self) -> Option<Class> {
        let class = self.0 & ((1 << Self::CLASS_BITS) - 1);
        Some(Class::from_index(class.checked_sub(1)? as usize))
    }

    fn id(self) -> usize {
        (self.0 >> Self::CLASS_BITS) as usize
    }
}

/// Enters the region at `start` as number `id` in the pool of `class`.
///
/// # Errors
///
/// `Unsupported` if the system maps memory at addresses above those it gives
/// to programs that do not ask for it.
pub(super) fn enter(start: usize, class: Class, id: usize) -> io::Result<()> {
    let Some(word) = TABLE.get(start >> REGION_SHIFT) else {
        let message = format!("stack memory at {start:#x}, above the addresses that are expected");
        return Err(io::Error::new(io::ErrorKind::Unsupported, message));
    };
    word.store(Entry::new(class, id).0, Relaxed);
    Ok(())
}

/// Removes the region at `start`.
pub(super) fn remove(start: usize) {
    TABLE[start >> REGION_SHIFT].store(Entry::NONE.0, Relaxed);
}

/// The number, in its class's pool, of the region that `slot` lies in.
pub(super) fn region_of(slot: Slot) -> usize {
    let entry = lookup(slot.start().get());
    debug_assert_eq!(entry.class(), Some(slot.class()));
    entry.id()
}

/// The slot that holds `address`, if a region does. Safe to call in a signal
/// handler.
pub(super) fn find(address: usize) -> Option<Slot> {
    Slot::holding(address, lookup(address).class()?)
}

fn lookup(address: usize) -> Entry {
    TABLE
        .get(address >> REGION_SHIFT)
        .map_or(Entry::NONE, |word| Entry(word.load(Relaxed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_class_and_number() {
        for class in Class::all() {
            for id in [0, 1, ENTRIES - 1] {
                let entry = Entry::new(class, id);
                assert_eq!((entry.class(), entry.id()), (Some(class), id));
            }
        }
        assert_eq!(Entry::NONE.class(), None);
    }

    #[test]
    fn strange_addresses_have_no_slot() {
        let local = 0_u8;
        for address in [
            0,
            1,
            usize::MAX,
            1 << (usize::BITS - 1),
            (&raw const local).addr(),
        ] {
            assert_eq!(find(address), None);
        }
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn there_is_room_for_eight_tib() {
        assert!(ENTRIES.checked_mul(REGION).unwrap() >= 8 << 40);
        assert!(enter(REGION << (ADDRESS_BITS - REGION_SHIFT), Class::DEFAULT, 0).is_err());
    }
}
