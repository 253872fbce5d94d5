//! Operations that are selected and not completed.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::common::World;
use hueless_channel::{Select, SelectedOperation};

pub(crate) fn message_of(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other
            .downcast_ref::<&str>()
            .map_or("?", |text| text)
            .to_owned(),
    }
}

/// Drops the operation, which panics.
pub(crate) fn undo(operation: SelectedOperation<'_>) {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(operation))).unwrap_err();
    assert_eq!(
        message_of(payload),
        "dropped `SelectedOperation` without completing the operation"
    );
}

/// Drops the operation while unwinding.
pub(crate) fn undo_silently(operation: SelectedOperation<'_>) {
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let _operation = operation;
        resume_unwind(Box::new("the first panic"))
    }))
    .unwrap_err();
    assert_eq!(message_of(payload), "the first panic");
}

pub(crate) const UNDO: [fn(SelectedOperation<'_>); 2] = [undo, undo_silently];

/// Commits a receive once a sender waits.
pub(crate) fn select_waiting<'a, W: World>(list: &mut Select<'a>) -> SelectedOperation<'a> {
    loop {
        if let Ok(operation) = list.try_select() {
            return operation;
        }
        W::yield_now();
    }
}
