//! Giving the memory of free slots back to the system.
//!
//! A region without a slot in use is unmapped, which frees its page tables too;
//! in other regions the free warm slots give up their memory and are cold then.
//!
//! Only what was not needed for a while goes: a call gives back at most as many
//! slots as have been free and warm ever since the call before it. So one idle
//! runtime does not take the slots that another is using over and over.
//!
//! # Protocol
//!
//! 1. Under the pool's lock, take a whole region, or a batch of warm slots: they
//!    are out now, owned by this call, and nobody else can use or unmap them.
//! 2. Without the lock, tell the kernel.
//! 3. A region is gone; slots go back to the pool as cold ones.
//!
//! So takers never wait for the kernel, at most for one look at a region.

use super::class::Class;
use super::pool::{self, Pool};
use super::region::Region;
use super::slot::Slot;
use crate::sys::advise::{self, Advice};
use crate::sys::memory::Span;

/// Slots given back in one call, about: some 30 ms of the kernel's time.
const CALL: usize = 64 << 10;

/// Slots taken out of the pool at a time.
const BATCH: usize = 256;

/// Gives back memory of free slots, some of it if there is much, and says
/// whether to call again.
///
/// Meant to be called about every 100 ms by a runtime that is idle, until the
/// answer is false: then nothing is left to give back. Memory that has just
/// become free is left alone until the next call. Slots in workers' caches are
/// not free in this sense; [`Cache::clear`](super::Cache::clear) makes them so.
pub(crate) fn trim() -> bool {
    let mut budget = CALL;
    // Every class gets its turn, so no short-circuit.
    Class::all().fold(false, |more, class| trim_class(class, &mut budget) | more)
}

fn trim_class(class: Class, budget: &mut usize) -> bool {
    let mut pool = pool::lock(class);
    if pool.region_bound() == 0 {
        return false;
    }
    let mut unneeded = pool.start_interval();
    // From the highest down: slots are taken from the lowest up.
    let mut more = false;
    let mut id = pool.region_bound();
    while id > 0 {
        if *budget == 0 {
            more = true;
            break;
        }
        match pick(&mut pool, id - 1, unneeded, *budget) {
            None => id -= 1,
            Some(job) => {
                drop(pool);
                let cost = job.cost();
                job.run(class);
                unneeded = unneeded.saturating_sub(cost);
                *budget = budget.saturating_sub(cost.max(1));
                pool = pool::lock(class);
            }
        }
    }
    more || pool.warm_slots() > 0
}

/// What to do outside the lock.
enum Job {
    Unmap(Region),
    Discard(Vec<Slot>),
}

/// Finds something to do with region number `id`: at most `unneeded` warm slots
/// can go, and `budget` of them in this call (a whole region goes at once).
fn pick(pool: &mut Pool, id: usize, unneeded: usize, budget: usize) -> Option<Job> {
    let region = pool.region(id)?;
    if region.out() == 0 && region.warm.len() <= unneeded {
        return pool.remove_idle(id).map(Job::Unmap);
    }
    let count = region.warm.len().min(unneeded).min(budget).min(BATCH);
    if count == 0 {
        return None;
    }
    let mut slots = Vec::with_capacity(count);
    pool.take_warm(id, count, &mut slots);
    Some(Job::Discard(slots))
}

impl Job {
    /// Warm slots that it gives back.
    fn cost(&self) -> usize {
        match self {
            Job::Unmap(region) => region.warm.len(),
            Job::Discard(slots) => slots.len(),
        }
    }

    fn run(self, class: Class) {
        match self {
            // SAFETY: `remove_idle` took it out of pool and table, and gives
            // out only regions without a slot out.
            Job::Unmap(region) => unsafe { region.unmap() },
            Job::Discard(slots) => {
                discard(&slots);
                pool::give_cold(class, slots);
            }
        }
    }
}

/// Gives the memory of `slots`, which the caller owns, back to the system.
pub(super) fn discard(slots: &[Slot]) {
    let mut spans: Vec<Span> = Vec::with_capacity(slots.len());
    for slot in slots {
        let span = slot.span();
        match spans.last_mut() {
            // Guards survive, so neighbours can share a range.
            Some(last) if last.end() == span.start => last.len += span.len,
            _ => spans.push(span),
        }
    }
    // SAFETY: the caller owns the slots, and nobody runs on them.
    //
    // The kernel refuses for locked memory; then it stays, which is harmless.
    let _ = unsafe { advise::all(&spans, Advice::DISCARD) };
}
