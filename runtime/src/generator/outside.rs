//! How things are outside a generator that runs.

use crate::cancel::{Mark, Owner};
use crate::scheduler::Moment;

/// How things were outside when the generator was resumed.
#[derive(Clone, Copy)]
pub(super) struct Outside {
    panicking: bool,
    pub(super) moment: Moment,
    /// What the resumer was in that can be cancelled by itself.
    pub(super) mark: Mark,
    /// Whether the generator is resumed to be unwound.
    ends: bool,
}

impl Outside {
    /// At `moment`, which is now, in the generator's home, whose code runs here.
    #[inline]
    pub(super) fn at(moment: Moment, owner: &Owner) -> Self {
        Self {
            panicking: std::thread::panicking(),
            moment,
            mark: owner.mark(),
            ends: false,
        }
    }

    /// Of a generator that is resumed to be unwound.
    pub(super) fn of_the_end(self) -> Self {
        Self { ends: true, ..self }
    }

    /// Whether the generator that was resumed then unwinds now, as far as can be known: std counts panics
    /// by thread, so one that has come up while other tasks ran may be a neighbour's.
    #[inline]
    pub(super) fn has_begun_to_unwind(&self) -> bool {
        std::thread::panicking() && (self.ends || (!self.panicking && self.moment == Moment::now()))
    }
}
