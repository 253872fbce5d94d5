//! The select engine.
//!
//! Protocol of a select over several cases:
//!
//! 1. All gates are locked, in the order of their ranks (addresses), so that selects cannot block each
//!    other in a circle.
//! 2. If cases can be committed, one is chosen at random (or the first one) and committed. Nobody
//!    else changes any of these channels meanwhile, so this and the answer "none" hold for one
//!    moment, whatever other selects and operations do: a `default` never runs while a case is
//!    ready.
//! 3. Otherwise a waiter for each case is linked, and the park's commit unlocks the gates.
//! 4. A peer pops one of the waiters and so settles the wait. Those who find another one see that
//!    the claim is lost and pass on: exactly one case is committed.
//! 5. The owner removes the other waiters, each under its gate's lock. If a late sender has
//!    promised a message and given up, or what was awaited turns out to be gone, it starts over.
//!
//! Before all that, one case is tried alone, at random: if it can be committed, that is as good a
//! choice as any (`try_any`).
//!
//! Cases of the clock (`after`, `at`, `tick`) have no gate and no waiter: the wait ends when the
//! first of them is due, and the select starts over.
//!
//! To wait until an operation is *possible* ([`wait_ready`]) is the same without the commit: what is
//! linked are watchers, which meet nobody and are told of every chance.
//!
//! Invariants:
//! - A select never meets itself: its waiters are linked only after all cases were tried, and none
//!   is linked while it tries again.
//! - The owner takes the lock of the gate that the park's commit unlocks last before it leaves its
//!   frame, even if nothing of its own is linked there. The commit reads entries until then, and
//!   may do so on another thread while a peer that came through the first gate has the owner go on.
//!
//! Rejected:
//! - To poll the gates one by one first. A select that waits would take each lock three times, and
//!   a `default` would run though at every moment some case was ready.
//! - A random order of polling: choosing among the cases that are ready is as fair and needs a
//!   random number only if there are two.

use std::mem;
use std::time::{Duration, Instant};

use hueless_runtime::park::{ClaimedList, Outcome, Popped, Wait, unwind_cancelled};

use crate::exchange::{After, Limit, Received, Status, pair};
use crate::flavors::Moment;
use crate::loom::{checkpoint, now};
use crate::select::entry::Entry;
use crate::select::gates::{Gates, any_below};
use crate::select::luck::Luck;

/// How long to wait if no case is ready.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    None,
    Until(Option<Instant>),
}

impl From<Limit> for Patience {
    fn from(limit: Limit) -> Self {
        match limit.deadline() {
            Ok(deadline) => Self::Until(deadline),
            Err(_) => Self::None,
        }
    }
}

