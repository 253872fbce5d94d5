//! Timers: a hierarchical wheel a worker, with entries on the sleepers' stacks.
//!
//! Arming and cancelling are O(1) and allocate nothing. The wheel is its worker's alone: a pinned
//! task's timer is armed, fired and cancelled on that task's worker, so there is no lock.
//!
//! Time is counted in ticks of about 65 µs. Level *n* has 64 slots of 64ⁿ ticks each; an entry lies
//! in the lowest level whose span holds its distance from now, and moves down when its slot comes
//! up (the scheme of Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987).
//!
//! ```text
//! level 0   |0|1|2|...|63|      64 slots of 1 tick        4.2 ms
//! level 1   |0|1|2|...|63|      64 slots of 64 ticks      268 ms
//! ...                                                     17 s, 18 min, 19 h, 52 days
//! level 6   |0|1|2|...|63|      beyond: parked in the last slot and moved on from there
//! ```
//!
//! Ownership of an entry: *linked*: the wheel; otherwise the sleeper. Firing unlinks the entry, then
//! settles the claim; whoever loses the claim touches nothing more.
//!
//! Invariants: never early (a deadline is rounded up to a tick, now is rounded down); an entry is
//! linked in exactly the slot that `level` and its deadline say.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

use crate::park::{Settled, Ticket};

const TICK_SHIFT: u32 = 16;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = 7;
/// Entries farther away than this many ticks are filed at this distance and filed again later.
const MAX_DISTANCE: u64 = (1 << (SLOT_BITS * LEVELS as u32)) - 1;
/// At most this many entries of a slot are looked at for the exact time of the next wake-up.
const LOOK_LIMIT: usize = 32;

/// A deadline armed for one wait; lies on the sleeper's stack.
pub(crate) struct Timer {
    prev: Cell<*const Timer>,
    next: Cell<*const Timer>,
    /// The slot it is linked in: level × 64 + slot, or `UNLINKED`.
    place: Cell<u16>,
    /// Ticks from the wheel's start, rounded up.
    due: Cell<u64>,
    ticket: Ticket,
}

const UNLINKED: u16 = u16::MAX;

impl Timer {
    pub(crate) fn new(ticket: Ticket) -> Self {
        Self {
            prev: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            place: Cell::new(UNLINKED),
            due: Cell::new(0),
            ticket,
        }
    }
}

