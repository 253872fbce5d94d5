//! The state word of a task: how far it is, who watches it, and who holds it.
//!
//! ```text
//!  63                    3   2        1        0
//! +-----------------------+--------+--------+------+
//! | number of holders     | JOINER | HANDLE | DONE |
//! +-----------------------+--------+--------+------+
//! ```
//!
//! Who owns the output: the task until `DONE`; then the join handle if `HANDLE` is set, else the
//! task, which drops it on its own stack. The two sides meet in one read-modify-write each, so
//! exactly one of them drops it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The task's closure has ended and its output is stored. Set by the task, for good.
const DONE: usize = 1;
/// The join handle is alive. Cleared by the handle's drop or join.
const HANDLE: usize = 2;
/// A joiner's ticket lies in the header. Set and cleared by the join handle, consumed with `DONE`.
const JOINER: usize = 4;
/// One holder of the header.
const HOLDER: usize = 8;

/// See the module.
pub(crate) struct State(AtomicUsize);

/// What a task that ends finds.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Nobody can ask for the output: the task drops it.
    Detached,
    /// The handle will take or drop the output.
    Handle,
    /// As `Handle`, and a joiner waits to be woken.
    Joiner,
}

impl State {
    /// A task with its join handle: one holder each.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(HANDLE | (2 * HOLDER)))
    }

    /// Whether the output is stored.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        // Acquire pairs with the Release in `finish`.
        self.0.load(Ordering::Acquire) & DONE != 0
    }

    /// Whether the handle is gone for good, before the output is stored.
    #[inline]
    pub(crate) fn is_detached(&self) -> bool {
        // Acquire pairs with the Release in `drop_handle`.
        self.0.load(Ordering::Acquire) & HANDLE == 0
    }

    /// The task's closure has ended and its output, if somebody may want it, is stored.
    #[inline]
    pub(crate) fn finish(&self) -> Finish {
        // Release: the output is seen by whoever finds `DONE`. Acquire pairs with `set_joiner`.
        let before = self.0.fetch_or(DONE, Ordering::AcqRel);
        match (before & HANDLE != 0, before & JOINER != 0) {
            (false, _) => Finish::Detached,
            (true, false) => Finish::Handle,
            (true, true) => Finish::Joiner,
        }
    }

    /// The handle's joiner has stored its ticket; false if the task is done already.
    pub(crate) fn set_joiner(&self) -> bool {
        self.update_unless_done(|word| word | JOINER)
    }

    /// The handle's joiner takes its ticket back; false if the task is done and has it.
    pub(crate) fn unset_joiner(&self) -> bool {
        self.update_unless_done(|word| word & !JOINER)
    }

    fn update_unless_done(&self, change: impl Fn(usize) -> usize) -> bool {
        // AcqRel: Release hands the ticket to `finish`; Acquire, on success and failure, sees its
        // output.
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                (word & DONE == 0).then(|| change(word))
            })
            .is_ok()
    }

    /// The handle goes. True if the output is stored, and so is the caller's to drop: the handle's
    /// holder is then still counted. Otherwise both are given up at once.
    #[inline]
    #[must_use]
    pub(crate) fn drop_handle(&self) -> bool {
        // Release: what the handle did to the header comes before another holder frees it.
        // Acquire pairs with the Release in `finish`: the output is seen.
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                // A task that is not done holds itself, so the handle is not the last holder.
                (word & DONE == 0).then(|| (word & !HANDLE) - HOLDER)
            })
            .is_err()
    }

    /// Counts one more holder.
    pub(crate) fn retain(&self) {
        // Relaxed: the caller holds the header already.
        self.0.fetch_add(HOLDER, Ordering::Relaxed);
    }

    /// Counts one holder less; true if it was the last.
    #[inline]
    pub(crate) fn release(&self) -> bool {
        // Acquire pairs with the Release of the other holders' `release` and `drop_handle`: who is
        // alone may free at once, without a read-modify-write.
        if self.0.load(Ordering::Acquire) < 2 * HOLDER {
            return true;
        }
        // AcqRel: as above, and Release for the one who frees.
        self.0.fetch_sub(HOLDER, Ordering::AcqRel) < 2 * HOLDER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_side_owns_the_output() {
        let handle_first = State::new();
        assert!(!handle_first.drop_handle());
        assert_eq!(handle_first.finish(), Finish::Detached);
        assert!(handle_first.release());

        let task_first = State::new();
        assert_eq!(task_first.finish(), Finish::Handle);
        assert!(!task_first.release());
        assert!(task_first.drop_handle());
        assert!(task_first.release());
    }

    #[test]
    fn a_joiner_is_told_once() {
        let state = State::new();
        assert!(state.set_joiner());
        assert!(state.unset_joiner());
        assert!(state.set_joiner());
        assert_eq!(state.finish(), Finish::Joiner);
        assert!(!state.set_joiner());
        assert!(!state.unset_joiner());
    }
}
