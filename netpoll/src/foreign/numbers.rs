//! The entries, by the descriptors' numbers.
//!
//! The system gives out small numbers first, so they lie in an array, made in pieces at first use. Pieces are
//! kept for good; an entry goes when its number is closed.

use std::array;
use std::os::fd::RawFd;
use std::sync::Arc;

use hueless_runtime::bare::OnceLock;
use hueless_runtime::park::Lock;

use super::Foreign;

/// How many numbers have an entry in a piece.
const PIECE: usize = 256;
/// How many pieces there can be: for a million numbers. Who waits at a higher one waits in the kernel.
const PIECES: usize = 4096;

type Entry = Lock<Option<Arc<Foreign>>>;

static TABLE: [OnceLock<Box<[Entry; PIECE]>>; PIECES] = [const { OnceLock::new() }; PIECES];

fn place(fd: RawFd) -> Option<(&'static OnceLock<Box<[Entry; PIECE]>>, usize)> {
    let number = usize::try_from(fd).ok()?;
    Some((TABLE.get(number / PIECE)?, number % PIECE))
}

/// The entry of `fd`, made if there is none; `None` if the number is too high.
pub(super) fn of(fd: RawFd) -> Option<Arc<Foreign>> {
    let (piece, index) = place(fd)?;
    let piece = piece.get_or_init(|| Box::new(array::from_fn(|_| Lock::new(None))));
    if let Some(foreign) = &*piece[index].lock() {
        return Some(Arc::clone(foreign));
    }
    // Made, and dropped if somebody was first, outside the lock, which is no place to allocate.
    let made = Arc::new(Foreign::new(fd));
    let mut entry = piece[index].lock();
    let foreign = entry.get_or_insert_with(|| Arc::clone(&made));
    Some(Arc::clone(foreign))
}

/// Whether somebody has waited for `fd` since it was closed last.
#[inline]
pub fn is_known(fd: RawFd) -> bool {
    place(fd).is_some_and(|(piece, index)| {
        piece
            .get()
            .is_some_and(|piece| piece[index].lock().is_some())
    })
}

/// To be called before `fd` is closed: wakes who waits for it, and forgets what is known of it.
#[inline]
pub fn closing(fd: RawFd) {
    let Some((piece, index)) = place(fd) else {
        return;
    };
    if let Some(piece) = piece.get() {
        forget(&piece[index]);
    }
}

fn forget(entry: &Entry) {
    let foreign = entry.lock().take();
    if let Some(foreign) = foreign {
        foreign.close();
    }
}
