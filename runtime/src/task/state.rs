//! The state word of a task: how far it is, who watches it, and who holds it.
//!
//! ```text
//!  63               5   4        3           2        1        0
//! +------------------+------+-----------+--------+--------+------+
//! | number of holders| LENT | ABANDONED | JOINER | HANDLE | DONE |
//! +------------------+------+-----------+--------+--------+------+
//! ```
//!
//! Who owns the output: the task until `DONE`; then the join handle if `HANDLE` is set, else the
//! task, which drops it on its own stack. The two sides meet in one read-modify-write each, so
//! exactly one of them drops it.
//!
//! # Protocol
//!
//! *The task*, once its code has ended and it has left its stack: [`finish`](State::finish). Finding
//! - no `HANDLE`: the output is its own to drop, and it still holds the header;
//! - `HANDLE` alone: it has given up its hold in the same step, and looks at the header no more;
//! - `JOINER` too: it claims the ticket. If it wins, the joiner waits for its ready; it gives up its
//!   hold and readies the joiner. If it loses, it says by clearing `JOINER` that it has done with the
//!   ticket.
//!
//! *The joiner* stores its ticket, sets `JOINER` and parks, all but the first by its park's commit. If
//! something else ends its wait, it takes `JOINER` back; if that fails because of `DONE`, it waits
//! until `JOINER` is cleared, a few instructions later: till then the task may touch the joiner's
//! claim, which must stay alive.
//!
//! *A worker* whose runtime has been left behind: [`abandon`](State::abandon)s its tasks, which are not
//! running then, so that nobody joins them for ever. It wakes a joiner as the end of the task would
//! have, and owns `JOINER` until it has cleared it. A task that was lent something is not abandoned:
//! its joiner has to wait.
//!
//! The loom models are in `task/loom_tests.rs`.
//!
//! Rejected: a ticket that counts the joiner's header, which costs two locked instructions a join to
//! spare the rare one that times out that wait.

use crate::loom::{AtomicUsize, Ordering};

/// The task's code has ended and its output is stored. Set by the task, for good.
const DONE: usize = 1;
/// The join handle is alive. Cleared by the handle's drop.
const HANDLE: usize = 2;
/// A joiner's ticket lies in the header. Set and taken back by the join handle; with `DONE`, cleared
/// by the task when it has done with the ticket.
const JOINER: usize = 4;
/// The task's runtime was left behind: joins give an error. Set by the task's worker, for good.
const ABANDONED: usize = 8;
/// The joiner waits to the end, because the task borrows from it. Set at the spawn, for good.
const LENT: usize = 16;
/// One holder of the header.
const HOLDER: usize = 32;

/// See the module.
pub(crate) struct State(AtomicUsize);

/// What a task that ends finds.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Nobody can ask for the output: the task drops it. It still holds the header.
    Detached,
    /// The handle will take or drop the output. The task holds the header no more.
    Handle,
    /// The handle will take the output, and a joiner waits to be woken. The task still holds the
    /// header.
    Joiner,
}

impl State {
    /// A task with its join handle: one holder each.
    pub(crate) fn new(is_lent: bool) -> Self {
        let lent = if is_lent { LENT } else { 0 };
        Self(AtomicUsize::new(lent | HANDLE | (2 * HOLDER)))
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

    /// The task's code has ended and its output, if somebody may want it, is stored.
    #[inline]
    pub(crate) fn finish(&self) -> Finish {
        // Acquire pairs with the Release in `drop_handle`.
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let (next, finish) = match (word & HANDLE != 0, word & (JOINER | ABANDONED) == JOINER) {
                (false, _) => return Finish::Detached,
                // The handle holds the header, so the task is not the last.
                (true, false) => ((word | DONE) - HOLDER, Finish::Handle),
                (true, true) => (word | DONE, Finish::Joiner),
            };
            // Release: the output is seen by whoever finds `DONE`. Acquire pairs with `set_joiner`
            // and `drop_handle`.
            match self
                .0
                .compare_exchange(word, next, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return finish,
                Err(seen) => word = seen,
            }
        }
    }

