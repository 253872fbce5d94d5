//! Children that were dropped before they were waited for.
//!
//! Each is a few bytes here and, once it has ended, a zombie in the system's table. Whoever starts
//! another child looks after a few of them, in turn; so there are never more zombies than children
//! that ended since, and a spawn pays for a bounded number of looks.
//!
//! A child stays in the list until a look has reaped it, so its number is its own until then.
//!
//! Rejected: a handler for `SIGCHLD`, which is the program's to install; a task or thread that waits
//! for them, which would have to outlive every runtime.

use std::collections::VecDeque;
use std::process::Child;
use std::sync::{MutexGuard, PoisonError};

use hueless_runtime::bare::Mutex;

/// How many of them a spawn looks at. More than one, so that they become fewer.
const LOOKS: usize = 4;

static ORPHANS: Mutex<VecDeque<Child>> = Mutex::new(VecDeque::new());

fn orphans() -> MutexGuard<'static, VecDeque<Child>> {
    // Nothing leaves the list half changed.
    ORPHANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes over a child that nobody else will wait for. Does not block.
pub(super) fn adopt(child: Child) {
    if let Some(child) = look_at(child) {
        orphans().push_back(child);
    }
}

/// Reaps some of those that have ended. Does not block.
pub(super) fn look_after() {
    let mut orphans = orphans();
    for _ in 0..LOOKS.min(orphans.len()) {
        let child = orphans.pop_front().and_then(look_at);
        orphans.extend(child);
    }
}

/// Reaps the child if it has ended, else gives it back.
fn look_at(mut child: Child) -> Option<Child> {
    match child.try_wait() {
        Ok(None) => Some(child),
        // An error: somebody else has waited for it.
        Ok(Some(_)) | Err(_) => None,
    }
}
