//! Size classes: slots come in powers of two, so that an address tells its
//! slot by masking.
//!
//! The lowest [`GUARD`] bytes of a slot are its guard; the rest is usable, but
//! for what [`slot`](super::slot) keeps at the top (about 1 KiB at most).

use std::fmt;
use std::io;

/// Bytes at the low end of each slot that fault when touched.
///
/// C code built without stack probes can step over a guard with one frame, so
/// a single page is not enough; printing a panic with a backtrace takes about
/// half of this.
pub(super) const GUARD: usize = 64 << 10;

/// Bytes of a slot that whoever runs on it may not get: what [`slot`](super::slot) keeps at the top
/// and the frames that lead from there to a closure. Twice what was seen in a debug build.
const ENTRY: usize = 4 << 10;

/// Smallest slot: as much to use as to guard.
const SMALLEST_SHIFT: u32 = 17;

/// A size of slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Class(u8);

impl Class {
    /// How many there are: from 128 KiB to 128 MiB.
    pub(super) const COUNT: usize = 11;

    /// 256 KiB of address space, 192 KiB of them usable.
    pub(crate) const DEFAULT: Class = Class(1);

    /// The largest.
    pub(super) const LARGEST: Class = Class(Self::COUNT as u8 - 1);

    /// The smallest class with `bytes` usable.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if there is no class that large.
    pub(crate) fn for_usable(bytes: usize) -> io::Result<Class> {
        Self::smallest(bytes, 0)
    }

    /// The smallest class that has `bytes` for a closure's own frames.
    ///
    /// # Errors
    ///
    /// As [`for_usable`](Self::for_usable).
    pub(super) fn for_frames(bytes: usize) -> io::Result<Class> {
        Self::smallest(bytes, ENTRY)
    }

    fn smallest(bytes: usize, besides: usize) -> io::Result<Class> {
        Self::all()
            .find(|class| class.usable() - besides >= bytes)
            .ok_or_else(|| {
                let largest = Self::LARGEST.usable() - besides;
                io::Error::new(io::ErrorKind::InvalidInput, TooLarge { bytes, largest })
            })
    }

    /// Bytes above the guard.
    pub(crate) fn usable(self) -> usize {
        self.slot_size() - GUARD
    }

    /// Every class, the smallest first.
    pub(super) fn all() -> impl Iterator<Item = Class> {
        (0..Self::COUNT as u8).map(Class)
    }

    /// The class whose [`index`](Self::index) is `index`.
    #[inline]
    pub(super) const fn from_index(index: usize) -> Class {
        debug_assert!(index < Self::COUNT);
        Class(index as u8)
    }

    /// Its place among all classes.
    #[inline]
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }

    /// Binary logarithm of [`slot_size`](Self::slot_size).
    #[inline]
    pub(super) const fn shift(self) -> u32 {
        SMALLEST_SHIFT + self.0 as u32
    }

    /// Bytes of address space of a slot.
    #[inline]
    pub(super) const fn slot_size(self) -> usize {
        1 << self.shift()
    }
}

#[derive(Debug)]
struct TooLarge {
    bytes: usize,
    largest: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a stack of {} bytes is more than hueless has: the largest is {} KiB ({} bytes); \
             use an OS thread for what needs more",
            self.bytes,
            self.largest >> 10,
            self.largest,
        )
    }
}

impl std::error::Error for TooLarge {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_is_192_kib() {
        assert_eq!(Class::DEFAULT.usable(), 192 << 10);
        assert_eq!(Class::DEFAULT.slot_size(), 256 << 10);
        assert_eq!(Class::for_usable(192 << 10).unwrap(), Class::DEFAULT);
    }

    #[test]
    fn smallest_class_that_fits() {
        for class in Class::all() {
            assert_eq!(Class::for_usable(class.usable()).unwrap(), class);
            assert_eq!(Class::from_index(class.index()), class);
            if class != Class::LARGEST {
                let next = Class::for_usable(class.usable() + 1).unwrap();
                assert_eq!(next.index(), class.index() + 1);
                assert_eq!(next.slot_size(), 2 * class.slot_size());
            }
        }
        assert_eq!(Class::for_usable(0).unwrap().usable(), 64 << 10);
    }

    #[test]
    fn frames_have_room_besides_the_entry() {
        for class in Class::all() {
            let most = class.usable() - ENTRY;
            assert_eq!(Class::for_frames(most).unwrap(), class);
            assert_ne!(Class::for_frames(most + 1).ok(), Some(class));
        }
        let error = Class::for_frames(Class::LARGEST.usable()).unwrap_err();
        assert!(error.to_string().contains("131004 KiB"), "{error}");
    }

    #[test]
    fn sixty_four_mib_fits() {
        assert_eq!(Class::for_usable(64 << 20).unwrap(), Class::LARGEST);
        assert_eq!(Class::LARGEST.slot_size(), 128 << 20);
    }

    #[test]
    fn too_large_says_what_there_is() {
        for bytes in [Class::LARGEST.usable() + 1, usize::MAX] {
            let error = Class::for_usable(bytes).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("131008 KiB"), "{error}");
        }
    }
}
