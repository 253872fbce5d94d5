//! A seeded order of running, to find what depends on the usual one.
//!
//! With a seed, each worker draws at every switch which of its queues goes first and how far a queue
//! is turned round; the monitor asks nobody to yield before a second has passed. On one worker, a
//! program without timers or outside events then runs the same way each time for the same seed.

use std::cell::Cell;

use crate::scheduler::queues::FAIR_PERIOD;
use crate::scheduler::worker::Worker;
use crate::task::TaskPtr;

/// A worker's generator.
pub(super) struct Shuffle(Cell<u64>);

impl Shuffle {
    pub(super) fn new(seed: u64, worker: usize) -> Self {
        // Any seed gives a state other than zero, and each worker its own.
        let state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (worker as u64 + 1).rotate_left(32);
        Self(Cell::new(state | 1))
    }

    /// A number below `bound`.
    pub(super) fn below(&self, bound: usize) -> usize {
        // Marsaglia's xorshift64, with the high bits, which are the better ones.
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.set(x);
        (x >> 33) as usize % bound
    }
}

impl Worker {
    /// The next task, in an order drawn from the seed.
    #[cold]
    pub(super) fn next_shuffled(&self, shuffle: &Shuffle) -> Option<TaskPtr> {
        let turn = self.turn.get() + 1;
        self.turn.set(turn % FAIR_PERIOD);
        if turn == FAIR_PERIOD
            && let Some(task) = self.fair_turn()
        {
            return Some(task);
        }
        self.look_round();
        if self.shared.is_stopping() {
            self.cancel_now_and_then(1);
        }
        // The front task takes a place in the queue like any other.
        if let Some(task) = self.take_run_next() {
            self.enqueue(task);
        }
        if shuffle.below(4) == 0
            && let Some(task) = self.seat.deque.pop()
        {
            return Some(task);
        }
        for _ in 0..shuffle.below(self.local.len().min(8) + 1) {
            if let Some(task) = self.local.pop() {
                // SAFETY: a ready task of this worker.
                unsafe { self.local.push(task) };
            }
        }
        self.next_ready().or_else(|| self.seat.deque.pop())
    }
}
