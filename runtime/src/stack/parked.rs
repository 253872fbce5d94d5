//! Giving back the memory below the frames of suspended code.
//!
//! A task that went deep once and then parks for long keeps the pages it has touched. Those below its
//! stack pointer hold nothing, and nobody but the worker that keeps it suspended can tell where that
//! is: inside [`grow`](super::grow()) it lies in another slot. So the code that suspends records its
//! stack pointer, and the slot is found from that.

use super::{marks, table};
use crate::sys::advise::{self, Advice};
use crate::sys::memory::{self, Span};

/// How far below a recorded pointer there may be frames in use: those of the switch.
pub(crate) const MARGIN: usize = 2 << 10;

/// Stacks told of in one system call, where the kernel takes so many.
const BATCH: usize = 64;

/// Gives the whole pages below each of `pointers` (and [`MARGIN`]) in its slot back to the system;
/// guards stay. What is no address on one of our stacks is left out.
///
/// A stack that has no such pages costs about half as much as one that has one, so it is not worth
/// doing for the same suspension twice. Nothing happens while stacks are being [measured](marks).
///
/// # Safety
///
/// For each address that lies on a stack of ours: that stack is in use, its code is suspended and is
/// not resumed before this returns, and nothing in its slot that is further than [`MARGIN`] below the
/// address will be read. So it is with what [`pointer`](super::pointer) has answered in the very
/// function that suspends; an address of one of its locals would not do, since the frame may reach
/// further down.
pub(crate) unsafe fn discard_below(pointers: impl IntoIterator<Item = usize>) {
    if marks::on() {
        return;
    }
    let mut batch = [Span { start: 0, len: 0 }; BATCH];
    let mut full = 0;
    for span in pointers.into_iter().filter_map(unused) {
        batch[full] = span;
        full += 1;
        if full == BATCH {
            // SAFETY: passed on to the caller.
            unsafe { discard(&batch) };
            full = 0;
        }
    }
    // SAFETY: as above.
    unsafe { discard(&batch[..full]) };
}

/// The whole pages of its slot that lie below `pointer` and the margin, and above the guard.
fn unused(pointer: usize) -> Option<Span> {
    let floor = table::find(pointer)?.body().start;
    let page = memory::page_size();
    let end = pointer.checked_sub(MARGIN)? & !(page - 1);
    (end > floor).then(|| Span {
        start: floor,
        len: end - floor,
    })
}

/// # Safety
///
/// Nothing in `spans` will be read.
unsafe fn discard(spans: &[Span]) {
    // SAFETY: suspended stacks are the caller's, as is the promise about what is in them.
    //
    // The kernel refuses for locked memory; then it stays, which is harmless.
    let _ = unsafe { advise::all(spans, Advice::DISCARD) };
}
