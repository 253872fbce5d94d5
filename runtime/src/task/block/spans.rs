//! Where blocks come from.
//!
//! Address space is reserved by the [`REGION`], for good; memory is committed as it is touched. A
//! region is handed out by the [`SPAN`]; a span holds blocks of one class until all of them are free,
//! when [`trim`](super::depot::trim) gives its memory back, and then serves any class.
//!
//! Beyond the first [`SMALL`] bytes of the process huge pages are asked for: a burst that gets there
//! needs thousands of blocks, and one fault then serves for ten thousand of them.

use std::ptr::{self, NonNull};

use super::Class;
use crate::sys::memory;

pub(super) use crate::sys::memory::Span;

/// Address space that is reserved at a time, and its alignment.
pub(super) const REGION: usize = 32 << 20;
/// What is handed out at a time.
pub(super) const SPAN: usize = 64 << 10;
/// The size of a huge page, on the systems that this was measured on.
const HUGE: usize = 2 << 20;
/// So much of the first region is left to small pages, so that a process with few tasks stays small.
const SMALL: usize = HUGE;

/// Memory cut into blocks as they are taken: the part of a span that was never used.
pub(super) struct Fresh {
    next: usize,
    end: usize,
}

impl Fresh {
    pub(super) const NONE: Self = Self { next: 0, end: 0 };

    /// Whether there is a block left.
    #[inline]
    pub(super) fn holds(&self, class: Class) -> bool {
        self.end - self.next >= class.size()
    }

    /// The next block; none when less than one is left.
    #[inline]
    pub(super) fn take(&mut self, class: Class) -> Option<NonNull<u8>> {
        if !self.holds(class) {
            return None;
        }
        let block = self.next;
        self.next += class.size();
        NonNull::new(ptr::with_exposed_provenance_mut(block))
    }
}

/// The spans that hold no block, and all regions.
pub(super) struct Spans {
    /// Lowest addresses, in order.
    regions: Vec<usize>,
    /// The part of the newest region that has not been handed out.
    rest: Span,
    /// Spans that have come back.
    free: Vec<usize>,
    out: usize,
}

impl Spans {
    pub(super) const fn new() -> Self {
        Self {
            regions: Vec::new(),
            rest: Span { start: 0, len: 0 },
            free: Vec::new(),
            out: 0,
        }
    }

    /// A span without memory of its own yet; none if there is no address space left.
    pub(super) fn take(&mut self) -> Option<Fresh> {
        let start = match self.free.pop() {
            Some(start) => start,
            None => {
                if self.rest.len == 0 {
                    self.grow()?;
                }
                let start = self.rest.start;
                self.rest = Span {
                    start: start + SPAN,
                    len: self.rest.len - SPAN,
                };
                start
            }
        };
        self.out += 1;
        Some(Fresh {
            next: start,
            end: start + SPAN,
        })
    }

    fn grow(&mut self) -> Option<()> {
        let region = memory::reserve(REGION, REGION).ok()?;
        let small = if self.regions.is_empty() { SMALL } else { 0 };
        memory::prefer_huge_pages(Span {
            start: region.start + small,
            len: region.len - small,
        });
        let place = self.regions.partition_point(|start| *start < region.start);
        self.regions.insert(place, region.start);
        self.rest = region;
        Some(())
    }

    /// Takes a span back whose memory has been given up.
    pub(super) fn put(&mut self, start: usize) {
        self.free.push(start);
        self.out -= 1;
    }

    /// How many are handed out.
    pub(super) fn out(&self) -> usize {
        self.out
    }

    /// All regions, in order.
    pub(super) fn regions(&self) -> &[usize] {
        &self.regions
    }
}
