//! A pointer to a task, and a task's steps from its first run to the freeing of its block.
//!
//! Who may take which step is in the table of owners in [`header`](super::header).

use std::mem::offset_of;
use std::ptr::NonNull;
use std::task::Waker;

use crate::park::Header;
use crate::scheduler::{self, Timer};
use crate::stack::Stack;
use crate::sys::prefetch;
use crate::task::cell::Failure;
use crate::task::fiber::{Fiber, Step};
use crate::task::header::{Stage, TaskHeader};
use crate::task::state::Finish;
use crate::task::{block, names};

/// A pointer to a task, without a count of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct TaskPtr(NonNull<TaskHeader>);

// SAFETY: whoever holds the pointer is bound by the header's table of owners; new tasks are `Send`
// closures, and started ones reach other threads to be pushed into an inbox, or by the promise of `migrate`.
unsafe impl Send for TaskPtr {}

impl TaskPtr {
    pub(crate) fn new(header: NonNull<TaskHeader>) -> Self {
        Self(header)
    }

    /// The task that `header` opens.
    ///
    /// # Safety
    /// The header's kind is `Task`.
    #[inline]
    pub(crate) unsafe fn from_header(header: NonNull<Header>) -> Self {
        Self(header.cast())
    }

    /// The task's timer.
    ///
    /// # Safety
    /// The task is alive.
    #[inline]
    pub(crate) unsafe fn timer(self) -> NonNull<Timer> {
        // SAFETY: a field of a live header. Projected from the task's pointer, not from a reference
        // to the field, so that `from_timer` may go back.
        unsafe { NonNull::new_unchecked(&raw mut (*self.0.as_ptr()).timer) }
    }

    /// The task whose timer this is.
    ///
    /// # Safety
    /// The timer came from [`timer`](Self::timer).
    pub(crate) unsafe fn from_timer(timer: NonNull<Timer>) -> Self {
        // SAFETY: the field lies in a header, which the pointer may reach, by this contract.
        Self(unsafe { timer.byte_sub(std::mem::offset_of!(TaskHeader, timer)) }.cast())
    }

    #[inline]
    pub(crate) fn as_header(self) -> NonNull<Header> {
        self.0.cast()
    }

    #[inline]
    pub(crate) fn as_non_null(self) -> NonNull<TaskHeader> {
        self.0
    }

    /// The task's header.
    ///
    /// # Safety
    /// The task is alive for as long as the reference is used.
    #[inline]
    pub(crate) unsafe fn get<'a>(self) -> &'a TaskHeader {
        // SAFETY: alive by this function's contract.
        unsafe { self.0.as_ref() }
    }

    /// Has the processor fetch what the start of a new task needs, while the worker does other things
    /// first: in a burst of spawns those lines have left the cache, or lie in another worker's.
    #[inline]
    pub(crate) fn prefetch(self) {
        let header = self.0.as_ptr().cast_const();
        prefetch::line(header.wrapping_byte_add(offset_of!(TaskHeader, fiber)));
        prefetch::line(header.wrapping_byte_add(offset_of!(TaskHeader, vtable)));
    }

    /// Gives a task a stack, on which `entry(task)` begins at the next resume.
    ///
    /// # Safety
    /// The task is this worker's and has no stack; `entry` may be called on it then, and does not
    /// unwind.
    #[inline]
    pub(crate) unsafe fn set_up(self, mut stack: Stack, entry: unsafe fn(TaskPtr)) {
        stack.set_owner(self.0.as_ptr().cast());
        // SAFETY: the task is not freed while it has a stack; the cell is this worker's.
        unsafe { (*self.get().fiber.get()).write(Fiber::new(stack, self, entry)) };
    }

    /// Switches to the task until it suspends or its code ends.
    ///
    /// # Safety
    /// The task is this worker's, has a stack, and its code has not ended.
    #[inline]
    pub(crate) unsafe fn resume(self) -> Step {
        // SAFETY: `set_up` has made the fiber. It is the worker's while the task is not running, and
        // the task does not touch it while it is.
        unsafe { (*self.get().fiber.get()).assume_init_mut().resume() }
    }

    /// Takes the stack of a task whose code has ended.
    ///
    /// # Safety
    /// The task is this worker's, and the last resume has said so.
    #[inline]
    pub(crate) unsafe fn take_stack(self) -> Stack {
        // SAFETY: as in `resume`; it is not used again.
        unsafe { (*self.get().fiber.get()).assume_init_read().into_stack() }
    }

    /// Runs the task's closure to its end. On the task's own stack.
    ///
    /// # Safety
    /// Once, when the task's fiber is first resumed.
    pub(crate) unsafe fn run(self) {
        // SAFETY: the task is alive while it runs; the vtable is its own.
        unsafe { (self.get().vtable.run)(self) }
    }

    /// Ends a task that cannot be started: drops its closure, stores `failure`, and gives up the
    /// task's own count.
    ///
    /// # Safety
    /// The task is new and the caller's, who holds its count.
    pub(crate) unsafe fn fail(self, failure: Failure) {
        // SAFETY: by this function's contract. A failure to start is no value of the user's, so it
        // may be dropped here if there is no handle.
        unsafe {
            (self.get().vtable.fail)(self, failure);
            if !self.finish() {
                self.drop_output();
                self.release();
            }
        }
    }

