//! Timers: a hierarchical wheel a worker, with entries in the sleepers' headers.
//!
//! Arming and cancelling are O(1) and allocate nothing. The wheel itself knows no threads: who
//! may touch it when is in [`timers`](super::timers). A task
//! has one deadline at a time, so its header has room for one entry; on the sleeper's stack it
//! would cost a page walk each time a neighbour in the list is touched.
//!
//! Time is counted in ticks of about 65 µs. Level *n* has 256 slots of 256ⁿ ticks each; an entry
//! lies in the lowest level in which its due tick differs from now, and moves down when its slot
//! comes up (the scheme of Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987).
//!
//! ```text
//! level 0   |0|1|2|...|255|     256 slots of 1 tick       17 ms
//! level 1   |0|1|2|...|255|     256 slots of 256 ticks    4.3 s
//! level 2, 3, 4                                           18 min, 78 h, 2.3 years
//!                               beyond: at the greatest distance, and filed again from there
//! ```
//!
//! Ownership of an entry: *linked*: the wheel; otherwise the task.
//!
//! Invariants: never early (a deadline is rounded up to a tick, now is rounded down); an entry is
//! linked in exactly the slot that its `place` says.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

const TICK_SHIFT: u32 = 16;
const SLOT_BITS: u32 = 8;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = 5;
/// Entries farther away than this many ticks are filed at this distance and filed again later.
const MAX_DISTANCE: u64 = (1 << (SLOT_BITS * LEVELS as u32)) - 1;
/// At most this many entries of a slot are looked at for the exact time of the next wake-up.
const LOOK_LIMIT: usize = 32;

/// A task's entry in its worker's wheel.
pub(crate) struct Timer {
    prev: Cell<*const Timer>,
    next: Cell<*const Timer>,
    /// Above: ticks from the wheel's start, rounded up. Below: the slot it is linked in, which is
    /// level × 256 + slot, or `UNLINKED`; and `OF_FRAME`.
    due_and_place: Cell<u64>,
}

const UNLINKED: u16 = OF_FRAME - 1;
/// Says that the timer is a frame's, and not a task's.
const OF_FRAME: u16 = 1 << 15;
/// Deadlines farther away than this many ticks, some 584 years, are taken for this one.
const LAST_TICK: u64 = u64::MAX >> u16::BITS;

impl Timer {
    pub(crate) const fn new() -> Self {
        Self {
            prev: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            due_and_place: Cell::new(UNLINKED as u64),
        }
    }

    /// The timer of a [`Frame`](crate::cancel::Frame).
    pub(crate) const fn of_frame() -> Self {
        Self {
            due_and_place: Cell::new((UNLINKED | OF_FRAME) as u64),
            ..Self::new()
        }
    }

    /// Whether it is a frame's, and not a task's.
    #[inline]
    pub(crate) fn is_of_frame(&self) -> bool {
        self.due_and_place.get() as u16 & OF_FRAME != 0
    }

    fn due(&self) -> u64 {
        self.due_and_place.get() >> u16::BITS
    }

    fn set_due(&self, due: u64) {
        let below = self.due_and_place.get() as u16;
        self.due_and_place.set(due << u16::BITS | u64::from(below));
    }

    fn place(&self) -> u16 {
        self.due_and_place.get() as u16 & !OF_FRAME
    }

    fn set_place(&self, place: u16) {
        let rest = self.due_and_place.get() & !u64::from(!OF_FRAME);
        self.due_and_place.set(rest | u64::from(place));
    }
}

/// Which slots of a level hold entries.
#[derive(Default)]
struct Occupied([Cell<u64>; SLOTS / 64]);

impl Occupied {
    fn insert(&self, slot: usize) {
        let word = &self.0[slot / 64];
        word.set(word.get() | (1 << (slot % 64)));
    }

    fn remove(&self, slot: usize) {
        let word = &self.0[slot / 64];
        word.set(word.get() & !(1 << (slot % 64)));
    }

    /// How far after `slot` the next occupied one comes, going round; `slot` itself comes last.
    fn next_after(&self, slot: usize) -> Option<u64> {
        let words = self.0.len();
        let start = (slot + 1) % SLOTS;
        for i in 0..=words {
            let index = (start / 64 + i) % words;
            let mut word = self.0[index].get();
            if i == 0 {
                word &= u64::MAX << (start % 64);
            } else if i == words {
                word &= !(u64::MAX << (start % 64));
            }
            if word != 0 {
                let found = index * 64 + word.trailing_zeros() as usize;
                return Some(((found + SLOTS - start) % SLOTS) as u64 + 1);
            }
        }
        None
    }
}

