//! Loom models of the state machines, on loom's threads.

use std::time::Duration;

use crate::loom::UnsafeCell;
use crate::sync::limit::Limit;

mod mutex;
mod notify;
mod once;
mod rwlock;
mod semaphore;

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// [`model`] with fewer preemptions, for what has three threads.
fn model_of_three(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(f);
}

/// A limit that is over as soon as the waiting begins.
const AT_ONCE: Limit = Limit::After(Duration::from_nanos(1));

/// A number whose uses loom checks.
struct Number(UnsafeCell<u32>);

impl Number {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    /// Adds one. The caller excludes all others.
    fn add_one(&self) {
        // SAFETY: by this function's contract, which is what the models check.
        self.0.with_mut(|number| unsafe { *number += 1 });
    }

    /// The number. The caller excludes those who add.
    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|number| unsafe { *number })
    }
}
