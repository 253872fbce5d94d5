//! One of a group's tasks, and the handle on it.
//!
//! The result lies in a packet that both share. The task leaves it there, or drops it if the handle has
//! gone; the handle takes it, or drops it. Either way that is done before the call returns that the
//! result may borrow from: the task counts itself out afterwards, and a handle cannot outlive the call,
//! unless it is leaked, and then its result is never touched again.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, PoisonError};

use crate::bare::Mutex;
use crate::cancel::{UNWINDS, is_cancellation, run_in, shield};
use crate::park::Wait;
use crate::scheduler;
use crate::scope::group::Group;
use crate::stack::Class;
use crate::task::{Failure, JoinError, JoinHandle, Task, drop_quietly};

type Outcome<T> = Result<T, Failure>;

/// See the module.
enum Packet<T> {
    Empty,
    Full(Outcome<T>),
    /// The handle has gone.
    Abandoned,
}

type SharedPacket<T> = Arc<Mutex<Packet<T>>>;

fn swap<T>(packet: &Mutex<Packet<T>>, new: Packet<T>) -> Packet<T> {
    // Nothing that runs under the lock panics.
    mem::replace(
        &mut *packet.lock().unwrap_or_else(PoisonError::into_inner),
        new,
    )
}

/// What the task is made of.
struct Child<F, T> {
    /// Until it runs. `None` as its answer is a failure that the group knows of already.
    f: Option<F>,
    packet: SharedPacket<T>,
    group: Arc<Group>,
}

impl<F: FnOnce() -> Option<T>, T> Child<F, T> {
    fn run(mut self) {
        let f = self.f.take().expect("a child runs once");
        let node = self.group.node();
        let outcome = if UNWINDS && node.is_cancelled() {
            shield(|| drop_quietly(f));
            Err(Failure::Cancelled)
        } else {
            let inherited = self.group.inherited();
            // SAFETY: the frame that made the group waits for this child's end.
            let f = || unsafe { inherited.while_running(|| run_in(node.clone(), f)) };
            match catch_unwind(AssertUnwindSafe(f)) {
                Ok(Ok(Some(value))) => Ok(value),
                Ok(_) => Err(Failure::Cancelled),
                Err(payload) if is_cancellation(&*payload) => Err(Failure::Cancelled),
                Err(payload) if self.group.fails_fast() => {
                    self.group.fail(payload);
                    Err(Failure::Cancelled)
                }
                Err(payload) => Err(Failure::Panic(payload)),
            }
        };
        self.deliver(outcome);
    }

    fn deliver(&self, outcome: Outcome<T>) {
        let mut packet = self.packet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Packet::Abandoned = *packet {
            drop(packet);
            give_up(&self.group, outcome);
            return;
        }
        if let Err(Failure::Panic(_)) = outcome {
            self.group.left_to_handle();
        }
        *packet = Packet::Full(outcome);
    }
}

impl<F, T> Drop for Child<F, T> {
    fn drop(&mut self) {
        // There if the task was dropped before it began.
        shield(|| drop_quietly(self.f.take()));
        self.group.ended();
    }
}

/// What becomes of an outcome that nobody joins.
fn give_up<T>(group: &Group, outcome: Outcome<T>) {
    match outcome {
        Err(Failure::Panic(payload)) => group.fail(payload),
        other => shield(|| drop_quietly(other)),
    }
}

/// Owns the result of a task that was spawned in a scope: see [`Scope::spawn`](super::Scope::spawn).
/// Dropping it leaves the task running until the scope's end, and its panic to the scope.
pub struct ScopedJoinHandle<'scope, T> {
    /// There until `join`.
    task: Option<JoinHandle<()>>,
    packet: SharedPacket<T>,
    group: Arc<Group>,
    _scope: PhantomData<&'scope mut &'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the task to end and returns its result. Blocks the calling task or thread, not the
    /// worker. A point of cancellation.
    ///
    /// # Errors
    /// When the task panicked, was cancelled, or could not be given a stack.
    pub fn join(mut self) -> Result<T, JoinError> {
        let handle = self.task.take().expect("a handle joins once");
        let task = handle.task().clone();
        if let Err(error) = handle.join() {
            self.end_with_group();
            return Err(error);
        }
        let packet = swap(&self.packet, Packet::Abandoned);
        let Packet::Full(outcome) = packet else {
            unreachable!("a task that has run has left its outcome");
        };
        match outcome {
            Err(Failure::Panic(_)) => self.group.claimed_by_handle(),
            Err(_) => self.end_with_group(),
            Ok(_) => {}
        }
        outcome.map_err(|failure| JoinError::new(task, failure))
    }

    /// Where the failure of one ends all, it ends the one who joins as well.
    fn end_with_group(&self) {
        if self.group.fails_fast() {
            drop(Wait::begin());
        }
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.handle().is_finished()
    }

    /// Cancels the task, as [`JoinHandle::cancel`] does.
    pub fn cancel(&self) {
        self.handle().cancel();
    }

    /// The task.
    pub fn task(&self) -> &Task {
        self.handle().task()
    }

    fn handle(&self) -> &JoinHandle<()> {
        self.task.as_ref().expect("taken by `join` only")
    }
}

impl<T> Drop for ScopedJoinHandle<'_, T> {
    fn drop(&mut self) {
        if let Packet::Full(outcome) = swap(&self.packet, Packet::Abandoned) {
            if let Err(Failure::Panic(_)) = outcome {
                self.group.claimed_by_handle();
            }
            give_up(&self.group, outcome);
        }
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle")
            .field("task", &self.task.as_ref().map(JoinHandle::task))
            .finish_non_exhaustive()
    }
}

/// What a child is spawned with besides its closure.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) class: Option<Class>,
    pub(crate) name: Option<Box<str>>,
}

/// Spawns a child of `group`, on the current task's runtime, else on the global one.
///
/// # Safety
/// What `f` and `T` borrow outlives the [wait](Group::wait) for the group's end, and `'scope` does not.
///
/// # Errors
/// When the global runtime cannot be started.
pub(super) unsafe fn spawn<'scope, F, T>(
    group: &Arc<Group>,
    f: F,
    settings: Settings,
    spawned_at: &'static Location<'static>,
) -> io::Result<ScopedJoinHandle<'scope, T>>
where
    F: FnOnce() -> Option<T> + Send,
    T: Send,
{
    scheduler::ensure_started()?;
    let packet = Arc::new(Mutex::new(Packet::Empty));
    group.begins();
    let child = Child {
        f: Some(f),
        packet: packet.clone(),
        group: group.clone(),
    };
    // SAFETY: what is borrowed outlives the group's wait by this contract, and the child drops it
    // before it counts itself out.
    let task = unsafe {
        scheduler::spawn_lent(
            move || child.run(),
            settings.class,
            settings.name,
            spawned_at,
        )
    };
    Ok(ScopedJoinHandle {
        task: Some(task),
        packet,
        group: group.clone(),
        _scope: PhantomData,
    })
}