/// The timers of one worker.
pub(crate) struct Wheel {
    start: Instant,
    /// The tick up to which everything has been fired.
    now: Cell<u64>,
    len: Cell<usize>,
    /// For each level, which slots hold entries.
    occupied: [Cell<u64>; LEVELS],
    slots: Box<[Cell<*const Timer>; LEVELS * SLOTS]>,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            now: Cell::new(0),
            len: Cell::new(0),
            occupied: [const { Cell::new(0) }; LEVELS],
            slots: Box::new([const { Cell::new(ptr::null()) }; LEVELS * SLOTS]),
        }
    }

    /// The number of armed timers.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// Arms `timer` for `deadline`. One that has passed already fires at the next look.
    ///
    /// # Safety
    /// The timer is not armed and stays where it is until it has fired or been
    /// [disarmed](Self::disarm), and its ticket's header lives as long.
    pub(crate) unsafe fn arm(&self, timer: NonNull<Timer>, deadline: Instant) {
        let nanos = deadline
            .saturating_duration_since(self.start)
            .as_nanos()
            .min(u64::MAX.into()) as u64;
        // Rounded up, so that the timer never fires early; not before the next tick, because the
        // slot of `now` has been dealt with.
        let due = (nanos >> TICK_SHIFT) + 1;
        // SAFETY: the caller vouches for the timer.
        unsafe { timer.as_ref() }
            .due
            .set(due.max(self.now.get() + 1));
        self.len.set(self.len.get() + 1);
        self.link(timer);
    }

    /// Disarms `timer` if it is armed.
    ///
    /// # Safety
    /// If the timer is armed, it is so in this wheel.
    pub(crate) unsafe fn disarm(&self, timer: NonNull<Timer>) {
        // SAFETY: the caller's timer is alive, and linked timers are by `arm`'s contract.
        unsafe {
            let node = timer.as_ref();
            let place = node.place.replace(UNLINKED);
            if place == UNLINKED {
                return;
            }
            match node.prev.get().as_ref() {
                Some(prev) => prev.next.set(node.next.get()),
                None => {
                    self.slots[usize::from(place)].set(node.next.get());
                    if node.next.get().is_null() {
                        let bits = &self.occupied[usize::from(place) / SLOTS];
                        bits.set(bits.get() & !(1 << (usize::from(place) % SLOTS)));
                    }
                }
            }
            if let Some(next) = node.next.get().as_ref() {
                next.prev.set(node.prev.get());
            }
        }
        self.len.set(self.len.get() - 1);
    }

    fn link(&self, timer: NonNull<Timer>) {
        // SAFETY: `timer` is alive by `arm`'s contract; so is the head of a slot.
        unsafe {
            let node = timer.as_ref();
            let distance = (node.due.get() - self.now.get()).min(MAX_DISTANCE);
            let filed_at = self.now.get() + distance;
            // The lowest level in which `now` and the due tick differ in that level's digit only.
            let differing = self.now.get() ^ filed_at;
            let level = (63 - differing.leading_zeros()) / SLOT_BITS;
            let level = (level as usize).min(LEVELS - 1);
            let slot = (filed_at >> (SLOT_BITS * level as u32)) as usize % SLOTS;
            let place = level * SLOTS + slot;
            let head = self.slots[place].replace(timer.as_ptr());
            node.prev.set(ptr::null());
            node.next.set(head);
            if let Some(head) = head.as_ref() {
                head.prev.set(timer.as_ptr());
            }
            node.place.set(place as u16);
            let bits = &self.occupied[level];
            bits.set(bits.get() | 1 << slot);
        }
    }

    /// The earliest occupied slot after `now`: its place and the tick at which it comes up.
    fn next_slot(&self) -> Option<(usize, u64)> {
        let now = self.now.get();
        let mut best: Option<(usize, u64)> = None;
        for level in 0..LEVELS {
            let bits = self.occupied[level].get();
            if bits == 0 {
                continue;
            }
            let shift = SLOT_BITS * level as u32;
            let digit = (now >> shift) as usize % SLOTS;
            // Slots after `now`'s come first; on the top level they may wrap round.
            let ahead = bits.rotate_right(digit as u32 + 1).trailing_zeros() as u64 + 1;
            let tick = ((now >> shift) + ahead) << shift;
            let slot = (digit + ahead as usize) % SLOTS;
            if best.is_none_or(|(_, at)| tick < at) {
                best = Some((level * SLOTS + slot, tick));
            }
        }
        best
    }

    /// How long from `now` until the wheel wants to be looked at; `None` if nothing is armed.
    pub(crate) fn next_timeout(&self, now: Instant) -> Option<Duration> {
        let (place, tick) = self.next_slot()?;
        let mut due = tick;
        if place >= SLOTS {
            // A slot of a higher level comes up before its entries are due; look for the first of
            // them, if there are few, rather than wake up only to move them down.
            let mut earliest = u64::MAX;
            let mut looked = 0;
            let mut next = self.slots[place].get();
            // SAFETY: linked timers are alive by `arm`'s contract.
            while let Some(timer) = unsafe { next.as_ref() } {
                earliest = earliest.min(timer.due.get());
                next = timer.next.get();
                looked += 1;
                if looked == LOOK_LIMIT {
                    earliest = tick;
                    break;
                }
            }
            due = earliest.max(tick);
        }
        let at = Duration::from_nanos(due.saturating_mul(1 << TICK_SHIFT));
        Some(at.saturating_sub(now.saturating_duration_since(self.start)))
    }

    /// Fires what is due at `now`: settles the claims and readies the winners. Returns how many.
    pub(crate) fn fire(&self, now: Instant) -> usize {
        let nanos = now.saturating_duration_since(self.start).as_nanos() as u64;
        let until = nanos >> TICK_SHIFT;
        let mut fired = 0;
        while let Some((place, tick)) = self.next_slot() {
            if tick > until {
                break;
            }
            self.now.set(tick);
            let level = place / SLOTS;
            let bits = &self.occupied[level];
            bits.set(bits.get() & !(1 << (place % SLOTS)));
            let mut next = self.slots[place].replace(ptr::null());
            while let Some(timer) = NonNull::new(next.cast_mut()) {
                // SAFETY: linked timers are alive by `arm`'s contract, and so is the header of
                // their ticket.
                unsafe {
                    let node = timer.as_ref();
                    next = node.next.get();
                    if node.due.get() > tick {
                        self.link(timer);
                        continue;
                    }
                    node.place.set(UNLINKED);
                    self.len.set(self.len.get() - 1);
                    if let Some(claimed) = node.ticket.settle(Settled::DEADLINE) {
                        claimed.ready();
                        fired += 1;
                    }
                }
            }
        }
        self.now.set(self.now.get().max(until));
        fired
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::park::Wait;

    fn wheel_at(now: u64) -> Wheel {
        let wheel = Wheel::new();
        wheel.now.set(now);
        wheel
    }

    fn at(wheel: &Wheel, tick: u64) -> Instant {
        wheel.start + Duration::from_nanos(tick << TICK_SHIFT)
    }

    /// For many distances from many starting points: not fired before its time, fired at it.
    #[test]
    fn fires_at_its_tick_and_never_before() {
        for start in [0u64, 1, 63, 64, 4095, 4096, 262_143, 1 << 30] {
            for distance in [1u64, 2, 63, 64, 65, 4095, 4096, 5000, 300_000, 20_000_000] {
                let wheel = wheel_at(start);
                let wait = Wait::begin();
                let timer = Timer::new(wait.ticket());
                let due = start + distance;
                // SAFETY: the timer outlives its time in the wheel: it is fired below.
                unsafe { wheel.arm(NonNull::from(&timer), at(&wheel, due - 1)) };
                assert_eq!(timer.due.get(), due);
                let mut steps = 0;
                while let Some(timeout) = wheel.next_timeout(at(&wheel, wheel.now.get())) {
                    let now = at(&wheel, wheel.now.get()) + timeout;
                    let expected = usize::from(now >= at(&wheel, due));
                    let armed = wheel.len();
                    wheel.fire(now);
                    assert_eq!(
                        armed - wheel.len(),
                        expected,
                        "from {start} over {distance}"
                    );
                    steps += 1;
                    assert!(steps < 20, "the wheel does not get there");
                }
                assert_eq!(wheel.len(), 0);
            }
        }
    }

    #[test]
    fn disarming_leaves_the_wheel_empty() {
        let wheel = Wheel::new();
        let wait = Wait::begin();
        let timers: Vec<_> = (0..1000).map(|_| Timer::new(wait.ticket())).collect();
        for (i, timer) in timers.iter().enumerate() {
            let deadline = wheel.start + Duration::from_micros(i as u64 * 997);
            // SAFETY: every timer is disarmed below.
            unsafe { wheel.arm(NonNull::from(timer), deadline) };
        }
        assert_eq!(wheel.len(), 1000);
        for timer in timers.iter().rev() {
            // SAFETY: armed in this wheel.
            unsafe { wheel.disarm(NonNull::from(timer)) };
            // SAFETY: as above; the second time there is nothing to do.
            unsafe { wheel.disarm(NonNull::from(timer)) };
        }
        assert_eq!(wheel.len(), 0);
        assert!(wheel.next_timeout(Instant::now()).is_none());
    }

    #[test]
    fn far_and_past_deadlines_are_kept_in_order() {
        let wheel = wheel_at(1 << 20);
        let wait = Wait::begin();
        let far = Timer::new(wait.ticket());
        let past = Timer::new(wait.ticket());
        // SAFETY: `past` fires and `far` is disarmed below.
        unsafe {
            wheel.arm(
                NonNull::from(&far),
                wheel.start + Duration::from_secs(500 * 365 * 86_400),
            );
            wheel.arm(NonNull::from(&past), wheel.start);
        }
        wheel.fire(at(&wheel, (1 << 20) + 1));
        assert_eq!(past.place.get(), UNLINKED);
        assert_ne!(far.place.get(), UNLINKED);
        // SAFETY: armed in this wheel.
        unsafe { wheel.disarm(NonNull::from(&far)) };
    }
}
