//! Where things lie in a slot.
//!
//! ```text
//!  end ─────► ┌──────────────────────────┐ high addresses
//!             │ colour: 0 to 15 lines    │ not used
//!             ├──────────────────────────┤
//!             │ local word, owner word   │ TOP bytes
//!  base ────► ├──────────────────────────┤
//!             │ frames                   │
//!             │   │                      │ memory as far down as touched
//!             │   ▼                      │
//!  floor ───► ├──────────────────────────┤
//!             │ guard                    │ GUARD bytes; any access faults
//!  start ───► └──────────────────────────┘ a multiple of the slot size
//! ```
//!
//! **Colour.** Were every base at the same distance from its page's end, the
//! hot lines of all stacks would compete for the same few sets of the cache.
//! So neighbours' bases differ by a cache line, over [`COLOURS`] colours; few
//! enough that a shallow task stays within one page.
//!
//! **Owner word.** Right above the base, in the cache line that the first
//! frame uses anyway. It says who runs on the stack ([`Owner`]), for the message
//! about an overflow.
//!
//! **Local word.** Above that: whatever belongs to the one who runs on the stack, null at first.
//! Nothing here looks at it.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::ptr;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::Relaxed;

use super::class::{Class, GUARD};
use crate::sys::memory::Span;

/// Different offsets of bases within a page.
const COLOURS: usize = 16;
/// Bytes from one colour to the next: a cache line.
const LINE: usize = 64;
/// Bytes above the base, in every colour: the owner word and the local word. Keeps the base aligned.
const TOP: usize = 16;

const _: () = assert!(Class::COUNT <= 16 && COLOURS * LINE <= 1 << 10 && TOP.is_multiple_of(16));

/// Who runs on a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Owner {
    /// A pointer of the task layer's, to something whose address is a multiple of four; null for nobody
    /// that has a name.
    pub(super) who: *const (),
    /// What the owner uses the slot for.
    pub(super) purpose: Purpose,
}

/// What a slot is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// It is the owner's own stack.
    Own,
    /// A bigger stack that [`grow`](super::grow()) has taken for its owner.
    Grown,
    /// The stack of a generator of the owner's.
    Generator,
}

impl Owner {
    /// Nobody in particular.
    pub(super) const NOBODY: Owner = Owner {
        who: ptr::null(),
        purpose: Purpose::Own,
    };

    /// The two lowest bits of the word say the purpose.
    fn word(self) -> *mut () {
        debug_assert!(self.who.addr().is_multiple_of(4));
        self.who
            .map_addr(|address| address | self.purpose as usize)
            .cast_mut()
    }

    fn from_word(word: *mut ()) -> Owner {
        Owner {
            who: word.map_addr(|address| address & !3).cast_const(),
            purpose: match word.addr() & 3 {
                0 => Purpose::Own,
                1 => Purpose::Grown,
                _ => Purpose::Generator,
            },
        }
    }
}

/// The base of a slot, and its class in the bits that are zero in a base. Says
/// nothing about who owns it.
///
/// The base because that is what a switch to the stack needs; all other parts
/// follow from it by masking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot(NonZeroUsize);

impl Slot {
    const CLASS_MASK: usize = 0xf;

    /// The slot of `class` that holds `address`; none at address zero.
    pub(super) fn holding(address: usize, class: Class) -> Option<Slot> {
        let start = address & !(class.slot_size() - 1);
        let colour = (start >> class.shift()) % COLOURS;
        let base = start + class.slot_size() - TOP - colour * LINE;
        (start != 0).then_some(Slot(NonZeroUsize::new(base)? | class.index()))
    }

    /// Its size class.
    #[inline]
    pub(super) fn class(self) -> Class {
        Class::from_index(self.0.get() & Self::CLASS_MASK)
    }

    /// Its lowest address.
    #[inline]
    pub(super) fn start(self) -> NonZeroUsize {
        let start = self.0.get() & !(self.class().slot_size() - 1);
        // SAFETY: `holding`, the only constructor, leaves out the slot at zero,
        // and the base lies below the end.
        unsafe { NonZeroUsize::new_unchecked(start) }
    }

