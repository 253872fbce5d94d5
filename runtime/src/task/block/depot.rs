//! The process's free blocks.
//!
//! Workers bring and fetch them by the magazine, which costs a lock and a few stores for all of its
//! blocks. Threads that are no workers take and put single ones.
//!
//! # Giving memory back
//!
//! [`trim`] counts, span by span, the blocks that lie here. Where that is all that the span has,
//! they are taken out of the chains and the span's memory is given up:
//!
//! 1. Under the lock, take all chains of a class out. They are this call's now, so nobody can use a
//!    block of a span that goes.
//! 2. Without the lock, count, sort out, tell the kernel.
//! 3. Under the lock, put back what stays, and the empty spans.

use std::ptr::NonNull;
use std::sync::{MutexGuard, PoisonError};

use super::spans::{Fresh, REGION, SPAN, Span, Spans};
use super::{Chain, Class, Link, MAGAZINE};
use crate::bare::Mutex;
use crate::sys::advise::{self, Advice};

/// So many spans are not worth a [`trim`].
const KEPT: usize = 16;

static DEPOT: Mutex<Depot> = Mutex::new(Depot {
    shelves: [const {
        Shelf {
            magazines: None,
            loose: Chain::new(),
            fresh: Vec::new(),
        }
    }; Class::MAX],
    spans: Spans::new(),
    lull: Lull::Trimmed,
});

struct Depot {
    shelves: [Shelf; Class::MAX],
    spans: Spans,
    lull: Lull,
}

/// What has happened since the last call of [`trim`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lull {
    /// Blocks have moved.
    None,
    /// Nothing.
    Still,
    /// Nothing, and that call has given back what it could.
    Trimmed,
}

/// The free blocks of one class.
struct Shelf {
    /// Magazines, linked through their first blocks.
    magazines: Option<NonNull<Link>>,
    /// Fewer blocks than a magazine.
    loose: Chain,
    /// What is left of spans that were cut.
    fresh: Vec<Fresh>,
}

// SAFETY: free blocks are nobody's, and the lock admits one thread.
unsafe impl Send for Shelf {}

/// What [`take`] finds.
pub(super) enum Supply {
    /// Free blocks, one at least.
    Used(Chain),
    /// A span to cut blocks from.
    Fresh(Fresh),
}

fn lock() -> MutexGuard<'static, Depot> {
    // Nothing that runs under the lock panics between two changes that belong together.
    DEPOT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Blocks for a worker; none if there is no memory left.
#[cold]
pub(super) fn take(class: Class) -> Option<Supply> {
    let mut depot = lock();
    depot.lull = Lull::None;
    let shelf = &mut depot.shelves[class.index()];
    if let Some(chain) = shelf.pop() {
        return Some(Supply::Used(chain));
    }
    let fresh = shelf.fresh.pop().or_else(|| depot.spans.take())?;
    Some(Supply::Fresh(fresh))
}

/// Takes a worker's blocks in.
#[cold]
pub(super) fn put(class: Class, mut chain: Chain) {
    if chain.len == 0 {
        return;
    }
    let mut depot = lock();
    depot.lull = Lull::None;
    let shelf = &mut depot.shelves[class.index()];
    if chain.len == MAGAZINE {
        shelf.push(chain);
    } else {
        while let Some(block) = chain.pop() {
            // SAFETY: the chain's own block, now ours.
            unsafe { shelf.put_one(block) };
        }
    }
}

/// Takes the rest of a worker's span in.
pub(super) fn put_fresh(class: Class, fresh: Fresh) {
    if fresh.holds(class) {
        lock().shelves[class.index()].fresh.push(fresh);
    }
}

/// One block, for a thread that is no worker; none if there is no memory left.
pub(super) fn take_one(class: Class) -> Option<NonNull<u8>> {
    let mut depot = lock();
    depot.lull = Lull::None;
    let Depot { shelves, spans, .. } = &mut *depot;
    let shelf = &mut shelves[class.index()];
    if shelf.loose.len == 0
        && let Some(magazine) = shelf.pop()
    {
        shelf.loose = magazine;
    }
    if let Some(block) = shelf.loose.pop() {
        return Some(block);
    }
    let mut fresh = shelf.fresh.pop().or_else(|| spans.take())?;
    let block = fresh.take(class);
    if fresh.holds(class) {
        shelf.fresh.push(fresh);
    }
    block
}

/// Takes one block in, from a thread that is no worker.
///
/// # Safety
/// The block is of this class, free, and the caller's, who gives it up.
pub(super) unsafe fn put_one(class: Class, block: NonNull<u8>) {
    let mut depot = lock();
    depot.lull = Lull::None;
    // SAFETY: the same contract.
    unsafe { depot.shelves[class.index()].put_one(block) }
}

