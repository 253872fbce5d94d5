//! Waiting for many tasks at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use hueless::channel::{Receiver, Sender, bounded};

/// Counts tasks down; whoever waits is woken once, by the last of them.
#[derive(Debug)]
pub struct WaitGroup {
    left: AtomicUsize,
    ended: Sender<()>,
    end: Receiver<()>,
}

impl WaitGroup {
    /// A group of `tasks` tasks.
    pub fn new(tasks: usize) -> Self {
        let (ended, end) = bounded(1);
        Self {
            left: AtomicUsize::new(tasks),
            ended,
            end,
        }
    }

    /// Says that one of the tasks has ended.
    #[inline]
    pub fn done(&self) {
        // Release, and Acquire for the last one: what the tasks did happened before `wait` returns.
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ended.send(()).expect("the group has the receiver");
        }
    }

    /// Waits for the last task.
    pub fn wait(&self) {
        self.end.recv().expect("the group has the sender");
    }
}
