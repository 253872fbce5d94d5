//! Asking again and again for what nobody announces.

use std::time::Duration;

/// The first pause: what is waited for may come at once.
const FIRST: Duration = Duration::from_millis(1);
/// The longest pause, and so the longest time for which it goes unnoticed that the wait is over.
pub(crate) const LONGEST: Duration = Duration::from_millis(100);

/// Pauses, each twice as long as the one before, from 1 ms up to [`LONGEST`].
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    /// Before the first pause.
    pub(crate) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// Makes the next pause and says how long it was. Blocks the task, not the worker.
    ///
    /// A point of cancellation.
    #[cold]
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        hueless_runtime::sleep(pause);
        self.next = (pause * 2).min(LONGEST);
        pause
    }
}
