//! The frames of a generator that is suspended.
//!
//! A generator's frames lie on its own stack, and may outlast the call that has resumed it. So a yield
//! leaves them, innermost first, as if their calls had ended; and they are entered again, outermost first,
//! when the generator goes on, on top of whatever its resumer is in then:
//!
//! ```text
//!   running    task ─► inner ─► outer ─► a frame of the resumer's ─► root
//!   suspended  task ─► a frame of the resumer's ─► root        outer ─► inner (Detached)
//! ```
//!
//! Meanwhile they are in no chain, no node and no wheel, so no canceller finds them, and nobody is
//! cancelled by them. Nothing is lost by that: what has been cancelled and which time has passed is seen
//! when they are entered, as it is by any call that comes late.
//!
//! Ownership: frames that are off belong to their [`Detached`], which lies on the same stack further in.
//! Their `parent` leads inwards then. If the stack is given up, they stay off for ever.
//!
//! Rejected: to leave them with their nodes and timers, which would then mark what is in no chain. That
//! saves an entry and a removal for each frame and yield, and costs a second kind of frame in all that
//! finds them.

use std::cell::Cell;
use std::ptr;

use crate::cancel::context::Owner;
use crate::cancel::frame::{Frame, Role};
use crate::task::TaskPtr;

/// How deep in frames code was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The innermost of them, or null.
    frame: *const Frame,
    /// On a thread, how many scopes the code was in: see [`THREADS_SCOPES`].
    scopes: usize,
}

thread_local! {
    /// How many scopes the thread's code is in. In a thread-local's destructor the thread's context may be
    /// gone; each frame is then in one of its own, where nobody finds it who looks for scopes.
    static THREADS_SCOPES: Cell<usize> = const { Cell::new(0) };
}

/// Changes [`THREADS_SCOPES`] and returns it.
#[inline(never)]
pub(super) fn count_threads_scopes(change: impl FnOnce(usize) -> usize) -> usize {
    THREADS_SCOPES.set(change(THREADS_SCOPES.get()));
    THREADS_SCOPES.get()
}

impl Owner {
    /// How deep in frames the code is that runs here, which is the owner's.
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            frame: self.context().innermost(),
            scopes: match self {
                Self::Task(_) => 0,
                Self::Thread(_) => count_threads_scopes(|count| count),
            },
        }
    }

    /// Whether this stands for the code that runs here, in `task` or outside tasks.
    #[inline]
    pub(crate) fn is(&self, task: Option<TaskPtr>) -> bool {
        match self {
            Self::Task(own) => task == Some(*own),
            // A thread's own code is on that thread only.
            Self::Thread(_) => task.is_none(),
        }
    }

    /// Whether the owner's code, which runs here, has entered a scope since `mark`, in which a generator
    /// must not be suspended:
    /// - Whoever drops it would wait for the scope's tasks, and perhaps in a destructor that runs because
    ///   of a panic. A task that began to wait while a neighbour on its thread was unwinding is cancelled
    ///   only when none is, so the two could wait for each other for ever.
    /// - A thread that ends, and any end where panics abort, leaves its generators as they are. The tasks
    ///   would go on, and what they have borrowed of its thread-locals is gone.
    pub(crate) fn is_in_scope_since(&self, mark: Mark) -> bool {
        let Mark { mut frame, scopes } = self.mark();
        if scopes != mark.scopes {
            return true;
        }
        while frame != mark.frame {
            // SAFETY: what is in the chain is there, and the mark lies further out, so this is not the end.
            // The chain is this code's own.
            let inner = unsafe { &*frame };
            if let Role::Scope(_) = inner.role() {
                return true;
            }
            frame = inner.parent();
        }
        false
    }
}

/// Frames that are off; the drop enters them again. The outermost, or null.
pub(crate) struct Detached(*const Frame);

impl Detached {
    /// Leaves what has been entered since `mark`.
    ///
    /// # Safety
    /// By the owner's own code, which was as deep as `mark` and has not left that since. The calls that
    /// have entered the frames go on, or end, only after the drop.
    pub(crate) unsafe fn since(mark: Mark, owner: &Owner) -> Self {
        let mut outermost: *const Frame = ptr::null();
        while owner.mark().frame != mark.frame {
            // SAFETY: what is in the chain is there, and the mark lies further out, so this is not the
            // end. The frame is this code's own, and stays where it is, both by this contract.
            unsafe {
                let frame = &*owner.mark().frame;
                frame.leave();
                frame.set_parent(outermost);
                outermost = frame;
            }
        }
        Self(outermost)
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        let mut next = self.0;
        // SAFETY: the frames are where they were, and their calls have not gone on, by the contract of
        // `since`, whose caller this is again.
        while let Some(frame) = unsafe { next.as_ref() } {
            next = frame.parent();
            // SAFETY: as above; it was left.
            unsafe { frame.enter() };
        }
    }
}