/// Waits until one of the cases is committed and returns its index.
// Inlined down to the switch: each return after one is mispredicted, which takes as long as the rest of a
// select with four cases.
#[doc(hidden)]
#[inline(always)]
pub fn select(entries: &mut [Entry<'_>], biased: bool) -> usize {
    match run(entries, Patience::Until(None), biased) {
        Some(case) => case,
        None => unreachable!("without a deadline a select ends with a case"),
    }
}

/// Commits one of the cases if that is possible at once, and returns its index.
#[doc(hidden)]
pub fn try_select(entries: &mut [Entry<'_>], biased: bool) -> Option<usize> {
    run(entries, Patience::None, biased)
}

/// Waits for at most `timeout` until one of the cases is committed and returns its index.
#[doc(hidden)]
pub fn select_timeout(entries: &mut [Entry<'_>], timeout: Duration, biased: bool) -> Option<usize> {
    run(entries, Limit::After(timeout).into(), biased)
}

/// What trying the cases came to.
enum Attempt {
    Committed(usize),
    Late(usize, Popped),
    NoneReady,
}

/// Commits one of the cases and returns its index; `None` if the patience is at its end.
#[inline(always)]
pub(super) fn run(entries: &mut [Entry<'_>], patience: Patience, biased: bool) -> Option<usize> {
    if let Patience::Until(_) = patience {
        checkpoint();
    }
    if !biased && let Some(case) = try_any(entries) {
        return Some(case);
    }
    let gates = Gates::arrange(entries);
    let mut time = Time::default();
    let mut in_vain = false;
    loop {
        // Who is woken, or promised a message, in vain again and again might never come to its deadline.
        let is_over = in_vain && patience.is_over();
        in_vain = true;
        time.begin_round(entries);
        // Unwinds if the task is cancelled: before the locks.
        let wait = patience.begin_wait();
        let mut after = After::default();
        gates.lock_all(entries);
        // SAFETY: the locks are held, and no waiter is linked.
        let attempt = unsafe { attempt(gates, entries, &time, biased, &mut after) };
        if let (Attempt::NoneReady, Some((wait, deadline)), false) = (&attempt, wait, is_over) {
            // SAFETY: the locks are held. `withdraw_all` comes before the end of this function,
            // which borrows the entries.
            let told = unsafe { gates.enqueue_all(entries, wait.ticket(), biased) };
            match block(gates, entries, wait, time.wait_until(deadline), told) {
                // SAFETY: all waiters were linked above, and a peer has settled this case, once.
                Outcome::Settled(case) => unsafe {
                    let case = usize::from(case);
                    gates.withdraw_all(entries, Some(case));
                    if entries[case].accept() {
                        return Some(case);
                    }
                },
                outcome => {
                    // SAFETY: all waiters were linked above.
                    unsafe { gates.withdraw_all(entries, None) };
                    if time.is_up(outcome) {
                        return None;
                    }
                }
            }
            continue;
        }
        // SAFETY: the guards are forgotten in their entries.
        unsafe { gates.unlock_all(entries) };
        drop(after);
        match attempt {
            Attempt::Committed(case) => return Some(case),
            Attempt::NoneReady => return None,
            Attempt::Late(case, sender) => {
                // SAFETY: the sender waits on the channel of this case, which receives.
                if let Status::Done = unsafe { pair(sender, entries[case].slot()) } {
                    return Some(case);
                }
                if is_over {
                    return None;
                }
            }
        }
    }
}

/// Waits until one of the cases could be committed and returns its index; `None` if the patience is
/// at its end.
pub(super) fn wait_ready(
    entries: &mut [Entry<'_>],
    patience: Patience,
    biased: bool,
) -> Option<usize> {
    if let Patience::Until(_) = patience {
        checkpoint();
    }
    let gates = Gates::arrange(entries);
    let mut time = Time::default();
    let mut in_vain = false;
    loop {
        // Who is woken in vain again and again might never come to its deadline.
        let is_over = in_vain && patience.is_over();
        in_vain = true;
        time.begin_round(entries);
        // Unwinds if the task is cancelled: before the locks.
        let wait = patience.begin_wait();
        gates.lock_all(entries);
        // SAFETY: the locks are held.
        let ready = unsafe { choose(gates, entries, &time, biased) };
        let (None, Some((wait, deadline)), false) = (ready, wait, is_over) else {
            // SAFETY: the guards are forgotten in their entries.
            unsafe { gates.unlock_all(entries) };
            return ready;
        };
        // SAFETY: the locks are held. `unwatch_all` comes before the end of this function, which
        // borrows the entries.
        unsafe { gates.watch_all(entries, wait.ticket()) };
        let until = time.wait_until(deadline);
        let outcome = block(gates, entries, wait, until, ClaimedList::default());
        // SAFETY: all watchers were linked above.
        unsafe { gates.unwatch_all(entries) };
        // If the change was another's gain meanwhile, the wait goes on.
        if !matches!(outcome, Outcome::Settled(_)) && time.is_up(outcome) {
            return None;
        }
    }
}

/// Commits a random one of the cases, if that one can be: with one lock instead of all.
///
/// It does not change what is chosen. If it is one of those that are ready, each of these had the
/// same chance; if not, the choice is made among all.
fn try_any(entries: &mut [Entry<'_>]) -> Option<usize> {
    if !Luck::holds() {
        return None;
    }
    let committed = try_random(entries);
    if committed.is_none() {
        Luck::set(false);
    }
    committed
}

fn try_random(entries: &mut [Entry<'_>]) -> Option<usize> {
    // No loss: there are fewer cases than that.
    let case = any_below(entries.len() as u32) as usize;
    let entry = entries.get_mut(case)?;
    let mut after = After::default();
    // SAFETY: the gate is this case's, and locked if there is one; no waiter is linked.
    let received = unsafe {
        if let Some(gate) = entry.gate {
            let mut gate = gate.lock();
            if !entry.may_commit(Some(&gate), None) {
                return None;
            }
            entry.commit(Some(&mut gate), None, &mut after)
        } else {
            entry.due()?;
            entry.commit(None, Some(Moment::at(now())), &mut after)
        }
    };
    drop(after);
    match received {
        Received::Settled => Some(case),
        Received::Empty => None,
        // SAFETY: the sender waits on the channel of this case, which receives.
        Received::Late(sender) => match unsafe { pair(sender, entry.slot()) } {
            Status::Done => Some(case),
            _ => None,
        },
    }
}

impl Patience {
    /// Whether there is none, or the deadline has passed.
    fn is_over(self) -> bool {
        match self {
            Self::None => true,
            Self::Until(deadline) => deadline.is_some_and(|deadline| deadline <= now()),
        }
    }

    fn begin_wait(self) -> Option<(Wait, Option<Instant>)> {
        match self {
            Self::None => None,
            Self::Until(deadline) => Some((Wait::begin(), deadline)),
        }
    }
}

/// The clock, as far as a select needs it: only if one of its cases does.
#[derive(Default)]
struct Time {
    /// The time at the round's beginning, if there are cases of the clock.
    moment: Option<Moment>,
    /// When the first of them is due.
    due: Option<Instant>,
    /// The wait ends because a case is due, and not because the patience does.
    ends_with_due: bool,
}

impl Time {
    /// Looks at the clock and at the cases of the clock, before the locks are taken.
    fn begin_round(&mut self, entries: &[Entry<'_>]) {
        self.due = entries.iter().filter_map(Entry::due).min();
        if self.due.is_some() {
            let now = now();
            self.moment.get_or_insert(Moment::at(now)).now = now;
        }
    }

    /// When a wait has to end.
    fn wait_until(&mut self, deadline: Option<Instant>) -> Option<Instant> {
        self.ends_with_due = match (self.due, deadline) {
            (Some(due), Some(deadline)) => due <= deadline,
            (due, _) => due.is_some(),
        };
        if self.ends_with_due {
            self.due
        } else {
            deadline
        }
    }

    /// Whether a wait that no peer has ended was the last one. Unwinds if the task is cancelled.
    fn is_up(&self, outcome: Outcome) -> bool {
        if outcome != Outcome::Deadline {
            unwind_cancelled();
        }
        !self.ends_with_due
    }
}

/// Parks until a waiter is settled.
#[inline]
fn block(
    gates: Gates,
    entries: &[Entry<'_>],
    wait: Wait,
    until: Option<Instant>,
    mut told: ClaimedList,
) -> Outcome {
    let mut left = (gates, entries, &mut told);
    let left = &mut left;
    // Takes one address: the worker reads that back sooner than many words. What it leads to stays until
    // the last gate is unlocked, see the invariants.
    let commit = move || {
        let (gates, entries, told) = left;
        let told = mem::take(*told);
        // SAFETY: the guards are forgotten in their entries.
        unsafe { gates.unlock_all(entries) };
        drop(told);
        true
    };
    wait.park(until, commit)
}

/// One of the cases that look as if they could be committed: the first one, or a random one.
///
/// # Safety
/// The gates are locked.
#[inline(always)]
unsafe fn choose(
    gates: Gates,
    entries: &mut [Entry<'_>],
    time: &Time,
    biased: bool,
) -> Option<usize> {
    let mut chosen = None;
    let mut ready = 0;
    for index in 0..entries.len() {
        // SAFETY: the locks are held, and the reference ends before the next one is made.
        let ready_now = unsafe {
            let gate = gates.gate(entries, index);
            entries[index].may_commit(gate.as_deref(), time.moment)
        };
        if !ready_now {
            continue;
        }
        ready += 1;
        // Each of the ready cases ends up chosen with the same probability.
        // SAFETY: the locks are held, and there is no reference to a gate any more.
        if ready == 1 || unsafe { gates.random_below(entries, ready) } == 0 {
            chosen = Some(index);
        }
        if biased {
            break;
        }
    }
    if ready > 1 {
        Luck::set(true);
    }
    chosen
}

/// Commits one of the cases, if any can be.
///
/// # Safety
/// The gates are locked, and no waiter is linked.
#[inline(always)]
unsafe fn attempt(
    gates: Gates,
    entries: &mut [Entry<'_>],
    time: &Time,
    biased: bool,
    after: &mut After,
) -> Attempt {
    // SAFETY: by this function's contract.
    while let Some(index) = unsafe { choose(gates, entries, time, biased) } {
        // SAFETY: as above; the reference to the gate ends with the call.
        let received = unsafe {
            let gate = gates.gate(entries, index);
            entries[index].commit(gate, time.moment, after)
        };
        match received {
            Received::Settled => return Attempt::Committed(index),
            Received::Late(popped) => return Attempt::Late(index, popped),
            // All waiters there were settled elsewhere, and are out of the queue now; or another
            // receiver has taken what the clock had.
            Received::Empty => {}
        }
    }
    Attempt::NoneReady
}
