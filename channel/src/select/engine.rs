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
//!    promised a message and given up, it starts over.
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

use std::ptr;
use std::time::{Duration, Instant};

use hueless_runtime::park::{MAX_CASES, Outcome, Popped, Ticket, Wait, unwind_cancelled};

use crate::exchange::{After, Gate, GateLock, Limit, Received, Status, pair};
use crate::loom::checkpoint;
use crate::select::entry::Entry;

/// How long to wait if no case is ready.
#[derive(Clone, Copy)]
enum Patience {
    None,
    Until(Option<Instant>),
}

/// Waits until one of the cases is committed and returns its index.
#[doc(hidden)]
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
    let patience = match Limit::After(timeout).deadline() {
        Ok(deadline) => Patience::Until(deadline),
        Err(_) => Patience::None,
    };
    run(entries, patience, biased)
}

/// What trying the cases came to.
enum Attempt {
    Committed(usize),
    Late(usize, Popped),
    NoneReady,
}

fn run(entries: &mut [Entry<'_>], patience: Patience, biased: bool) -> Option<usize> {
    assert!(entries.len() <= MAX_CASES, "too many cases in one select");
    if let Patience::Until(_) = patience {
        checkpoint();
    }
    arrange(entries);
    loop {
        // Unwinds if the task is cancelled: before the locks.
        let wait = match patience {
            Patience::None => None,
            Patience::Until(deadline) => Some((Wait::begin(), deadline)),
        };
        let mut after = After::default();
        lock_all(entries);
        // SAFETY: the locks are held, and no waiter is linked.
        let attempt = unsafe { attempt(entries, biased, &mut after) };
        if let (Attempt::NoneReady, Some((wait, deadline))) = (&attempt, wait) {
            // SAFETY: the locks are held, and no waiter is linked.
            if let Some(case) = unsafe { block(entries, wait, deadline, biased)? } {
                return Some(case);
            }
            continue;
        }
        // SAFETY: the guards are forgotten in their entries.
        unsafe { unlock_all(entries) };
        drop(after);
        match attempt {
            Attempt::Committed(case) => return Some(case),
            Attempt::NoneReady => return None,
            Attempt::Late(case, sender) => {
                // SAFETY: the sender waits on the channel of this case, which receives.
                if let Status::Done = unsafe { pair(sender, entries[case].slot()) } {
                    return Some(case);
                }
            }
        }
    }
}

/// Waits for a peer. `None` when the time is up, `Some(None)` when the select has to start over.
///
/// # Safety
/// The gates are locked, and no waiter is linked.
unsafe fn block(
    entries: &mut [Entry<'_>],
    wait: Wait,
    deadline: Option<Instant>,
    biased: bool,
) -> Option<Option<usize>> {
    // SAFETY: the locks are held; `withdraw_all` comes before the end of this function, which
    // borrows the entries.
    unsafe { enqueue_all(entries, wait.ticket(), biased) };
    let linked: &[Entry<'_>] = entries;
    let outcome = wait.park(deadline, move || {
        // SAFETY: the guards are forgotten in their entries.
        unsafe { unlock_all(linked) };
        true
    });
    let winner = match outcome {
        Outcome::Settled(case) => Some(usize::from(case)),
        _ => None,
    };
    // SAFETY: all waiters were linked above.
    unsafe { withdraw_all(linked, winner) };
    match (winner, outcome) {
        (Some(case), _) => {
            // SAFETY: a peer has settled this case, once.
            let committed = unsafe { entries[case].accept() };
            Some(committed.then_some(case))
        }
        (None, Outcome::Deadline) => None,
        (None, _) => unwind_cancelled(),
    }
}

/// Finds the order of the gates.
fn arrange(entries: &mut [Entry<'_>]) {
    for index in 0..entries.len() {
        let rank = entries[index].gate.rank();
        let mut turn = index;
        while turn > 0 {
            let before = entries[turn - 1].turn;
            if rank >= entries[usize::from(before)].gate.rank() {
                break;
            }
            entries[turn].turn = before;
            turn -= 1;
        }
        // No loss: there are at most `MAX_CASES` entries.
        entries[turn].turn = index as u16;
    }
    let mut holder: Option<u16> = None;
    for turn in 0..entries.len() {
        let index = entries[turn].turn;
        let gate = entries[usize::from(index)].gate;
        let same = |holder: &u16| ptr::eq(gate, entries[usize::from(*holder)].gate);
        let first = holder.filter(same).unwrap_or(index);
        entries[usize::from(index)].holder = first;
        holder = Some(first);
    }
}

/// Locks each gate once.
fn lock_all(entries: &mut [Entry<'_>]) {
    for turn in 0..entries.len() {
        let index = entries[turn].turn;
        let entry = &mut entries[usize::from(index)];
        if entry.holder == index {
            entry.guard.write(entry.gate.lock());
        }
    }
}

/// Unlocks each gate once, and reads no entry after the last one.
///
/// # Safety
/// The gates are locked by guards that were forgotten, and the gates' contents are not used after
/// this.
unsafe fn unlock_all(entries: &[Entry<'_>]) {
    let mut pending: Option<&GateLock> = None;
    for first in entries {
        let entry = &entries[usize::from(first.turn)];
        match pending {
            Some(gate) if ptr::eq(gate, entry.gate) => {}
            _ => {
                if let Some(gate) = pending.replace(entry.gate) {
                    // SAFETY: by this function's contract.
                    unsafe { gate.unlock() };
                }
            }
        }
    }
    if let Some(gate) = pending {
        // SAFETY: by this function's contract.
        unsafe { gate.unlock() };
    }
}

/// The gate of the entry at `index`.
///
/// # Safety
/// The gates are locked, and there is no other reference to this one.
unsafe fn gate<'g>(entries: &mut [Entry<'_>], index: usize) -> &'g mut Gate {
    let holder = usize::from(entries[index].holder);
    // SAFETY: `lock_all` has set the holders' guards, and the rest is by this function's contract.
    unsafe {
        let gate: *mut Gate = &raw mut **entries[holder].guard.assume_init_mut();
        &mut *gate
    }
}

/// Commits one of the cases, if any can be.
///
/// # Safety
/// The gates are locked, and no waiter is linked.
unsafe fn attempt(entries: &mut [Entry<'_>], biased: bool, after: &mut After) -> Attempt {
    loop {
        let mut chosen = None;
        let mut ready = 0;
        for index in 0..entries.len() {
            // SAFETY: the locks are held, and the reference ends before the next one is made.
            let gate = unsafe { gate(entries, index) };
            if entries[index].may_commit(gate) {
                ready += 1;
                // Each of the ready cases ends up chosen with the same probability.
                if ready == 1 || gate.random_below(ready) == 0 {
                    chosen = Some(index);
                }
                if biased {
                    break;
                }
            }
        }
        let Some(index) = chosen else {
            return Attempt::NoneReady;
        };
        // SAFETY: as above.
        let received = unsafe {
            let gate = gate(entries, index);
            entries[index].commit(gate, after)
        };
        match received {
            Received::Settled => return Attempt::Committed(index),
            Received::Late(popped) => return Attempt::Late(index, popped),
            // All waiters there were settled elsewhere. They are out of the queue now.
            Received::Empty => {}
        }
    }
}

/// Links a waiter for each case. Cases that wait in one queue do so in a random order, unless the
/// select is biased: a peer takes the first.
///
/// # Safety
/// The gates are locked, no waiter is linked, and the entries stay where they are until
/// `withdraw_all`.
unsafe fn enqueue_all(entries: &mut [Entry<'_>], ticket: Ticket, biased: bool) {
    let count = entries.len();
    let shared = |(index, entry): (usize, &Entry<'_>)| usize::from(entry.holder) != index;
    let (mut start, mut step) = (0, 1);
    if !biased && entries.iter().enumerate().any(shared) {
        // From a random case on, in a random direction round.
        // SAFETY: the locks are held, and the reference ends here.
        let random = unsafe { gate(entries, 0) }.random_below(2 * count as u32) as usize;
        start = random / 2;
        step = if random.is_multiple_of(2) {
            1
        } else {
            count - 1
        };
    }
    let mut index = start;
    for _ in 0..count {
        // SAFETY: by this function's contract; the reference ends before the next one is made.
        unsafe {
            let gate = gate(entries, index);
            entries[index].enqueue(gate, ticket, index as u16);
        }
        index = (index + step) % count;
    }
}

/// Unlinks what is still linked. The gate of the winner need not be locked for that, unless
/// another case waits there too, or it was unlocked last: see the invariants.
///
/// # Safety
/// A waiter for each case was linked.
unsafe fn withdraw_all(entries: &[Entry<'_>], winner: Option<usize>) {
    let entry_at = |turn: usize| {
        let index = usize::from(entries[turn].turn);
        (index, &entries[index])
    };
    let mut turn = 0;
    while turn < entries.len() {
        let (first, entry) = entry_at(turn);
        let mut end = turn + 1;
        while end < entries.len() && usize::from(entry_at(end).1.holder) == first {
            end += 1;
        }
        let nothing_linked = winner == Some(first) && end == turn + 1;
        if !nothing_linked || end == entries.len() {
            let mut gate = entry.gate.lock();
            for turn in turn..end {
                // SAFETY: by this function's contract, and these cases have the same gate.
                unsafe { entry_at(turn).1.withdraw(&mut gate) };
            }
        }
        turn = end;
    }
}
