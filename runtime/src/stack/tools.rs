//! What memory checkers want to know about stacks.
//!
//! AddressSanitizer keeps notes about frames, which outlive frames that a panic
//! has left; so a stack is wiped of them before somebody else runs on it. The
//! switch does that for tasks' stacks, [`stack_left`] for others.
//!
//! Valgrind takes a jump of the stack pointer for a huge frame unless both
//! ends are in registered stacks. LeakSanitizer looks for pointers in the
//! stacks of threads only; what a parked task alone refers to would be
//! reported. It reads all of what it is told to read, so it must not be told
//! of guards: slots are registered one by one, when their guards are
//! installed, and stay so until their region goes.

use super::slot::Slot;
use crate::sys::memory::Span;

/// `slot` has its guard and will be used as a stack.
pub(super) fn slot_carved(slot: Slot) {
    valgrind::register(slot.body());
    #[cfg(feature = "sanitizer")]
    leaks::register(slot.body());
}

/// The memory of a slot that was told of is about to be unmapped.
pub(super) fn slot_unmapped(slot: Slot) {
    #[cfg(feature = "sanitizer")]
    leaks::unregister(slot.body());
    let _ = slot;
}

/// Nobody runs on `slot` any more, and the next may come any time.
pub(super) fn stack_left(slot: Slot) {
    #[cfg(feature = "sanitizer")]
    poison::clear(slot.body());
    let _ = slot;
}

mod valgrind {
    use super::Span;
    use corosensei::stack::valgrind::ValgrindStackRegistration;

    /// A few instructions without effect outside valgrind. The registration
    /// is never taken back: where the memory is mapped again, there will be
    /// stacks again.
    pub(super) fn register(body: Span) {
        let start = std::ptr::without_provenance_mut(body.start);
        std::mem::forget(ValgrindStackRegistration::new(start, body.len));
    }
}

#[cfg(feature = "sanitizer")]
mod leaks {
    use super::Span;
    use std::ffi::c_void;

    // SAFETY: the signatures of sanitizer/lsan_interface.h.
    unsafe extern "C" {
        fn __lsan_register_root_region(start: *const c_void, len: usize);
        fn __lsan_unregister_root_region(start: *const c_void, len: usize);
    }

    pub(super) fn register(body: Span) {
        let start = std::ptr::with_exposed_provenance(body.start);
        // SAFETY: the range is readable until `unregister`.
        unsafe { __lsan_register_root_region(start, body.len) }
    }

    pub(super) fn unregister(body: Span) {
        let start = std::ptr::with_exposed_provenance(body.start);
        // SAFETY: registered with these very values.
        unsafe { __lsan_unregister_root_region(start, body.len) }
    }
}

#[cfg(feature = "sanitizer")]
mod poison {
    use super::Span;
    use std::ffi::c_void;

    // SAFETY: the signature of sanitizer/asan_interface.h.
    unsafe extern "C" {
        fn __asan_unpoison_memory_region(start: *const c_void, len: usize);
    }

    pub(super) fn clear(body: Span) {
        let start = std::ptr::with_exposed_provenance(body.start);
        // SAFETY: memory of ours that holds nothing live.
        unsafe { __asan_unpoison_memory_region(start, body.len) }
    }
}
