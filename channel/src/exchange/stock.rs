//! The counts of a channel: messages that can be received, slots that can be filled.
//!
//! The fast path of either side compares one count with zero and then goes on. What rarely happens
//! and makes more than that necessary *holds* both counts: it subtracts so much from them that they
//! look like nothing however they change meanwhile. So a fast path needs no look at it, and the slow
//! paths, which allow for it, read the true counts.
//!
//! The counts change under the gate's lock only. They are atomics because an OS thread that hopes for a
//! message or a slot [glances](Glance) at them without it: to take the lock for a look would take its
//! cache line away from the one who is about to bring what is hoped for.

use std::marker::PhantomPinned;
// Not loom's: in models nobody glances, and to them these are plain numbers behind a lock.
use std::sync::atomic::{AtomicIsize, Ordering};

/// Why counts are held.
#[derive(Clone, Copy)]
pub(crate) enum Hold {
    /// The channel was closed: nothing enters any more, even if slots become free.
    Closed = 1,
    /// Messages were given back, which come before those in the buffer.
    Returned = 2,
    /// Somebody watches for a change.
    Watched = 4,
}

/// More than any count: what holding subtracts.
const HOLD: isize = isize::MAX;

/// A count that the holder of the lock alone changes.
struct Count(AtomicIsize);

impl Count {
    fn new(count: isize) -> Self {
        Self(AtomicIsize::new(count))
    }

    // Relaxed, as the store: the lock orders them. Who glances takes the lock before it acts.
    #[inline(always)]
    fn get(&self) -> isize {
        self.0.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn add(&self, number: isize) {
        self.set(self.get() + number);
    }

    #[inline(always)]
    fn set(&self, count: isize) {
        self.0.store(count, Ordering::Relaxed);
    }
}

/// The two counts.
// Not `Unpin`, since it is shared with those who glance: a `&mut Gate` must not claim to be the only way to
// the counts, which the compiler takes it for otherwise.
#[repr(C)]
pub(crate) struct Stock {
    len: Count,
    room: Count,
    /// The reasons for which the counts are held, as bits.
    holds: u8,
    _shared: PhantomPinned,
}

/// A look at the counts by somebody who does not hold the lock: true a moment ago, no more.
pub(crate) struct Glance<'a> {
    len: &'a Count,
    room: &'a Count,
}

impl Glance<'_> {
    /// Whether it is worth trying to receive.
    pub(super) fn shows_message(&self) -> bool {
        self.len.get() != 0
    }

    /// Whether it is worth trying to send.
    pub(super) fn shows_room(&self) -> bool {
        self.room.get() != 0
    }
}

impl Stock {
    /// The slots of an unbounded channel.
    const ENDLESS: isize = isize::MAX / 2;

    /// No message, and `room` free slots.
    pub(super) fn new(room: usize) -> Self {
        let room = isize::try_from(room).map_or(Self::ENDLESS, |room| room.min(Self::ENDLESS));
        Self {
            len: Count::new(0),
            room: Count::new(room),
            holds: 0,
            _shared: PhantomPinned,
        }
    }

    /// Looks at counts that somebody else may be changing.
    ///
    /// # Safety
    /// There are counts at `stock`, and they stay for `'a`.
    pub(super) unsafe fn glance<'a>(stock: *const Self) -> Glance<'a> {
        // SAFETY: by this function's contract; the references are to atomics alone.
        unsafe {
            Glance {
                len: &(*stock).len,
                room: &(*stock).room,
            }
        }
    }

    /// Whether there is a message and nothing else is to be thought of.
    #[inline(always)]
    pub(super) fn has_message(&self) -> bool {
        self.len.get() > 0
    }

    /// Whether there is a free slot and nothing else is to be thought of.
    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.room.get() > 0
    }

    /// How many messages can be received.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        (self.len.get() + self.held()) as usize
    }

    /// How many slots are neither filled nor reserved; none in a closed channel.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        if self.is_held(Hold::Closed) {
            0
        } else {
            (self.room.get() + self.held()) as usize
        }
    }

    /// A message went into a free slot.
    #[inline(always)]
    pub(super) fn fill(&mut self) {
        self.len.add(1);
        self.room.add(-1);
    }

    /// A message left its slot, which is free now.
    #[inline(always)]
    pub(super) fn drain(&mut self) {
        self.len.add(-1);
        self.room.add(1);
    }

    /// A message came that needed no free slot.
    pub(super) fn add_message(&mut self) {
        self.len.add(1);
    }

    /// A message went and left no free slot.
    pub(super) fn remove_message(&mut self) {
        self.len.add(-1);
    }

    /// A slot became free.
    pub(super) fn add_room(&mut self) {
        self.room.add(1);
    }

    /// A free slot was reserved.
    pub(super) fn remove_room(&mut self) {
        self.room.add(-1);
    }

    /// There are no messages any more, and never will be.
    pub(super) fn clear(&mut self) {
        self.len.set(-HOLD);
        self.room.set(-HOLD);
        self.holds = Hold::Closed as u8;
    }

    /// Whether the counts are held for this reason.
    #[inline]
    pub(crate) fn is_held(&self, reason: Hold) -> bool {
        self.holds & reason as u8 != 0
    }

    /// Holds the counts.
    pub(super) fn hold(&mut self, reason: Hold) {
        if self.holds == 0 {
            self.len.add(-HOLD);
            self.room.add(-HOLD);
        }
        self.holds |= reason as u8;
    }

    /// Ends one reason for holding them.
    pub(super) fn release(&mut self, reason: Hold) {
        if self.holds == 0 {
            return;
        }
        self.holds &= !(reason as u8);
        if self.holds == 0 {
            self.len.add(HOLD);
            self.room.add(HOLD);
        }
    }

    /// What holding has subtracted.
    fn held(&self) -> isize {
        if self.holds == 0 { 0 } else { HOLD }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn held_counts_look_like_nothing_and_go_on_counting() {
        let mut stock = Stock::new(2);
        stock.fill();
        assert!(stock.has_message() && stock.has_room());
        stock.hold(Hold::Watched);
        stock.hold(Hold::Returned);
        stock.fill();
        assert!(!stock.has_message() && !stock.has_room());
        assert_eq!((stock.len(), stock.room()), (2, 0));
        stock.release(Hold::Watched);
        stock.release(Hold::Watched);
        assert!(!stock.has_message());
        stock.drain();
        stock.release(Hold::Returned);
        assert_eq!((stock.len(), stock.room()), (1, 1));
        assert!(stock.has_message() && stock.has_room());
    }

    #[test]
    fn a_closed_stock_has_no_room_whatever_leaves_it() {
        for room in [1, usize::MAX] {
            let mut stock = Stock::new(room);
            stock.fill();
            stock.hold(Hold::Closed);
            stock.drain();
            assert!(!stock.has_room());
            assert_eq!((stock.len(), stock.room()), (0, 0));
        }
    }

    #[test]
    fn an_endless_stock_stays_held() {
        let mut stock = Stock::new(usize::MAX);
        stock.hold(Hold::Watched);
        stock.fill();
        stock.drain();
        stock.drain();
        assert!(!stock.has_room() && !stock.has_message());
    }
}
