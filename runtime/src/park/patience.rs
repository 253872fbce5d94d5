//! Whether it pays to look out for a moment before something that takes microseconds.

use std::cell::Cell;

use crate::loom::{spin_loop, yield_now};

/// How closely to look.
#[derive(Clone, Copy)]
pub enum Pace {
    /// What is hoped for is one answer: look often.
    Close,
    /// What is hoped for comes in numbers, and each look takes away the cache line that the peer works on:
    /// look more and more rarely, and find the more.
    Wide,
}

impl Pace {
    /// How often to pause between looks, and for how long at most, as a power of two: some microseconds in
    /// all.
    fn rounds(self) -> (u32, u32) {
        match self {
            Self::Close => (18, 3),
            Self::Wide => (7, 6),
        }
    }
}

/// How long a thread looks out: as long as that has paid lately.
pub(super) struct Patience {
    /// How often a look yields the processor in the end: who is hoped for may wait for it.
    yields: u32,
    /// Looks that were worth it less those that were not, within bounds.
    credit: Cell<u32>,
    /// Occasions without a look.
    skipped: Cell<u32>,
}

impl Patience {
    const MOST: u32 = 8;
    /// Where looks do not pay, one occasion in so many is tried again.
    const RETRY: u32 = 4;

    pub(super) fn new(yields: u32) -> Self {
        Self {
            yields,
            credit: Cell::new(Self::MOST),
            skipped: Cell::new(0),
        }
    }

    /// Looks whether `done` comes true soon.
    pub(super) fn look(&self, pace: Pace, mut done: impl FnMut() -> bool) -> bool {
        let credit = self.credit.get();
        if credit == 0 {
            self.skipped.set(self.skipped.get().wrapping_add(1));
            if !self.skipped.get().is_multiple_of(Self::RETRY) {
                return done();
            }
        }
        let (rounds, longest) = pace.rounds();
        for round in 0..rounds + self.yields {
            if done() {
                self.credit.set((credit + 1).min(Self::MOST));
                return true;
            }
            if round < rounds {
                (0..1 << round.min(longest)).for_each(|_| spin_loop());
            } else {
                yield_now();
            }
        }
        let came = done();
        self.credit.set(match came {
            true => (credit + 1).min(Self::MOST),
            false => credit.saturating_sub(1),
        });
        came
    }
}
