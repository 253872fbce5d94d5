//! The names of tasks that have one.
//!
//! Few tasks have a name and nothing but reports asks for it, so it lies here and not in the header,
//! which only says whether there is one. A name is entered before its task can be seen, and removed
//! when the header is freed. Who knows no more of a task than its number, as the monitor does, finds
//! its name too.

use std::collections::BTreeMap;
use std::hint::spin_loop;
use std::sync::{MutexGuard, PoisonError, TryLockError};
use std::thread::yield_now;

use crate::bare::Mutex;
use crate::task::id::TaskId;

type Names = Mutex<BTreeMap<TaskId, Box<str>>>;

/// Tasks that are spawned on different workers come to different locks.
const SHARDS: usize = 16;

static SHARD: [Names; SHARDS] = [const { Mutex::new(BTreeMap::new()) }; SHARDS];

fn shard(id: TaskId) -> &'static Names {
    // A worker takes numbers in blocks.
    &SHARD[(id.number() / TaskId::BLOCK) as usize % SHARDS]
}

fn lock(id: TaskId) -> MutexGuard<'static, BTreeMap<TaskId, Box<str>>> {
    // Nothing that runs under the lock panics.
    shard(id).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Enters the name of a new task.
#[cold]
pub(super) fn insert(id: TaskId, name: Box<str>) {
    lock(id).insert(id, name);
}

/// Forgets the name of a task.
#[cold]
pub(super) fn remove(id: TaskId) {
    let name = lock(id).remove(&id);
    // Freed outside the lock.
    drop(name);
}

/// Tries to have the lock for a while: a signal handler may have interrupted its holder.
fn try_lock(id: TaskId) -> Option<MutexGuard<'static, BTreeMap<TaskId, Box<str>>>> {
    const SPINS: usize = 100;
    const YIELDS: usize = 1000;
    for round in 0..SPINS + YIELDS {
        match shard(id).try_lock() {
            Ok(names) => return Some(names),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) if round < SPINS => spin_loop(),
            Err(TryLockError::WouldBlock) => yield_now(),
        }
    }
    None
}

/// The name of a task, where it lies.
///
/// # Safety
/// The task's header is alive for as long as the reference is used.
pub(super) unsafe fn get<'a>(id: TaskId) -> Option<&'a str> {
    // SAFETY: the same contract.
    unsafe { find(&lock(id), id) }
}

/// [`get`] for reports, in signal handlers too: where the lock cannot be had, there is no name.
///
/// # Safety
/// As for `get`.
pub(super) unsafe fn try_get<'a>(id: TaskId) -> Option<&'a str> {
    // SAFETY: the same contract.
    unsafe { find(&*try_lock(id)?, id) }
}

/// # Safety
/// As for [`get`].
unsafe fn find<'a>(names: &BTreeMap<TaskId, Box<str>>, id: TaskId) -> Option<&'a str> {
    let name: *const str = &**names.get(&id)?;
    // SAFETY: a boxed name does not move when the map does, is never changed, and is removed only
    // when its header is freed, which this function's contract keeps alive.
    Some(unsafe { &*name })
}

/// The name of the task of this number, if it has one and is not freed yet.
pub(crate) fn of(id: TaskId) -> Option<String> {
    lock(id).get(&id).map(|name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_number_until_its_task_is_freed() {
        let handle = crate::task::Builder::new().name("clerk").spawn(|| ());
        let handle = handle.unwrap();
        let task = handle.task().clone();
        let id = task.id();
        assert_eq!(of(id).as_deref(), Some("clerk"));
        handle.join().unwrap();
        assert_eq!(
            (of(id).as_deref(), task.name()),
            (Some("clerk"), Some("clerk"))
        );
        drop(task);
        assert_eq!(of(id), None);
    }

    #[test]
    fn a_name_that_cannot_be_had_is_left_out() {
        let id = TaskId::next();
        insert(id, "locked".into());
        let names = lock(id);
        // SAFETY: the name is removed below.
        assert_eq!(unsafe { try_get(id) }, None);
        drop(names);
        assert_eq!(of(id).as_deref(), Some("locked"));
        remove(id);
    }

    #[test]
    fn tasks_without_a_name_leave_no_entry() {
        let handle = crate::spawn(|| ());
        assert_eq!((of(handle.task().id()), handle.task().name()), (None, None));
        handle.join().unwrap();
    }
}