impl Shelf {
    fn push(&mut self, magazine: Chain) {
        debug_assert_eq!(magazine.len, MAGAZINE);
        let head = magazine.head.expect("a magazine is not empty");
        // SAFETY: the magazine's blocks are ours, and as long as a link.
        unsafe { (*head.as_ptr()).magazine = self.magazines };
        self.magazines = Some(head);
    }

    /// # Safety
    /// As [`put_one`].
    unsafe fn put_one(&mut self, block: NonNull<u8>) {
        // SAFETY: the same contract.
        unsafe { self.loose.push(block) };
        if self.loose.len == MAGAZINE {
            let full = self.loose.take();
            self.push(full);
        }
    }

    fn pop(&mut self) -> Option<Chain> {
        let head = self.magazines?;
        // SAFETY: a shelf's blocks are its own, and `push` wrote the link.
        self.magazines = unsafe { head.as_ref() }.magazine;
        Some(Chain {
            head: Some(head),
            len: MAGAZINE,
        })
    }
}

/// Gives the memory of spans back to the system that hold nothing but free blocks; true to ask for
/// another call.
///
/// Meant to be called about every 100 ms by a runtime that is idle, until the answer is false. Only
/// what has lain still between two calls goes, so bursts that follow each other are left alone, and
/// [`KEPT`] spans stay.
pub(crate) fn trim() -> bool {
    {
        let mut depot = lock();
        if depot.lull == Lull::Trimmed || depot.spans.out() <= KEPT {
            return false;
        }
        if depot.lull == Lull::None {
            depot.lull = Lull::Still;
            return true;
        }
        depot.lull = Lull::Trimmed;
    }
    Class::all().for_each(trim_class);
    false
}

fn trim_class(class: Class) {
    let (mut chains, regions) = {
        let mut depot = lock();
        let shelf = &mut depot.shelves[class.index()];
        let mut chains: Vec<_> = std::iter::from_fn(|| shelf.pop()).collect();
        chains.push(shelf.loose.take());
        (chains, depot.spans.regions().to_vec())
    };
    let mut counts = Counts::new(regions);
    for chain in &chains {
        chain.for_each(|block| *counts.of(block) += 1);
    }
    let all = (SPAN / class.size()) as u16;
    let mut kept = Vec::new();
    let mut last = Chain::new();
    for chain in &mut chains {
        while let Some(block) = chain.pop() {
            if *counts.of(block.addr().get()) == all {
                continue;
            }
            // SAFETY: the chain's own block, now ours.
            unsafe { last.push(block) };
            if last.len == MAGAZINE {
                kept.push(last.take());
            }
        }
    }
    let empty = counts.spans_with(all);
    // SAFETY: all blocks of these spans were in the chains above, so they are ours alone, and their
    // links have been read for the last time.
    //
    // The kernel refuses for locked memory; then it stays, which is harmless.
    let _ = unsafe { advise::all(&joined(&empty), Advice::DISCARD) };

    let mut depot = lock();
    let shelf = &mut depot.shelves[class.index()];
    for magazine in kept {
        shelf.push(magazine);
    }
    while let Some(block) = last.pop() {
        // SAFETY: the chain's own block, now ours.
        unsafe { shelf.put_one(block) };
    }
    // They are taken from the end: the lowest first, to keep what is in use together.
    for start in empty.into_iter().rev() {
        depot.spans.put(start);
    }
}

/// A number for each span of all regions.
struct Counts {
    regions: Vec<usize>,
    counts: Vec<u16>,
}

impl Counts {
    const SPANS: usize = REGION / SPAN;

    fn new(regions: Vec<usize>) -> Self {
        let counts = vec![0; regions.len() * Self::SPANS];
        Self { regions, counts }
    }

    /// The number for the span that holds the block at `address`.
    fn of(&mut self, address: usize) -> &mut u16 {
        let region = self
            .regions
            .binary_search(&(address & !(REGION - 1)))
            .expect("a block lies in a region");
        &mut self.counts[region * Self::SPANS + address % REGION / SPAN]
    }

    /// Where the spans start whose number is `count`, in order.
    fn spans_with(&self, count: u16) -> Vec<usize> {
        let matching = self.counts.iter().enumerate();
        matching
            .filter(|(_, is)| **is == count)
            .map(|(i, _)| self.regions[i / Self::SPANS] + i % Self::SPANS * SPAN)
            .collect()
    }
}

/// The ranges that these spans, which are in order, make up.
fn joined(starts: &[usize]) -> Vec<Span> {
    let mut ranges: Vec<Span> = Vec::new();
    for &start in starts {
        match ranges.last_mut() {
            Some(last) if last.end() == start => last.len += SPAN,
            _ => ranges.push(Span { start, len: SPAN }),
        }
    }
    ranges
}
