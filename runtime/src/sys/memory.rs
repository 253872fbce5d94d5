//! Address space: reserve, protect, give back.
//!
//! Everything here works on whole pages of private anonymous memory. Nothing
//! touches the memory itself, so reserving costs address space only.

use std::io;
use std::ptr;

use crate::bare::OnceLock;

use super::advise::{self, Advice};

/// A range of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    /// Lowest address.
    pub(crate) start: usize,
    /// Length in bytes.
    pub(crate) len: usize,
}

impl Span {
    /// The first address above the range.
    pub(crate) fn end(self) -> usize {
        self.start + self.len
    }

    /// Whether the range holds `address`.
    pub(crate) fn contains(self, address: usize) -> bool {
        (self.start..self.end()).contains(&address)
    }
}

/// Reserves `size` bytes of readable and writable address space at a multiple
/// of `align` (a power of two), without committing memory to it.
///
/// # Errors
///
/// Those of `mmap`.
pub(crate) fn reserve(size: usize, align: usize) -> io::Result<Span> {
    debug_assert!(align.is_power_of_two());
    let mapped = map(None, size)?;
    if mapped.start.is_multiple_of(align) {
        return Ok(mapped);
    }
    // The first of a row of mappings is rarely aligned; those after it are, because the kernel
    // places each right below the one before.
    //
    // SAFETY: `mapped` was mapped just now and nobody else knows of it. Failing to release it wastes
    // address space and no more, here and below.
    let _ = unsafe { release(mapped) };
    // Below lies mostly nothing yet. Where something does, the kernel chooses again.
    if let Ok(near) = map(Some(mapped.start & !(align - 1)), size) {
        if near.start.is_multiple_of(align) {
            return Ok(near);
        }
        // SAFETY: as above.
        let _ = unsafe { release(near) };
    }
    // What always works is to reserve more and cut off both ends.
    let wide = map(None, size + align)?;
    let start = wide.start.next_multiple_of(align);
    let kept = Span { start, len: size };
    let below = Span {
        start: wide.start,
        len: start - wide.start,
    };
    let above = Span {
        start: kept.end(),
        len: wide.end() - kept.end(),
    };
    for end in [below, above] {
        if end.len > 0 {
            // SAFETY: part of `wide`, mapped just now, outside what is kept.
            let _ = unsafe { release(end) };
        }
    }
    Ok(kept)
}

/// Maps `size` bytes, at `wish` if that is free.
fn map(wish: Option<usize>, size: usize) -> io::Result<Span> {
    // SAFETY: without MAP_FIXED a wish is no order: a new private mapping
    // affects no memory that anybody uses.
    let address = unsafe {
        libc::mmap(
            ptr::without_provenance_mut(wish.unwrap_or(0)),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(Span {
        start: address.addr(),
        len: size,
    })
}

/// Unmaps `span`.
///
/// # Safety
///
/// The caller owns the mapping, and nothing refers to memory in it any more.
///
/// # Errors
///
/// Those of `munmap`: cutting a piece out of a mapping can exceed the limit of
/// mappings. The range is then still mapped.
pub(crate) unsafe fn release(span: Span) -> io::Result<()> {
    // SAFETY: the caller gives up the range.
    check(unsafe { libc::munmap(pointer(span), span.len) })
}

/// Makes `span` inaccessible; it becomes a mapping of its own.
///
/// # Safety
///
/// The caller owns the range and no live object lies in it.
///
/// # Errors
///
/// Those of `mprotect`, among them `ENOMEM` at the limit of mappings.
pub(crate) unsafe fn protect(span: Span) -> io::Result<()> {
    // SAFETY: the caller owns the range; nothing live becomes inaccessible.
    check(unsafe { libc::mprotect(pointer(span), span.len, libc::PROT_NONE) })
}

/// Asks for small pages: one touched page must not cost 2 MiB.
///
/// A kernel built without huge pages refuses, and has no need of it.
pub(crate) fn forbid_huge_pages(span: Span) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the advice changes how memory is backed, never its contents.
    unsafe {
        libc::madvise(pointer(span), span.len, libc::MADV_NOHUGEPAGE);
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = span;
}

/// Asks for huge pages, for memory that will be used all through.
///
/// A kernel built without huge pages refuses, and serves small ones.
pub(crate) fn prefer_huge_pages(span: Span) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the advice changes how memory is backed, never its contents.
    unsafe {
        libc::madvise(pointer(span), span.len, libc::MADV_HUGEPAGE);
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = span;
}

/// Whether the kernel can guard a range without a mapping of its own.
pub(crate) fn has_light_guards() -> bool {
    let Some(advice) = Advice::GUARD else {
        return false;
    };
    // No system has pages above 64 KiB.
    let Ok(trial) = map(None, 64 << 10) else {
        return false;
    };
    // SAFETY: `trial` is ours alone and holds nothing.
    let installed = unsafe { advise::each(&[trial], advice) }.is_ok();
    // SAFETY: as above; nothing refers to it any more.
    let _ = unsafe { release(trial) };
    installed
}

/// The lowest page of `span`, which begins with a page, that has memory; `None` if none has, and
/// where the system does not say. What was swapped out does not count.
pub(crate) fn lowest_resident(span: Span) -> Option<usize> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        /// Pages asked about in one system call: a default stack's fit.
        const PAGES: usize = 256;
        let page = page_size();
        let mut flags = [0_u8; PAGES];
        let mut start = span.start;
        while start < span.end() {
            let len = (span.end() - start).min(PAGES * page);
            let part = Span { start, len };
            // SAFETY: only asks; `flags` has a byte for each page of the part.
            check(unsafe { libc::mincore(pointer(part), len, flags.as_mut_ptr()) }).ok()?;
            let pages = &flags[..len.div_ceil(page)];
            if let Some(first) = pages.iter().position(|flag| flag & 1 != 0) {
                return Some(start + first * page);
            }
            start += len;
        }
        None
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = span;
        None
    }
}

/// Bytes of a page.
pub(crate) fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: only asks.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).expect("every system has a page size")
    })
}

fn pointer(span: Span) -> *mut libc::c_void {
    ptr::with_exposed_provenance_mut(span.start)
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