    /// Tells the join handle that the task has ended, and gives up the task's own count. False if the
    /// handle has gone and left the output: then the task is still the caller's, who calls this
    /// again after [`drop_output`](Self::drop_output).
    ///
    /// # Safety
    /// The task's code has ended, its stack has been left, and the caller holds its count.
    #[inline]
    #[must_use]
    pub(crate) unsafe fn finish(self) -> bool {
        // SAFETY: the count keeps the header until it is given up. The joiner stored its ticket
        // before it set `JOINER`; its header is alive until it is readied, or told that its ticket is
        // not in use.
        unsafe {
            let header = self.get();
            match header.state.finish() {
                Finish::Handle => {}
                Finish::Joiner => {
                    let ticket = (*header.joiner.get()).assume_init();
                    match ticket.claim(0) {
                        Some(claimed) => {
                            header.state.leave_waiting_joiner();
                            claimed.ready();
                        }
                        None => header.state.leave_woken_joiner(),
                    }
                }
                Finish::Detached if header.stage.get() == Stage::Output => return false,
                Finish::Detached => self.release(),
            }
            true
        }
    }

    /// Leaves the task behind with its runtime: whoever joins it gets an error, now or later. The answer
    /// is to be [woken](crate::park::wake) once the list may change.
    ///
    /// # Safety
    /// The task is in a list of started tasks, which does not change meanwhile.
    #[cold]
    #[must_use]
    pub(crate) unsafe fn abandon(self) -> Option<Waker> {
        // SAFETY: the task is alive, since it is listed. As in `finish` for the ticket.
        unsafe {
            let header = self.get();
            if header.state.abandon() {
                let ticket = (*header.joiner.get()).assume_init();
                let claimed = ticket.claim(0);
                header.state.done_with_ticket();
                return claimed?.ready_unwoken();
            }
        }
        None
    }

    /// Drops the output of a task that nobody joins, and says so if it is a panic.
    ///
    /// # Safety
    /// The output is there, and the caller's. On the task's own stack, unless it is a failure to
    /// start.
    #[cold]
    pub(crate) unsafe fn drop_output(self) {
        // SAFETY: by this function's contract.
        unsafe { (self.get().vtable.drop_output)(self) }
    }

    /// Takes the output.
    ///
    /// # Safety
    /// The task is done, the output is the caller's, and of this type.
    #[inline]
    pub(crate) unsafe fn take_output<T>(self) -> Result<T, Box<Failure>> {
        // SAFETY: by this function's contract; the vtable says where it lies.
        unsafe {
            let header = self.get();
            let stage = header.stage.replace(Stage::Empty);
            debug_assert_eq!(stage, Stage::Output, "a task's output is taken once");
            self.0.byte_add(header.vtable.output).cast().read()
        }
    }

    /// Counts one more holder.
    ///
    /// # Safety
    /// The task is alive.
    pub(crate) unsafe fn retain(self) {
        // SAFETY: by this function's contract.
        unsafe { self.get().state.retain() }
    }

    /// Gives up one holder and frees the task after the last.
    ///
    /// # Safety
    /// The caller is such a holder.
    #[inline]
    pub(crate) unsafe fn release(self) {
        // SAFETY: by this function's contract; the last holder frees.
        unsafe {
            if self.get().state.release() {
                self.deallocate();
            }
        }
    }

    /// Frees the task.
    ///
    /// # Safety
    /// Nobody else holds it.
    #[inline]
    pub(crate) unsafe fn deallocate(self) {
        // SAFETY: by this function's contract nobody uses the header any more. A task that is not
        // held has ended, and its closure and output have gone before.
        unsafe {
            let header = self.get();
            debug_assert_eq!(header.stage.get(), Stage::Empty);
            if header.is_named {
                names::remove(header.id);
            }
            let layout = header.vtable.layout;
            block::free(scheduler::current_blocks(), self.0.cast(), layout);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::sync::Arc;

    use super::*;
    use crate::stack::Class;
    use crate::task::{JoinHandle, Spec, TaskId, allocate};

    /// A new task that nobody schedules, and that the test steps through its life.
    fn task<T: Send>(f: impl FnOnce() -> T + Send) -> (TaskPtr, JoinHandle<T>) {
        let spec = Spec {
            class: Class::DEFAULT,
            name: Some("stepped".into()),
            spawned_at: Location::caller(),
            is_lent: false,
        };
        // SAFETY: each test ends the task, as its worker would.
        unsafe { allocate(None, f, spec, TaskId::next()) }
    }

    #[test]
    fn an_output_left_by_its_handle_after_the_last_look_is_the_tasks_to_drop() {
        let value = Arc::new(());
        let (task, handle) = task({
            let value = value.clone();
            move || value
        });
        // SAFETY: the steps of a worker, in order; the last gives up the task's count.
        unsafe {
            let id = task.get().id;
            task.run();
            drop(handle);
            assert!(!task.finish());
            assert_eq!(Arc::strong_count(&value), 2);
            task.drop_output();
            assert_eq!(Arc::strong_count(&value), 1);
            assert!(names::of(id).is_some());
            assert!(task.finish());
            assert!(names::of(id).is_none());
        }
    }

    #[test]
    fn a_handle_takes_the_output_after_the_tasks_own_count_has_gone() {
        let (task, handle) = task(|| 5);
        // SAFETY: as above.
        unsafe {
            task.run();
            assert!(!handle.is_finished());
            assert!(task.finish());
        }
        assert!(handle.is_finished());
        assert_eq!(handle.join().unwrap(), 5);
    }

    #[test]
    fn a_task_without_a_stack_tells_its_handle_or_nobody() {
        let value = Arc::new(());
        for detach in [false, true] {
            let (task, handle) = task({
                let value = value.clone();
                move || value
            });
            let mut handle = Some(handle);
            if detach {
                handle = None;
            }
            // SAFETY: the task is new; this ends it.
            unsafe { task.fail(Failure::NoStack(std::io::Error::other("none"))) };
            assert_eq!(Arc::strong_count(&value), 1);
            if let Some(handle) = handle {
                assert!(handle.join().unwrap_err().is_no_stack());
            }
        }
    }
}
