//! Whether selects of this thread find several cases ready, lately.
//!
//! Then it pays to try a random one alone, see `try_any` in the engine; otherwise that is one more lock
//! in vain. Advice only: nothing depends on it but time.

#[cfg(not(loom))]
use std::cell::Cell;

#[cfg(not(loom))]
thread_local!(static LUCK: Cell<bool> = const { Cell::new(false) });

pub(super) struct Luck;

#[cfg(not(loom))]
impl Luck {
    // Not inlined, nor is `set`: tasks change threads.
    #[inline(never)]
    pub(super) fn holds() -> bool {
        LUCK.get()
    }

    #[inline(never)]
    pub(super) fn set(luck: bool) {
        LUCK.set(luck);
    }
}

/// A model tries a case alone, always.
#[cfg(loom)]
impl Luck {
    pub(super) fn holds() -> bool {
        true
    }

    pub(super) fn set(_: bool) {}
}