/// The timers of one worker.
pub(crate) struct Wheel {
    start: Instant,
    /// The tick up to which everything has been fired.
    now: Cell<u64>,
    len: Cell<usize>,
    occupied: [Occupied; LEVELS],
    slots: Box<[Cell<*const Timer>]>,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            now: Cell::new(0),
            len: Cell::new(0),
            occupied: Default::default(),
            slots: vec![Cell::new(ptr::null()); LEVELS * SLOTS].into(),
        }
    }

    /// The time from which it counts.
    pub(crate) fn started_at(&self) -> Instant {
        self.start
    }

    /// When the wheel wants to be looked at next, in nanoseconds from its start: not later than the
    /// first timer is due.
    pub(crate) fn next_look(&self) -> Option<u64> {
        let (_, tick) = self.next_slot()?;
        Some(tick.saturating_mul(1 << TICK_SHIFT))
    }

    /// The number of armed timers.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// Arms `timer` for `deadline` and says when it is due, in nanoseconds from the wheel's start.
    /// One that has passed already fires at the next look.
    ///
    /// # Safety
    /// The timer is not armed and stays where it is until it has fired or been
    /// [disarmed](Self::disarm).
    pub(crate) unsafe fn arm(&self, timer: NonNull<Timer>, deadline: Instant) -> u64 {
        let nanos = deadline
            .saturating_duration_since(self.start)
            .as_nanos()
            .min(u64::MAX.into()) as u64;
        // Rounded up, so that the timer never fires early; not before the next tick, because the
        // slot of `now` has been dealt with.
        let due = ((nanos >> TICK_SHIFT) + 1)
            .max(self.now.get() + 1)
            .min(LAST_TICK);
        // SAFETY: the caller vouches for the timer.
        unsafe { timer.as_ref() }.set_due(due);
        self.len.set(self.len.get() + 1);
        self.link(timer);
        due.saturating_mul(1 << TICK_SHIFT)
    }

    /// Disarms `timer` if it is armed.
    ///
    /// # Safety
    /// If the timer is armed, it is so in this wheel.
    pub(crate) unsafe fn disarm(&self, timer: NonNull<Timer>) {
        // SAFETY: the caller's timer is alive, and linked timers are by `arm`'s contract.
        unsafe {
            let node = timer.as_ref();
            let place = node.place();
            if place == UNLINKED {
                return;
            }
            node.set_place(UNLINKED);
            let place = usize::from(place);
            match node.prev.get().as_ref() {
                Some(prev) => prev.next.set(node.next.get()),
                None => {
                    self.slots[place].set(node.next.get());
                    if node.next.get().is_null() {
                        self.occupied[place / SLOTS].remove(place % SLOTS);
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
        let now = self.now.get();
        // SAFETY: `timer` is alive by `arm`'s contract; so is the head of a slot.
        unsafe {
            let node = timer.as_ref();
            let filed_at = now + (node.due() - now).min(MAX_DISTANCE);
            // The highest digit in which the two differ; carries may reach beyond the top level,
            // whose slots go round.
            let differing = (now ^ filed_at).max(1);
            let level = ((63 - differing.leading_zeros()) / SLOT_BITS) as usize;
            let level = level.min(LEVELS - 1);
            let slot = (filed_at >> (SLOT_BITS * level as u32)) as usize % SLOTS;
            let place = level * SLOTS + slot;
            let head = self.slots[place].replace(timer.as_ptr());
            node.prev.set(ptr::null());
            node.next.set(head);
            if let Some(head) = head.as_ref() {
                head.prev.set(timer.as_ptr());
            }
            node.set_place(place as u16);
            self.occupied[level].insert(slot);
        }
    }

    /// The earliest occupied slot after `now`: its place and the tick at which it comes up.
    fn next_slot(&self) -> Option<(usize, u64)> {
        let now = self.now.get();
        let mut best: Option<(usize, u64)> = None;
        for (level, occupied) in self.occupied.iter().enumerate() {
            let shift = SLOT_BITS * level as u32;
            let digit = (now >> shift) as usize % SLOTS;
            let Some(ahead) = occupied.next_after(digit) else {
                continue;
            };
            let tick = ((now >> shift) + ahead) << shift;
            if best.is_none_or(|(_, at)| tick < at) {
                let slot = (digit + ahead as usize) % SLOTS;
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
                earliest = earliest.min(timer.due());
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

    /// Unlinks what is due at `now` and calls `fire` with each.
    pub(crate) fn advance(&self, now: Instant, mut fire: impl FnMut(NonNull<Timer>)) {
        let nanos = now.saturating_duration_since(self.start).as_nanos() as u64;
        let until = nanos >> TICK_SHIFT;
        while let Some((place, tick)) = self.next_slot() {
            if tick > until {
                break;
            }
            self.now.set(tick);
            self.occupied[place / SLOTS].remove(place % SLOTS);
            let mut next = self.slots[place].replace(ptr::null());
            while let Some(timer) = NonNull::new(next.cast_mut()) {
                // SAFETY: linked timers are alive by `arm`'s contract.
                let node = unsafe { timer.as_ref() };
                next = node.next.get();
                if node.due() > tick {
                    self.link(timer);
                    continue;
                }
                node.set_place(UNLINKED);
                self.len.set(self.len.get() - 1);
                fire(timer);
            }
        }
        self.now.set(self.now.get().max(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for start in [0u64, 1, 63, 64, 255, 256, 65_535, 65_536, 1 << 30] {
            for distance in [1u64, 2, 255, 256, 257, 65_535, 65_536, 70_000, 20_000_000] {
                let wheel = wheel_at(start);
                let timer = Timer::new();
                let due = start + distance;
                // SAFETY: the timer outlives its time in the wheel: it fires below.
                unsafe { wheel.arm(NonNull::from(&timer), at(&wheel, due - 1)) };
                assert_eq!(timer.due(), due);
                let mut steps = 0;
                while let Some(timeout) = wheel.next_timeout(at(&wheel, wheel.now.get())) {
                    let now = at(&wheel, wheel.now.get()) + timeout;
                    let mut fired = 0;
                    wheel.advance(now, |_| fired += 1);
                    let expected = u32::from(now >= at(&wheel, due));
                    assert_eq!(fired, expected, "from {start} over {distance}");
                    steps += 1;
                    assert!(steps < 20, "the wheel does not get there");
                }
                assert_eq!(wheel.len(), 0);
            }
        }
    }

    /// Many timers at once, looked at in uneven steps, against a sorted list.
    #[test]
    fn many_timers_fire_in_their_ticks() {
        let wheel = wheel_at(123_456);
        let mut seed = 88_172_645_463_325_252u64;
        let timers: Vec<_> = (0..5000).map(|_| Timer::new()).collect();
        for timer in &timers {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let due = 123_456 + 1 + seed % (1 << (1 + seed % 22));
            // SAFETY: every timer fires below.
            unsafe { wheel.arm(NonNull::from(timer), at(&wheel, due - 1)) };
        }
        let mut now = 123_456;
        while wheel.len() != 0 {
            let before = now;
            now += 1 + (now % 997);
            wheel.advance(at(&wheel, now), |timer| {
                // SAFETY: the timers live to the end of the test.
                let due = unsafe { timer.as_ref() }.due();
                assert!(before < due && due <= now, "{before} < {due} <= {now}");
            });
        }
    }

    #[test]
    fn disarming_leaves_the_wheel_empty() {
        let wheel = Wheel::new();
        let timers: Vec<_> = (0..1000).map(|_| Timer::new()).collect();
        for (i, timer) in timers.iter().enumerate() {
            let deadline = wheel.start + Duration::from_micros(i as u64 * 997);
            // SAFETY: every timer is disarmed below.
            unsafe { wheel.arm(NonNull::from(timer), deadline) };
        }
        assert_eq!(wheel.len(), 1000);
        for timer in timers.iter().rev().chain(&timers) {
            // SAFETY: armed in this wheel, or not at all the second time.
            unsafe { wheel.disarm(NonNull::from(timer)) };
        }
        assert_eq!(wheel.len(), 0);
        assert!(wheel.next_timeout(Instant::now()).is_none());
    }

    #[test]
    fn far_and_past_deadlines_are_kept_in_order() {
        let wheel = wheel_at(1 << 20);
        let (far, past) = (Timer::new(), Timer::new());
        let far_away = wheel.start + Duration::from_secs(500 * 365 * 86_400);
        // SAFETY: `past` fires and `far` is disarmed below.
        unsafe {
            wheel.arm(NonNull::from(&far), far_away);
            wheel.arm(NonNull::from(&past), wheel.start);
        }
        let mut fired = 0;
        wheel.advance(at(&wheel, (1 << 20) + 1), |_| fired += 1);
        assert_eq!(fired, 1);
        assert_eq!(past.place(), UNLINKED);
        assert_ne!(far.place(), UNLINKED);
        // SAFETY: armed in this wheel.
        unsafe { wheel.disarm(NonNull::from(&far)) };
    }
}
