//! The free slots of the process: one pool for each class, shared by all
//! runtimes, behind the workers' caches.
//!
//! # Protocol
//!
//! Taking: 1. lock; 2. take free slots with guards, warm before cold; if there
//! are any, done. 3. Otherwise claim some bare ones, mapping a new region if
//! need be; 4. unlock; 5. install their guards. 6. What could not be guarded
//! goes back to bare under the lock, and if that is all, the error goes to the
//! caller.
//!
//! Giving: 1. lock; 2. each slot becomes warm in its region.
//!
//! # Invariants
//!
//! - A slot leaves the pool for one owner at a time, since its bit is taken out
//!   of its set under the lock.
//! - The sets `warm`, `cold` and `bare` of the pool hold exactly the regions
//!   whose set of that name is not empty.
//! - The lock is held for no system call but the reservation of a region, and
//!   no two of these locks are held together.

use std::io;
use std::sync::{MutexGuard, PoisonError};

use crate::bare::Mutex;

use super::bits::Bits;
use super::class::Class;
use super::guard::{self, GuardKind};
use super::region::Region;
use super::slot::Slot;
use super::table::{self, REGION};
use super::tools;

static POOLS: [Mutex<Pool>; Class::COUNT] = [const { Mutex::new(Pool::new()) }; Class::COUNT];

/// Locks the pool of `class`.
pub(super) fn lock(class: Class) -> MutexGuard<'static, Pool> {
    // Nothing that runs under the lock panics between two changes that belong
    // together.
    POOLS[class.index()]
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// The free slots of one class.
pub(super) struct Pool {
    /// Regions by number, the last of which exists; a number below it that is free again is in
    /// `vacant`.
    regions: Vec<Option<Region>>,
    vacant: Bits,
    /// Regions with warm slots.
    warm: Bits,
    /// Regions with cold slots.
    cold: Bits,
    /// Regions with bare slots.
    bare: Bits,
    /// Warm slots in all regions.
    warm_slots: usize,
    /// The least that `warm_slots` has been since [`Pool::start_interval`]: so
    /// many have not been needed.
    least_warm: usize,
}

impl Pool {
    const fn new() -> Pool {
        Pool {
            regions: Vec::new(),
            vacant: Bits::new(),
            warm: Bits::new(),
            cold: Bits::new(),
            bare: Bits::new(),
            warm_slots: 0,
            least_warm: 0,
        }
    }

    /// Region number `id`, if there is one.
    pub(super) fn region(&mut self, id: usize) -> Option<&mut Region> {
        self.regions.get_mut(id)?.as_mut()
    }

    /// A bound on the numbers of regions.
    pub(super) fn region_bound(&self) -> usize {
        self.regions.len()
    }

    /// Warm slots in all regions.
    pub(super) fn warm_slots(&self) -> usize {
        self.warm_slots
    }

    /// Ends an interval and starts the next; answers how many warm slots were
    /// free all through it.
    pub(super) fn start_interval(&mut self) -> usize {
        std::mem::replace(&mut self.least_warm, self.warm_slots)
    }

    /// Takes up to `count` free slots that have guards, warm ones first.
    fn take_guarded(&mut self, count: usize, out: &mut Vec<Slot>) {
        while out.len() < count
            && let Some(id) = self.warm.first()
        {
            self.take_warm(id, count - out.len(), out);
        }
        while out.len() < count
            && let Some(id) = self.cold.first()
        {
            let region = self.regions[id].as_mut().expect("a region in a set exists");
            move_slots(region, |region| &mut region.cold, count - out.len(), out);
            if region.cold.is_empty() {
                self.cold.remove(id);
            }
        }
    }

    /// Takes up to `count` warm slots of region number `id`, lowest first.
    pub(super) fn take_warm(&mut self, id: usize, count: usize, out: &mut Vec<Slot>) {
        let region = self.regions[id]
            .as_mut()
            .expect("the caller has seen the region");
        let before = out.len();
        move_slots(region, |region| &mut region.warm, count, out);
        if region.warm.is_empty() {
            self.warm.remove(id);
        }
        self.warm_slots -= out.len() - before;
        self.least_warm = self.least_warm.min(self.warm_slots);
    }

    /// Takes up to `count` bare slots of one region, mapping one if need be.
    fn take_bare(&mut self, class: Class, count: usize, out: &mut Vec<Slot>) -> io::Result<()> {
        let id = match self.bare.first() {
            Some(id) => id,
            None => self.add_region(class)?,
        };
        let region = self.regions[id].as_mut().expect("a region in a set exists");
        move_slots(region, |region| &mut region.bare, count, out);
        if region.bare.is_empty() {
            self.bare.remove(id);
        }
        Ok(())
    }

    fn add_region(&mut self, class: Class) -> io::Result<usize> {
        let region = Region::map(class)?;
        let id = self.vacant.first().unwrap_or(self.regions.len());
        if let Err(error) = table::enter(region.start(), class, id) {
            // SAFETY: no slot was handed out, and neither pool nor table know
            // the region.
            unsafe { region.unmap() };
            return Err(error);
        }
        if id == self.regions.len() {
            self.regions.push(Some(region));
        } else {
            self.vacant.remove(id);
            self.regions[id] = Some(region);
        }
        self.bare.insert(id);
        Ok(id)
    }

