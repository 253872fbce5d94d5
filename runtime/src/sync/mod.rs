//! Locks and other means of waiting for one another, usable from tasks and OS threads together.
//!
//! | module | concept |
//! | --- | --- |
//! | `raw_mutex`, `mutex`, `mutex_mapped`, `mutex_arc` | one at a time: the lock, its guards |
//! | `raw_rwlock`, `rwlock`, `rwlock_read`, `rwlock_write`, `rwlock_arc` | several readers or one writer |
//! | `condvar` | waiting for a condition on what a mutex guards |
//! | `raw_semaphore`, `semaphore`, `permit` | so many at a time |
//! | `raw_notify`, `notify`, `listener` | "something has changed" |
//! | `wait_group` | until all have done |
//! | `barrier` | until all have come |
//! | `raw_once`, `once`, `once_lock`, `lazy_lock` | the first one does it |
//! | `limit`, `entry` | how an operation begins, waits and leaves |
//! | `poison` | a mark on what a panic has left half done, for those who want one |
//!
//! What they share:
//! - Everything blocks through [`park`](crate::park): the task, not the worker.
//! - An operation that may block is a point of cancellation, and lets others run when the task has had its
//!   time. `try_` forms, unlocking and notifying never do.
//! - Whatever was handed to a wait that has been cancelled, or has timed out, at that moment is either
//!   kept (the operation has succeeded) or passed on.
//! - Nobody is poisoned by a panic.

mod entry;
mod limit;
mod raw_mutex;
mod raw_notify;
mod raw_once;
mod raw_rwlock;
mod raw_semaphore;

#[cfg(not(loom))]
mod barrier;
#[cfg(not(loom))]
mod condvar;
#[cfg(not(loom))]
mod lazy_lock;
#[cfg(not(loom))]
mod listener;
#[cfg(not(loom))]
mod mutex;
#[cfg(not(loom))]
mod mutex_arc;
#[cfg(not(loom))]
mod mutex_mapped;
#[cfg(not(loom))]
mod notify;
#[cfg(not(loom))]
mod once;
#[cfg(not(loom))]
mod once_lock;
#[cfg(not(loom))]
mod permit;
#[cfg(not(loom))]
mod poison;
#[cfg(not(loom))]
mod rwlock;
#[cfg(not(loom))]
mod rwlock_arc;
#[cfg(not(loom))]
mod rwlock_read;
#[cfg(not(loom))]
mod rwlock_write;
#[cfg(not(loom))]
mod semaphore;
#[cfg(not(loom))]
mod wait_group;

#[cfg(all(test, loom))]
mod loom_tests;

#[cfg(not(loom))]
mod exports {
    pub use super::barrier::{Barrier, BarrierWaitResult};
    pub use super::condvar::{Condvar, WaitTimeoutResult};
    pub use super::lazy_lock::LazyLock;
    pub use super::listener::Listener;
    pub use super::mutex::{Mutex, MutexGuard};
    pub use super::mutex_arc::ArcMutexGuard;
    pub use super::mutex_mapped::MappedMutexGuard;
    pub use super::notify::Notify;
    pub use super::once::{Once, OnceState};
    pub use super::once_lock::OnceLock;
    pub use super::permit::{OwnedSemaphorePermit, SemaphorePermit};
    pub use super::rwlock::RwLock;
    pub use super::rwlock_arc::{ArcRwLockReadGuard, ArcRwLockWriteGuard};
    pub use super::rwlock_read::{MappedRwLockReadGuard, RwLockReadGuard};
    pub use super::rwlock_write::{MappedRwLockWriteGuard, RwLockWriteGuard};
    pub use super::semaphore::Semaphore;
    pub use super::wait_group::WaitGroup;
}

#[cfg(not(loom))]
pub use exports::*;
