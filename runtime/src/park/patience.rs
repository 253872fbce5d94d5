//! Whether it pays to look out for a moment before something that takes microseconds.

use std::cell::Cell;

use crate::loom::{spin_loop, yield_now};

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
    /// The rounds of a look, each twice as long as the one before: some microseconds in all.
    const ROUNDS: u32 = 7;
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
    pub(super) fn look(&self, mut done: impl FnMut() -> bool) -> bool {
        let credit = self.credit.get();
        if credit == 0 {
            self.skipped.set(self.skipped.get().wrapping_add(1));
            if !self.skipped.get().is_multiple_of(Self::RETRY) {
                return done();
            }
        }
        for round in 0..Self::ROUNDS + self.yields {
            if done() {
                self.credit.set((credit + 1).min(Self::MOST));
                return true;
            }
            if round < Self::ROUNDS {
                (0..1 << round).for_each(|_| spin_loop());
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