    /// Takes region number `id` out of the pool and the table, if none of its
    /// slots is out.
    pub(super) fn remove_idle(&mut self, id: usize) -> Option<Region> {
        let region = self
            .regions
            .get_mut(id)?
            .take_if(|region| region.out() == 0)?;
        table::remove(region.start());
        for set in [&mut self.warm, &mut self.cold, &mut self.bare] {
            set.remove(id);
        }
        self.warm_slots -= region.warm.len();
        self.least_warm = self.least_warm.min(self.warm_slots);
        self.vacant.insert(id);
        self.forget_last();
        Some(region)
    }

    /// Drops the numbers above the last region, and the memory for most of them.
    fn forget_last(&mut self) {
        while let Some(None) = self.regions.last() {
            self.regions.pop();
            self.vacant.remove(self.regions.len());
        }
        let len = self.regions.len();
        if self.regions.capacity() > 4 * len.max(16) {
            self.regions.shrink_to(2 * len);
        }
    }

    /// Takes `slot` back into its region, in the state `to`.
    fn put(&mut self, slot: Slot, to: Free) {
        let id = table::region_of(slot);
        let region = self.regions[id]
            .as_mut()
            .expect("a region with a slot out exists");
        let index = region.index(slot);
        let (slots, regions) = match to {
            Free::Bare => (&mut region.bare, &mut self.bare),
            Free::Cold => (&mut region.cold, &mut self.cold),
            Free::Warm => (&mut region.warm, &mut self.warm),
        };
        let missing = slots.insert(index);
        debug_assert!(missing, "a slot was given back twice");
        if slots.len() == 1 {
            regions.insert(id);
        }
        if let Free::Warm = to {
            self.warm_slots += 1;
        }
    }
}

/// The states of a free slot.
#[derive(Clone, Copy)]
enum Free {
    Bare,
    Cold,
    Warm,
}

fn move_slots(
    region: &mut Region,
    from: impl Fn(&mut Region) -> &mut Bits,
    count: usize,
    out: &mut Vec<Slot>,
) {
    for _ in 0..count {
        let Some(index) = from(region).pop_first() else {
            return;
        };
        out.push(region.slot(index));
    }
}

/// Takes at least one and at most `count` slots of `class`, with guards, into
/// `out`, which is empty.
///
/// # Errors
///
/// When there is no room for another slot, or another guard; `out` is still
/// empty then. The message says what to change.
pub(super) fn take(class: Class, count: usize, out: &mut Vec<Slot>) -> io::Result<()> {
    debug_assert!(out.is_empty() && count > 0);
    let kind = guard::kind()?;
    {
        let mut pool = lock(class);
        pool.take_guarded(count, out);
        if !out.is_empty() {
            return Ok(());
        }
        pool.take_bare(class, carve_count(class).min(count), out)?;
    }
    // SAFETY: the slots are out, in no list but ours, and were never used.
    let (guarded, result) = unsafe { guard::install(kind, out) };
    if result.is_err() {
        let mut pool = lock(class);
        for slot in out.drain(guarded..) {
            pool.put(slot, Free::Bare);
        }
    }
    for &slot in &*out {
        tools::slot_carved(slot);
    }
    if out.is_empty() { result } else { Ok(()) }
}

/// How many guards to install in one go: enough to share a system call, but no
/// more than some address space's worth, because a big slot's guard takes a
/// page table of its own.
fn carve_count(class: Class) -> usize {
    ((16 << 20) / class.slot_size()).clamp(1, guard::BATCH)
}

/// Gives slots of `class` back: they are warm from now on.
///
/// The caller owns them, and they have their guards.
pub(super) fn give(class: Class, slots: impl IntoIterator<Item = Slot>) {
    give_as(class, slots, Free::Warm);
}

/// Gives slots of `class` back whose memory has gone back to the system.
///
/// The caller owns them, and they have their guards.
pub(super) fn give_cold(class: Class, slots: impl IntoIterator<Item = Slot>) {
    give_as(class, slots, Free::Cold);
}

fn give_as(class: Class, slots: impl IntoIterator<Item = Slot>, to: Free) {
    let mut pool = lock(class);
    for slot in slots {
        debug_assert_eq!(slot.class(), class);
        pool.put(slot, to);
    }
}

/// How stacks stand, in the whole process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stats {
    /// What guards them. If that could not be decided because of a bad setting
    /// there are no stacks, and this is the kind that always works.
    pub(crate) guard: GuardKind,
    /// Mappings that hold stacks.
    pub(crate) regions: usize,
    /// Slots outside the pool: in use, or free in some worker's cache.
    pub(crate) slots_in_use: usize,
    /// Free slots in the pool that have a guard.
    pub(crate) slots_free: usize,
    /// Address space of the regions. Memory is taken only by what was touched.
    pub(crate) bytes_reserved: usize,
}

/// Counts slots, class by class; another thread may move some meanwhile.
pub(crate) fn stats() -> Stats {
    let mut stats = Stats {
        guard: guard::kind().unwrap_or(GuardKind::Mprotect),
        regions: 0,
        slots_in_use: 0,
        slots_free: 0,
        bytes_reserved: 0,
    };
    for class in Class::all() {
        let pool = lock(class);
        for region in pool.regions.iter().flatten() {
            stats.regions += 1;
            stats.slots_in_use += region.out();
            stats.slots_free += region.warm.len() + region.cold.len();
            stats.bytes_reserved += REGION;
        }
    }
    stats
}
