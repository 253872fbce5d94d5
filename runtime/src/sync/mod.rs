//! Locks and other means of waiting for one another, usable from tasks and OS threads together.
//!
//! | module | concept |
//! | --- | --- |
//! | [`raw_mutex`], [`mutex`], [`mutex_mapped`], [`mutex_arc`] | one at a time: the lock, its guards |
//! | [`raw_rwlock`], [`rwlock`], [`rwlock_read`], [`rwlock_write`], [`rwlock_arc`] | several readers or one writer |
//! | [`condvar`] | waiting for a condition on what a mutex guards |
//! | [`raw_semaphore`], [`semaphore`], [`permit`] | so many at a time |
//! | [`notify`], [`listener`] | "something has changed" |
//! | [`wait_group`] | until all have done |
//! | [`barrier`] | until all have come |
//! | [`raw_once`], [`once`], [`once_lock`], [`lazy_lock`] | the first one does it |
//! | [`limit`], [`entry`] | how an operation begins, waits and leaves |
//! | [`poison`] | a mark on what a panic has left half done, for those who want one |
//!
//! What they share:
//! - Everything blocks through [`park`](crate::park): the task, not the worker.
//! - An operation that may block is a point of cancellation when it has to wait, and lets others run when
//!   the task has had its time. `try_` forms, unlocking and notifying never do.
//! - Whatever was handed to a wait that has been cancelled, or has timed out, at that moment is either
//!   kept (the operation has succeeded) or passed on.
//! - Nobody is poisoned by a panic.

mod entry;
mod limit;
mod mutex;
mod poison;
mod raw_mutex;
pub use mutex::{Mutex, MutexGuard};
mod mutex_arc;
mod mutex_mapped;
mod raw_rwlock;
mod raw_semaphore;
mod rwlock;
mod rwlock_arc;
mod rwlock_read;
mod rwlock_write;
pub use mutex_arc::ArcMutexGuard;
pub use mutex_mapped::MappedMutexGuard;
pub use rwlock::RwLock;
pub use rwlock_arc::{ArcRwLockReadGuard, ArcRwLockWriteGuard};
pub use rwlock_read::{MappedRwLockReadGuard, RwLockReadGuard};
pub use rwlock_write::{MappedRwLockWriteGuard, RwLockWriteGuard};
mod barrier;
mod condvar;
mod permit;
mod semaphore;
mod wait_group;
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use permit::{OwnedSemaphorePermit, SemaphorePermit};
pub use semaphore::Semaphore;
pub use wait_group::WaitGroup;
