//! The word that `std::thread::park` waits at.
//!
//! It is the thread's, not the task's: two tasks of one thread that waited there would take each other's
//! tokens, and the second one would spin, since std takes itself to be alone. So these waits block the thread.
//!
//! They expect `u32::MAX`. So does a reader that waits for a `RwLock` which is locked for writing while both
//! readers and writers wait, so the value alone does not tell. But the word stays where it is as long as the
//! thread, and each worker's thread parks once, for a nanosecond, before it runs tasks.

use std::cell::Cell;
use std::time::Duration;

/// What `std::thread::park` expects.
const PARKED: u32 = u32::MAX;

/// What is known of a thread's word.
#[derive(Clone, Copy)]
enum Word {
    Unknown,
    /// The next wait that may be meant is.
    Asked,
    At(usize),
}

thread_local! {
    static WORD: Cell<Word> = const { Cell::new(Word::Unknown) };
}

/// Finds out where this thread's word is. On a thread that nobody unparks.
pub(crate) fn learn() {
    // Twice: a token that somebody has left behind ends the first one without a call.
    for _ in 0..2 {
        WORD.set(Word::Asked);
        std::thread::park_timeout(Duration::from_nanos(1));
        if let Word::At(_) = WORD.get() {
            return;
        }
    }
    WORD.set(Word::Unknown);
}

/// Whether a wait at `address` is, or may be, that of `std::thread::park`.
// Never inlined: a task's next call may be on another thread.
#[inline(never)]
pub(crate) fn is_meant(address: usize, expected: u32) -> bool {
    if expected != PARKED {
        return false;
    }
    match WORD.get() {
        Word::Unknown => true,
        Word::At(word) => word == address,
        Word::Asked => {
            WORD.set(Word::At(address));
            true
        }
    }
}
