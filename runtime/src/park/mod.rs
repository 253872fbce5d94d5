//! The park seam: the only way anything blocks.
//!
//! Every blocking operation of every hueless crate is built on these parts, works the same inside
//! a task and on a plain OS thread, and takes an optional deadline:
//!
//! 1. [`Wait::begin`] starts a wait of the current task or thread.
//! 2. The operation links one [`Waiter`] for each of its cases into the [`WaitQueue`]s of what it
//!    waits for, under their [`Lock`]s.
//! 3. [`Wait::park`] leaves the stack; its *commit* then releases the locks. A peer can therefore
//!    reach a task only after that task has left its stack.
//! 4. A peer pops a waiter, which settles its claim, uses the waiter's slot, releases the lock and
//!    readies the owner.
//! 5. The owner reads the [`Outcome`], removes what is still linked under the locks, and returns,
//!    or calls [`unwind_cancelled`].
//!
//! A future has no stack to leave: it waits by a [`FutureWait`], which takes the place of the wait in
//! the same queues.
//!
//! These are the runtime's internals, shared between the workspace's crates and of no use to
//! programs; they may change in any release.

mod claim;
mod future;
mod header;
mod lock;
mod patience;
mod slot;
mod thread;
mod thread_cancel;
mod wait;
mod waiter;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;

pub use claim::{Claimed, MAX_CASES, Outcome, Ticket};
pub use future::{FutureWait, wake};
pub use lock::{Lock, LockGuard};
pub use patience::Pace;
pub use thread::look_out;
pub use wait::Wait;
pub use waiter::{ClaimedList, Popped, WaitQueue, Waiter};

pub(crate) use claim::Settled;
pub(crate) use header::{Header, Kind};
pub(crate) use lock::back_off;
pub(crate) use slot::{Slot, ThreadSlot, Way};
#[cfg(not(loom))]
pub(crate) use thread::ThreadHeader;

pub use crate::cancel::unwind_cancelled;
#[cfg(not(loom))]
pub use crate::scheduler::seeded_number;
/// What hueless-uncolor is to the runtime.
#[cfg(all(target_os = "linux", not(loom)))]
pub mod std_waits {
    pub use crate::sys::std_waits::{Definition, Uncolor, expect};
}
