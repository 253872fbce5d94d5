//! A set of small numbers, one bit each: which slots of a region, or which
//! regions of a pool, are in some state.
//!
//! Lowest first: taking always the lowest keeps what is in use together, so
//! that what is not in use becomes whole regions, which can be unmapped.

/// A growable set of numbers from 0.
#[derive(Debug)]
pub(super) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// The empty set.
    pub(super) const fn new() -> Bits {
        Bits {
            words: Vec::new(),
            len: 0,
        }
    }

    /// The empty set, with room for the numbers below `bound`.
    pub(super) fn with_room(bound: usize) -> Bits {
        Bits {
            words: vec![0; bound.div_ceil(64)],
            len: 0,
        }
    }

    /// The numbers below `bound`.
    pub(super) fn full(bound: usize) -> Bits {
        let mut bits = Bits::with_room(bound);
        for number in 0..bound {
            bits.insert(number);
        }
        bits
    }

    /// How many numbers are in the set.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `number` is in the set.
    pub(super) fn contains(&self, number: usize) -> bool {
        self.words
            .get(number / 64)
            .is_some_and(|word| word & mask(number) != 0)
    }

    /// Adds `number`; says whether it was missing.
    pub(super) fn insert(&mut self, number: usize) -> bool {
        let place = number / 64;
        if place >= self.words.len() {
            self.words.resize(place + 1, 0);
        }
        let word = &mut self.words[place];
        let missing = *word & mask(number) == 0;
        *word |= mask(number);
        self.len += usize::from(missing);
        missing
    }

    /// Takes `number` out; says whether it was there.
    pub(super) fn remove(&mut self, number: usize) -> bool {
        let there = self.contains(number);
        if there {
            self.words[number / 64] &= !mask(number);
            self.len -= 1;
        }
        there
    }

    /// The lowest number.
    pub(super) fn first(&self) -> Option<usize> {
        self.next_from(0)
    }

    /// The lowest number from `start` on.
    pub(super) fn next_from(&self, start: usize) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let place = start / 64;
        let head = self.words.get(place)? & (u64::MAX << (start % 64));
        let rest = self.words[place + 1..].iter().copied();
        std::iter::once(head)
            .chain(rest)
            .enumerate()
            .find(|&(_, word)| word != 0)
            .map(|(ahead, word)| (place + ahead) * 64 + word.trailing_zeros() as usize)
    }

    /// Takes the lowest number out.
    pub(super) fn pop_first(&mut self) -> Option<usize> {
        let number = self.first()?;
        self.remove(number);
        Some(number)
    }

    /// The numbers, lowest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let number = self.next_from(start)?;
            start = number + 1;
            Some(number)
        })
    }
}

fn mask(number: usize) -> u64 {
    1 << (number % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_comes_first() {
        let mut bits = Bits::new();
        for number in [200, 3, 64, 63, 0] {
            assert!(bits.insert(number));
            assert!(!bits.insert(number));
        }
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 3, 63, 64, 200]);
        assert_eq!(bits.next_from(64), Some(64));
        assert_eq!(bits.next_from(65), Some(200));
        assert_eq!(bits.next_from(201), None);
        assert_eq!(bits.next_from(100_000), None);
        assert!(bits.remove(63));
        assert!(!bits.remove(63));
        let drained: Vec<_> = std::iter::from_fn(|| bits.pop_first()).collect();
        assert_eq!(drained, [0, 3, 64, 200]);
        assert!(bits.is_empty());
    }

    #[test]
    fn full_holds_all_below_the_bound() {
        let bits = Bits::full(70);
        assert_eq!(bits.len(), 70);
        assert!(bits.contains(69) && !bits.contains(70));
    }
}
