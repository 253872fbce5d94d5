//! Which source an event belongs to.
//!
//! A poller hands the system a [`Token`] for each registered source and finds the source again by
//! it: a slab, whose slots are reused.
//!
//! ```text
//!  token   +------------------+------------------+
//!          |    generation    |    slot index    |   INDEX_BITS for the index
//!          +------------------+------------------+
//! ```
//!
//! Invariants:
//! - A slot's generation counts up whenever its source leaves, so an event that was already under
//!   way for the source before finds nothing, whichever slot or descriptor number is used again.
//! - A closed table holds nothing and takes nothing.

use std::mem;
use std::sync::Arc;

use crate::source::Source;

/// How many bits of a token are the slot's index.
const INDEX_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: usize = usize::MAX >> INDEX_BITS;

/// The name of one registration in its poller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(usize);

impl Token {
    /// A token that no registration has: its index is the one that [`Table::insert`] refuses.
    pub(crate) const NONE: Self = Self(usize::MAX);

    fn new(index: usize, generation: usize) -> Self {
        Self(generation << INDEX_BITS | index)
    }

    fn index(self) -> usize {
        self.0 & INDEX_MASK
    }

    fn generation(self) -> usize {
        self.0 >> INDEX_BITS
    }
}

impl From<Token> for mio::Token {
    fn from(token: Token) -> Self {
        Self(token.0)
    }
}

impl From<mio::Token> for Token {
    fn from(token: mio::Token) -> Self {
        Self(token.0)
    }
}

#[derive(Debug)]
enum Entry {
    Occupied(Arc<Source>),
    /// Free, with the index of the next free slot, if there is one.
    Vacant(Option<usize>),
}

#[derive(Debug)]
struct Slot {
    generation: usize,
    entry: Entry,
}

/// A poller's registrations.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    /// The first free slot; each names the next.
    free: Option<usize>,
    len: usize,
    closed: bool,
}

impl Table {
    /// How many sources are registered.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Enters `source`; `None` if the table is closed or full.
    pub(crate) fn insert(&mut self, source: Arc<Source>) -> Option<Token> {
        if self.closed {
            return None;
        }
        let Some(index) = self.free else {
            let index = self.slots.len();
            if index == INDEX_MASK {
                return None;
            }
            self.len += 1;
            self.slots.push(Slot {
                generation: 0,
                entry: Entry::Occupied(source),
            });
            return Some(Token::new(index, 0));
        };
        let slot = &mut self.slots[index];
        let Entry::Vacant(next) = mem::replace(&mut slot.entry, Entry::Occupied(source)) else {
            unreachable!("slot {index} is in the free list and occupied")
        };
        self.free = next;
        self.len += 1;
        Some(Token::new(index, slot.generation))
    }

    /// The source that `token` was given for, while it is registered.
    #[inline]
    pub(crate) fn get(&self, token: Token) -> Option<&Source> {
        match self.slots.get(token.index())? {
            Slot {
                generation,
                entry: Entry::Occupied(source),
            } if *generation == token.generation() => Some(source),
            _ => None,
        }
    }

    /// Takes out the source that `token` was given for, if it is still registered.
    pub(crate) fn remove(&mut self, token: Token) -> Option<Arc<Source>> {
        self.get(token)?;
        let slot = &mut self.slots[token.index()];
        slot.generation = (slot.generation + 1) & GENERATION_MASK;
        let entry = mem::replace(&mut slot.entry, Entry::Vacant(self.free));
        self.free = Some(token.index());
        self.len -= 1;
        match entry {
            Entry::Occupied(source) => Some(source),
            Entry::Vacant(_) => None,
        }
    }

    /// Closes the table and takes out everything.
    pub(crate) fn close(&mut self) -> impl Iterator<Item = Arc<Source>> + use<> {
        self.closed = true;
        self.free = None;
        self.len = 0;
        mem::take(&mut self.slots)
            .into_iter()
            .filter_map(|slot| match slot.entry {
                Entry::Occupied(source) => Some(source),
                Entry::Vacant(_) => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::Interest;

    fn source(fd: i32) -> Arc<Source> {
        Source::new(fd, Interest::READABLE)
    }

    #[test]
    fn token_finds_its_source() {
        let mut table = Table::default();
        let (a, b) = (source(0), source(1));
        let token_a = table.insert(a.clone()).unwrap();
        let token_b = table.insert(b.clone()).unwrap();
        assert_ne!(token_a, token_b);
        assert!(std::ptr::eq(table.get(token_a).unwrap(), &*a));
        assert!(std::ptr::eq(table.get(token_b).unwrap(), &*b));
        assert!(table.get(Token::NONE).is_none());
    }

    #[test]
    fn reused_slot_ignores_old_token() {
        let mut table = Table::default();
        let old = table.insert(source(0)).unwrap();
        assert!(table.remove(old).is_some());
        assert!(table.get(old).is_none());
        let new = table.insert(source(1)).unwrap();
        assert_eq!(new.index(), old.index());
        assert!(table.get(old).is_none());
        assert!(table.remove(old).is_none());
        assert!(table.get(new).is_some());
    }

    #[test]
    fn generation_wraps() {
        let mut table = Table::default();
        let first = table.insert(source(0)).unwrap();
        table.remove(first);
        table.slots[0].generation = GENERATION_MASK;
        let last = table.insert(source(0)).unwrap();
        assert_ne!(last, first);
        table.remove(last);
        assert_eq!(table.insert(source(0)).unwrap(), first);
    }

    #[test]
    fn free_slots_are_reused_before_new_ones() {
        let mut table = Table::default();
        let tokens: Vec<_> = (0..10)
            .map(|fd| table.insert(source(fd)).unwrap())
            .collect();
        for token in &tokens {
            table.remove(*token);
        }
        for fd in 0..10 {
            table.insert(source(fd)).unwrap();
        }
        assert_eq!((table.slots.len(), table.len()), (10, 10));
    }

    #[test]
    fn closed_table_is_empty_and_refuses() {
        let mut table = Table::default();
        let token = table.insert(source(0)).unwrap();
        let other = table.insert(source(1)).unwrap();
        table.remove(other);
        assert_eq!(table.len(), 1);
        assert_eq!(table.close().count(), 1);
        assert_eq!(table.len(), 0);
        assert!(table.get(token).is_none());
        assert!(table.remove(token).is_none());
        assert!(table.insert(source(2)).is_none());
        assert_eq!(table.close().count(), 0);
    }
}
