//! How much of the current stack is left.

use std::cell::Cell;

use super::class::Class;
use super::slot::Slot;
use super::table;

/// The bytes of stack that are left to the calling code, or `None` on a stack that is none of
/// hueless's: that of an OS thread.
///
/// Inside [`grow`](super::grow()) it is the temporary stack that counts, in a
/// [generator](crate::generator()) the generator's. The answer is exact to
/// within the frame of the caller; below it lies a guard. Costs about two nanoseconds, and neither
/// blocks nor allocates.
///
/// # Examples
///
/// ```
/// use hueless_runtime::stack;
///
/// assert_eq!(stack::remaining(), None); // the main thread
/// let left = hueless_runtime::spawn(|| stack::remaining().unwrap()).join().unwrap();
/// assert!(left > 100 << 10);
/// ```
#[inline]
#[must_use]
pub fn remaining() -> Option<usize> {
    left_below(pointer())
}

/// The bytes between `pointer`, the stack pointer of the calling thread, and the guard below it.
fn left_below(pointer: usize) -> Option<usize> {
    // Whatever a thread runs on is in use, so the answer is not out of date.
    let body = table::find(pointer)?.body();
    Some(pointer.saturating_sub(body.start))
}

/// Who runs on the slot that the calling code runs on; null on an OS thread's own stack.
#[inline]
pub(super) fn current_owner() -> *const () {
    table::find(pointer()).map_or(std::ptr::null(), |slot| {
        // SAFETY: this thread runs on the slot, so it is in use, and mapped.
        unsafe { slot.owner() }.who
    })
}

/// The local word of the stack of `class` that `address` lies on.
///
/// # Safety
/// That stack's owner is who calls, for as long as the reference is used.
#[inline]
pub(crate) unsafe fn local_word<'a>(address: usize, class: Class) -> &'a Cell<*mut ()> {
    let slot = Slot::holding(address, class).expect("no stack lies at address zero");
    // SAFETY: by this function's contract.
    unsafe { slot.local_word() }
}

/// The stack pointer: no higher than anything in the frame of the function that this is inlined into.
///
/// The address of a local is not good enough: the frame may reach far below it, and under
/// AddressSanitizer locals lie elsewhere.
#[inline(always)]
pub(crate) fn pointer() -> usize {
    let pointer: usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: reads a register.
    unsafe {
        std::arch::asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: reads a register.
    unsafe {
        std::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let local = 0_u8;
        pointer = (&raw const local).addr();
    }
    pointer
}
