//! The gates of a select's cases: locked, worked on and unlocked all together.
//!
//! Each gate is locked once, in the order of the gates' ranks, however many cases have it. Its
//! guard lies in the first of these cases, the *holder*.

#[cfg(not(loom))]
use std::cell::Cell;

use hueless_runtime::park::{ClaimedList, MAX_CASES, Ticket};

#[cfg(not(loom))]
use crate::exchange::some_number;
use crate::exchange::{Gate, GateLock};
use crate::select::entry::Entry;

/// So many cases are sorted in place; more take memory.
const FEW: usize = 16;

/// The cases of a select that have gates, in the order of the gates.
#[derive(Clone, Copy)]
pub(super) struct Gates {
    /// How many. The `turn`s of as many entries, from the first on, say which.
    count: usize,
}

impl Gates {
    /// Finds the order.
    ///
    /// # Panics
    /// If there are more cases than a wait can have.
    #[inline(always)]
    pub(super) fn arrange(entries: &mut [Entry<'_>]) -> Self {
        let mut count = 0;
        if entries.len() > FEW {
            count = sort_many(entries);
        } else {
            for index in 0..entries.len() {
                let Some(gate) = entries[index].gate else {
                    continue;
                };
                let mut turn = count;
                while turn > 0 {
                    let before = entries[turn - 1].turn;
                    if gate.rank() >= gate_of(&entries[usize::from(before)]).rank() {
                        break;
                    }
                    entries[turn].turn = before;
                    turn -= 1;
                }
                entries[turn].turn = index as u16;
                count += 1;
            }
        }
        let gates = Self { count };
        let mut holder: Option<u16> = None;
        for turn in 0..count {
            let index = entries[turn].turn;
            let rank = gate_of(&entries[usize::from(index)]).rank();
            let same = |holder: &u16| gate_of(&entries[usize::from(*holder)]).rank() == rank;
            let first = holder.filter(same).unwrap_or(index);
            entries[usize::from(index)].holder = first;
            holder = Some(first);
        }
        gates
    }

    /// Locks each gate once.
    #[inline(always)]
    pub(super) fn lock_all(self, entries: &mut [Entry<'_>]) {
        for turn in 0..self.count {
            let index = entries[turn].turn;
            let entry = &mut entries[usize::from(index)];
            if entry.holder == index {
                entry.guard.write(gate_of(entry).lock());
            }
        }
    }

    /// Unlocks each gate once, and reads no entry after the last one.
    ///
    /// # Safety
    /// The gates are locked by guards that were forgotten, and the gates' contents are not used
    /// after this.
    pub(super) unsafe fn unlock_all(self, entries: &[Entry<'_>]) {
        let mut pending: Option<&GateLock> = None;
        for first in &entries[..self.count] {
            let gate = gate_of(&entries[usize::from(first.turn)]);
            match pending {
                Some(same) if same.rank() == gate.rank() => {}
                _ => {
                    if let Some(gate) = pending.replace(gate) {
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

    /// The gate of the entry at `index`, if it has one.
    ///
    /// # Safety
    /// The gates are locked, and there is no other reference to this one.
    #[inline]
    pub(super) unsafe fn gate<'g>(
        self,
        entries: &mut [Entry<'_>],
        index: usize,
    ) -> Option<&'g mut Gate> {
        entries[index].gate?;
        let holder = usize::from(entries[index].holder);
        // SAFETY: `lock_all` has set the holders' guards, and the rest is by this function's
        // contract.
        unsafe {
            let gate: *mut Gate = &raw mut **entries[holder].guard.assume_init_mut();
            Some(&mut *gate)
        }
    }

    /// A random number below `bound`.
    ///
    /// # Safety
    /// The gates are locked, and there is no reference to one.
    pub(super) unsafe fn random_below(self, entries: &mut [Entry<'_>], bound: u32) -> u32 {
        match entries.first() {
            Some(first) if self.count != 0 => {
                let some = usize::from(first.turn);
                // SAFETY: by this function's contract, and the reference ends here.
                let gate = unsafe { self.gate(entries, some) };
                gate.map_or(0, |gate| gate.random_below(bound))
            }
            _ => any_below(bound),
        }
    }

    /// Links a waiter for each case. Cases that wait in one queue do so in a random order, unless
    /// the select is biased: a peer takes the first. Answers whom to tell of it after the locks.
    ///
    /// # Safety
    /// The gates are locked, no waiter is linked, and the entries stay where they are until
    /// [`withdraw_all`](Self::withdraw_all).
    #[inline(always)]
    pub(super) unsafe fn enqueue_all(
        self,
        entries: &mut [Entry<'_>],
        ticket: Ticket,
        biased: bool,
    ) -> ClaimedList {
        let mut watched = false;
        let count = entries.len();
        let shared = |(index, entry): (usize, &Entry<'_>)| {
            entry.gate.is_some() && usize::from(entry.holder) != index
        };
        let (mut start, mut step) = (0, 1);
        if !biased && entries.iter().enumerate().any(shared) {
            // From a random case on, in a random direction round.
            // SAFETY: the locks are held, and there is no reference to a gate.
            let random = unsafe { self.random_below(entries, 2 * count as u32) } as usize;
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
                if let Some(gate) = self.gate(entries, index) {
                    entries[index].enqueue(gate, ticket, index as u16);
                    watched |= gate.is_watched();
                }
            }
            index = (index + step) % count;
        }
        if watched {
            // SAFETY: as above.
            unsafe { self.tell_watchers(entries) }
        } else {
            ClaimedList::default()
        }
    }

    /// Takes out those who watch for somebody to wait.
    ///
    /// # Safety
    /// The gates are locked, and there is no reference to one.
    #[cold]
    unsafe fn tell_watchers(self, entries: &mut [Entry<'_>]) -> ClaimedList {
        let mut watchers = ClaimedList::default();
        for index in 0..entries.len() {
            // SAFETY: by this function's contract; the reference ends before the next one is made.
            if let Some(gate) = unsafe { self.gate(entries, index) } {
                gate.changed(entries[index].chance().of_a_peer(), &mut watchers);
            }
        }
        watchers
    }

    /// Unlinks what is still linked. The gate of the winner need not be locked for that, unless
    /// another case waits there too, or it was unlocked last: see the engine's invariants.
    ///
    /// # Safety
    /// A waiter for each case was linked.
    pub(super) unsafe fn withdraw_all(self, entries: &[Entry<'_>], winner: Option<usize>) {
        let mut turn = 0;
        while turn < self.count {
            let end = self.end_of_gate(entries, turn);
            let first = usize::from(entries[turn].turn);
            let nothing_linked = winner == Some(first) && end == turn + 1;
            if !nothing_linked || end == self.count {
                let mut gate = gate_of(&entries[first]).lock();
                for turn in turn..end {
                    // SAFETY: by this function's contract, and these cases have the same gate.
                    unsafe { entries[usize::from(entries[turn].turn)].withdraw(&mut gate) };
                }
            }
            turn = end;
        }
    }

    /// Links a watcher for each case.
    ///
    /// # Safety
    /// As for [`enqueue_all`](Self::enqueue_all), until [`unwatch_all`](Self::unwatch_all).
    pub(super) unsafe fn watch_all(self, entries: &mut [Entry<'_>], ticket: Ticket) {
        for index in 0..entries.len() {
            // SAFETY: by this function's contract; the reference ends before the next one is made.
            unsafe {
                if let Some(gate) = self.gate(entries, index) {
                    entries[index].watch(gate, ticket);
                }
            }
        }
    }

    /// Unlinks the watchers that are still linked. All gates are locked for that, see the engine's
    /// invariants.
    ///
    /// # Safety
    /// A watcher for each case was linked.
    pub(super) unsafe fn unwatch_all(self, entries: &[Entry<'_>]) {
        let mut turn = 0;
        while turn < self.count {
            let end = self.end_of_gate(entries, turn);
            let mut gate = gate_of(&entries[usize::from(entries[turn].turn)]).lock();
            for turn in turn..end {
                // SAFETY: by this function's contract, and these cases have the same gate.
                unsafe { entries[usize::from(entries[turn].turn)].unwatch(&mut gate) };
            }
            turn = end;
        }
    }

    /// The first turn after `turn` that belongs to another gate.
    fn end_of_gate(self, entries: &[Entry<'_>], turn: usize) -> usize {
        let holder = entries[turn].turn;
        let mut end = turn + 1;
        while end < self.count && entries[usize::from(entries[end].turn)].holder == holder {
            end += 1;
        }
        end
    }
}

/// Finds the order of many gates, and how many there are.
#[cold]
fn sort_many(entries: &mut [Entry<'_>]) -> usize {
    assert!(entries.len() <= MAX_CASES, "too many cases in one select");
    let ranked = entries.iter().enumerate();
    let ranked = ranked.filter_map(|(index, entry)| Some((entry.gate?.rank(), index)));
    let mut order: Vec<_> = ranked.collect();
    order.sort_unstable();
    for (turn, (_, index)) in order.iter().enumerate() {
        // No loss: there are at most `MAX_CASES` entries.
        entries[turn].turn = *index as u16;
    }
    order.len()
}

/// The gate of an entry that is in the order of gates.
#[inline]
fn gate_of<'a>(entry: &Entry<'a>) -> &'a GateLock {
    match entry.gate {
        Some(gate) => gate,
        None => unreachable!("cases without a gate have no turn"),
    }
}

/// A random number below `bound`, without the lock of a gate, which has a generator of its own.
// Not inlined: tasks change threads.
#[inline(never)]
pub(super) fn any_below(bound: u32) -> u32 {
    #[cfg(loom)]
    return bound.saturating_sub(1);
    #[cfg(not(loom))]
    {
        thread_local!(static RANDOM: Cell<u64> = const { Cell::new(0) });
        let mut random = RANDOM.get();
        if random == 0 {
            random = some_number() | 1;
        }
        // Marsaglia's xorshift64, as in the gates.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        RANDOM.set(random);
        (((random >> 32) * u64::from(bound)) >> 32) as u32
    }
}