    /// After [`Finish::Joiner`] the task has won the joiner's claim and is about to ready it: gives up
    /// the task's hold.
    #[inline]
    pub(crate) fn leave_waiting_joiner(&self) {
        // The joiner waits and it has the handle, so if the two are the only holders nobody else can
        // count another. Acquire pairs with the Release of the others' `release`: the store below
        // hands on what they did.
        if self.0.load(Ordering::Acquire) == DONE | HANDLE | JOINER | (2 * HOLDER) {
            // Release: what the task did to the header comes before another holder frees it.
            self.0.store(DONE | HANDLE | HOLDER, Ordering::Release);
        } else {
            self.0.fetch_sub(JOINER + HOLDER, Ordering::Release);
        }
    }

    /// After [`Finish::Joiner`] something else had ended the joiner's wait: lets it go, and gives up
    /// the task's hold.
    #[cold]
    pub(crate) fn leave_woken_joiner(&self) {
        // Release pairs with the Acquire in `is_ticket_in_use`: the task touches neither the joiner
        // nor the header any more. The joiner waits and holds the header, so it is not the last.
        self.0.fetch_sub(JOINER + HOLDER, Ordering::Release);
    }

    /// The task's runtime is left behind. True if that is news for a joiner whose ticket lies in the
    /// header: the caller tries to claim it, then says that it has
    /// [done with it](Self::done_with_ticket).
    pub(crate) fn abandon(&self) -> bool {
        // AcqRel: Acquire pairs with the Release in `set_joiner`; Release with the Acquire in
        // `is_abandoned`.
        let before = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| {
                (word & (DONE | ABANDONED | LENT) == 0).then_some(word | ABANDONED)
            });
        before.is_ok_and(|word| word & JOINER != 0)
    }

    /// After [`abandon`](Self::abandon): lets the joiner go.
    pub(crate) fn done_with_ticket(&self) {
        // Release pairs with the Acquire in `is_ticket_in_use`.
        self.0.fetch_sub(JOINER, Ordering::Release);
    }

    /// Whether the task was left behind with its runtime.
    pub(crate) fn is_abandoned(&self) -> bool {
        // Acquire pairs with the Release in `abandon`.
        self.0.load(Ordering::Acquire) & ABANDONED != 0
    }

    /// For a joiner whose [`unset_joiner`](Self::unset_joiner) has failed: whether the task may still
    /// touch it.
    pub(crate) fn is_ticket_in_use(&self) -> bool {
        // Acquire pairs with the Release in `leave_woken_joiner`.
        self.0.load(Ordering::Acquire) & JOINER != 0
    }

    /// The handle's joiner has stored its ticket; false if the task is done or abandoned already.
    #[inline]
    pub(crate) fn set_joiner(&self) -> bool {
        self.update_unless_over(|word| word | JOINER)
    }

    /// The handle's joiner takes its ticket back; false if the task is done or abandoned and has it.
    pub(crate) fn unset_joiner(&self) -> bool {
        self.update_unless_over(|word| word & !JOINER)
    }

    fn update_unless_over(&self, change: impl Fn(usize) -> usize) -> bool {
        // AcqRel: Release hands the ticket to `finish`; Acquire, on success and failure, sees its
        // output.
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                (word & (DONE | ABANDONED) == 0).then(|| change(word))
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_side_owns_the_output() {
        let handle_first = State::new(false);
        assert!(!handle_first.drop_handle());
        assert_eq!(handle_first.finish(), Finish::Detached);
        assert!(handle_first.release());

        let task_first = State::new(false);
        assert_eq!(task_first.finish(), Finish::Handle);
        assert!(task_first.drop_handle());
        assert!(task_first.release());
    }

    #[test]
    fn a_joiner_is_told_once() {
        let state = State::new(false);
        assert!(state.set_joiner());
        assert!(state.unset_joiner());
        assert!(state.set_joiner());
        assert_eq!(state.finish(), Finish::Joiner);
        assert!(!state.set_joiner());
        assert!(!state.unset_joiner());
        assert!(state.is_ticket_in_use());
        state.leave_woken_joiner();
        assert!(!state.is_ticket_in_use());
        assert!(state.release());
    }

    #[test]
    fn a_task_that_leaves_its_joiner_counts_the_other_holders() {
        for others in 0..3 {
            let state = State::new(false);
            (0..others).for_each(|_| state.retain());
            assert!(state.set_joiner());
            assert_eq!(state.finish(), Finish::Joiner);
            state.leave_waiting_joiner();
            (0..others).for_each(|_| assert!(!state.release()));
            assert!(state.release());
        }
    }
}
