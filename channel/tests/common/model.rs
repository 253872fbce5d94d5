//! What the models share.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

/// A deadline that has passed by the time an operation parks: in a model, time passes at once.
pub(crate) const LATER: Duration = Duration::from_nanos(1);

/// Checks a model, with every interleaving of up to three preemptions. With more of them loom lets two
/// threads spin in turns for the lock that a third one holds, without end.
pub(crate) fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // `LOOM_MAX_PREEMPTIONS` takes precedence.
    builder.preemption_bound.get_or_insert(3);
    builder.max_branches = 10_000;
    builder.check(f);
}

/// A message whose memory loom watches.
pub(crate) type Watched = Arc<loom::cell::UnsafeCell<usize>>;

pub(crate) fn watched(value: usize) -> Watched {
    Arc::new(loom::cell::UnsafeCell::new(value))
}

pub(crate) fn read(msg: &Watched) -> usize {
    // SAFETY: whoever has received a message has it alone; loom says if that is wrong.
    msg.with_mut(|value| unsafe { *value })
}

/// Drops what must not be dropped otherwise: while unwinding.
pub(crate) fn undo<T>(operation: T) {
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _operation = operation;
        resume_unwind(Box::new(()))
    }));
    assert!(unwound.is_err());
}