    /// Where the frames begin, growing down.
    #[inline]
    pub(super) fn base(self) -> NonZeroUsize {
        let base = self.0.get() & !Self::CLASS_MASK;
        // SAFETY: above `start`, which is not zero.
        unsafe { NonZeroUsize::new_unchecked(base) }
    }

    /// All of it.
    pub(super) fn span(self) -> Span {
        Span {
            start: self.start().get(),
            len: self.class().slot_size(),
        }
    }

    /// The part that faults.
    pub(super) fn guard(self) -> Span {
        Span {
            start: self.start().get(),
            len: GUARD,
        }
    }

    /// The part above the guard.
    pub(super) fn body(self) -> Span {
        Span {
            start: self.start().get() + GUARD,
            len: self.class().usable(),
        }
    }

    /// Who runs on it.
    ///
    /// Relaxed suffices: it is read by the thread that runs on the stack,
    /// which got it from the writer by some synchronisation.
    ///
    /// # Safety
    ///
    /// Somebody owns the slot, so that it is mapped.
    #[inline]
    pub(super) unsafe fn owner(self) -> Owner {
        // SAFETY: mapped for the length of this call, by contract.
        Owner::from_word(unsafe { self.owner_word() }.load(Relaxed))
    }

    /// Says who runs on it; read by [`owner`](Self::owner), which says why
    /// relaxed suffices.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    #[inline]
    pub(super) unsafe fn set_owner(self, owner: Owner) {
        // SAFETY: what is owned is mapped.
        unsafe { self.owner_word() }.store(owner.word(), Relaxed);
    }

    /// The word that belongs to whoever runs on the slot.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, or runs on it, for as long as the reference is used.
    #[inline]
    pub(super) unsafe fn local_word<'a>(self) -> &'a Cell<*mut ()> {
        let word = self.base().get() + size_of::<*mut ()>();
        let word: *const Cell<*mut ()> = ptr::with_exposed_provenance(word);
        // SAFETY: mapped and the caller's by contract, aligned because the base is, and accessed in no
        // other way.
        unsafe { &*word }
    }

    /// # Safety
    ///
    /// The slot is mapped for as long as the reference is used: somebody owns
    /// a stack in its region.
    #[inline]
    unsafe fn owner_word<'a>(self) -> &'a AtomicPtr<()> {
        let word: *mut *mut () = ptr::with_exposed_provenance_mut(self.base().get());
        // SAFETY: mapped by contract, aligned because the base is, and the
        // word at the base is accessed in no other way.
        unsafe { AtomicPtr::from_ptr(word) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_in_order() {
        for class in Class::all() {
            let start = 7 << 28;
            for index in 0..40 {
                let start = start + index * class.slot_size();
                for address in [start, start + 1, start + class.slot_size() - 1] {
                    let slot = Slot::holding(address, class).unwrap();
                    assert_eq!(slot.start().get(), start);
                    assert_eq!(slot.class(), class);
                    assert_eq!(slot.guard().end(), slot.body().start);
                    let end = start + class.slot_size();
                    assert_eq!((slot.body().end(), slot.span().end()), (end, end));
                    let base = slot.base().get();
                    assert!(base.is_multiple_of(16));
                    assert!(base + TOP <= end);
                    assert!(end - base <= 1 << 10);
                }
            }
        }
        assert_eq!(Slot::holding(5, Class::DEFAULT), None);
    }

    #[test]
    fn owners_fit_in_a_word() {
        let something = 7_u64;
        for who in [ptr::null(), (&raw const something).cast()] {
            for purpose in [Purpose::Own, Purpose::Grown, Purpose::Generator] {
                let owner = Owner { who, purpose };
                assert_eq!(Owner::from_word(owner.word()), owner);
            }
        }
        assert!(Owner::NOBODY.word().is_null());
    }

    #[test]
    fn neighbours_differ_in_colour() {
        let offset = |index: usize| {
            let address = (1 << 28) + index * Class::DEFAULT.slot_size();
            Slot::holding(address, Class::DEFAULT).unwrap().base().get() % 4096
        };
        let mut offsets: Vec<_> = (0..COLOURS).map(offset).collect();
        offsets.sort();
        offsets.dedup();
        assert_eq!(offsets.len(), COLOURS);
    }
}
