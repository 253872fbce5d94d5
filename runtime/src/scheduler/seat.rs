//! Seats: where a worker's thread sits, and which spares there are.
//!
//! A runtime has a seat for each worker and some for spares. A worker sits on its seat from the
//! start to the end. A *spare* is a worker that the monitor starts when others are stuck and tasks
//! that may move wait: it takes the lowest free seat, starts new tasks as long as at least as many
//! workers are stuck as its rank says, goes on with those it has started, and leaves when it has
//! none.
//!
//! Spares are bounded, because what is stuck behind a chain of blocking calls could otherwise take
//! every thread there is; beyond the bound tasks wait.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{MutexGuard, PoisonError};

use crossbeam_deque::Worker;
use crossbeam_utils::sync::Parker;

use crate::bare::Mutex;
use crate::scheduler::own_deque::OwnDeque;

/// Spares, at least.
const FEWEST_SPARES: usize = 16;

/// What a thread needs to be a worker.
pub(super) struct Seat {
    pub(super) index: usize,
    /// New tasks.
    pub(super) deque: OwnDeque,
    /// Started tasks of a migrating runtime.
    pub(super) movable: OwnDeque,
    pub(super) parker: Parker,
}

impl Seat {
    pub(super) fn new(index: usize) -> Self {
        Self {
            index,
            deque: OwnDeque::new(Worker::new_lifo()),
            movable: OwnDeque::new(Worker::new_fifo()),
            parker: Parker::new(),
        }
    }
}

/// The spares' seats.
pub(super) struct Seats {
    /// Those that are free, the lowest last.
    free: Mutex<Vec<Seat>>,
    /// One more than the highest seat that is taken. Grows before a spare begins.
    taken: AtomicUsize,
    /// How many spares may start tasks now.
    wanted: AtomicUsize,
    workers: usize,
}

impl Seats {
    /// How many spares a runtime of so many workers may have.
    pub(super) fn spares(workers: usize) -> usize {
        workers.max(FEWEST_SPARES)
    }

    pub(super) fn new(workers: usize) -> Self {
        Self {
            free: Mutex::new(Vec::new()),
            taken: AtomicUsize::new(workers),
            wanted: AtomicUsize::new(0),
            workers,
        }
    }

    fn free(&self) -> MutexGuard<'_, Vec<Seat>> {
        // Nothing that runs under the lock panics.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over the spares' seats, once.
    pub(super) fn keep_spares(&self, mut seats: Vec<Seat>) {
        seats.reverse();
        *self.free() = seats;
    }

    /// One more than the highest seat that is taken.
    #[inline]
    pub(super) fn taken(&self) -> usize {
        // Acquire pairs with the Release in `take`: a thief that sees a spare's work, whose
        // submission it has synchronised with, sees the seat too. Other looks are repeated.
        self.taken.load(Ordering::Acquire)
    }

    /// How many spares may start tasks now.
    #[inline]
    pub(super) fn wanted_spares(&self) -> usize {
        // Relaxed: a figure that the monitor changes now and then.
        self.wanted.load(Ordering::Relaxed)
    }

    /// Says how many spares may start tasks now. The monitor's.
    pub(super) fn want_spares(&self, count: usize) {
        // Relaxed: see `wanted_spares`.
        self.wanted.store(count, Ordering::Relaxed);
    }

    /// The lowest free seat; `None` if all are taken.
    pub(super) fn take(&self) -> Option<Seat> {
        let mut free = self.free();
        let seat = free.pop()?;
        let taken = self.taken.load(Ordering::Relaxed).max(seat.index + 1);
        // Release pairs with the Acquire in `taken`.
        self.taken.store(taken, Ordering::Release);
        Some(seat)
    }

    /// Takes a seat back; nothing is left in its queues.
    pub(super) fn give_back(&self, seat: Seat) {
        let mut free = self.free();
        let place = free.partition_point(|other| other.index > seat.index);
        free.insert(place, seat);
        // The seats above the highest taken one are the first of the list.
        let mut taken = self.workers + Self::spares(self.workers);
        for seat in free.iter() {
            if seat.index + 1 == taken {
                taken -= 1;
            }
        }
        self.taken.store(taken, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_seat_is_taken_first() {
        let seats = Seats::new(2);
        let spares = Seats::spares(2);
        seats.keep_spares((2..2 + spares).map(Seat::new).collect());
        assert_eq!(seats.taken(), 2);
        let (first, second) = (seats.take().unwrap(), seats.take().unwrap());
        assert_eq!((first.index, second.index), (2, 3));
        assert_eq!(seats.taken(), 4);
        seats.give_back(first);
        assert_eq!(seats.taken(), 4);
        seats.give_back(second);
        assert_eq!(seats.taken(), 2);
        let all: Vec<_> = std::iter::from_fn(|| seats.take()).collect();
        assert_eq!(all.len(), spares);
        assert_eq!(seats.taken(), 2 + spares);
    }
}
