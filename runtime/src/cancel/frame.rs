//! A call that can be cancelled apart from what is around it, or that keeps cancellation out.
//!
//! A frame lies on the stack of the call, is entered in its context's chain for as long as the call
//! runs, except while a generator [is suspended](super::detached) in it, and there may be marked as
//! cancelled. One with a limit of time is marked by a timer of its task's worker; on an OS thread, which
//! has none, by the thread itself when it looks. One that belongs to a [`Node`] is entered there too, and
//! marked when that is cancelled.
//!
//! Who touches what: `parent` and `marked`, the holder of the context's lock; the links, the holder of
//! the node's lock; the timer, its worker's wheel; the rest never changes once the frame is entered.

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Instant;

use crate::cancel::context::Owner;
use crate::cancel::detached::count_threads_scopes;
use crate::cancel::node::Node;
use crate::scheduler::{self, Remote, Timer};

/// What a frame is for.
pub(super) enum Role {
    /// What is cancelled in it ends with it.
    Catch,
    /// What is cancelled around it does not come in.
    Shield,
    /// The tasks of this node are cancelled with what is around the frame.
    Scope(Arc<Node>),
}

/// See the module.
// The timer first, so that a fired timer leads to its frame.
#[repr(C)]
pub(crate) struct Frame {
    timer: Timer,
    role: Role,
    id: u64,
    owner: Owner,
    parent: Cell<*const Frame>,
    marked: Cell<bool>,
    deadline: Option<Instant>,
    /// Whose wheel the timer is in.
    armed_in: Cell<*const Remote>,
    /// What cancels the frame, besides time.
    node: Option<Arc<Node>>,
    pub(super) links: Links,
    _pinned: PhantomPinned,
}

/// Neighbours among the frames of a node.
pub(super) struct Links {
    pub(super) prev: Cell<*const Frame>,
    pub(super) next: Cell<*const Frame>,
}

impl Links {
    /// Whether they lead nowhere, as those of a frame that is in no list.
    pub(super) fn are_unset(&self) -> bool {
        self.prev.get().is_null() && self.next.get().is_null()
    }
}

impl Frame {
    /// A frame of the code that calls this.
    pub(super) fn new(role: Role, deadline: Option<Instant>, node: Option<Arc<Node>>) -> Self {
        Self {
            timer: Timer::of_frame(),
            role,
            id: scheduler::next_id().number(),
            owner: Owner::current(),
            parent: Cell::new(ptr::null()),
            marked: Cell::new(false),
            deadline,
            armed_in: Cell::new(ptr::null()),
            node,
            links: Links {
                prev: Cell::new(ptr::null()),
                next: Cell::new(ptr::null()),
            },
            _pinned: PhantomPinned,
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn role(&self) -> &Role {
        &self.role
    }

    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn parent(&self) -> *const Frame {
        self.parent.get()
    }

    pub(super) fn set_parent(&self, parent: *const Frame) {
        self.parent.set(parent);
    }

    pub(super) fn is_marked(&self) -> bool {
        self.marked.get()
    }

    /// Under the context's lock, or before the frame is entered.
    pub(super) fn mark(&self) {
        self.marked.set(true);
    }

    /// Runs `f` within the frame. Also leaves it when `f` unwinds.
    pub(super) fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        // SAFETY: the frame is borrowed until the guard has left it, and both are this code's.
        unsafe { self.enter() };
        let _entered = Entered(self);
        f()
    }

    /// Enters the frame, also once more after it was left.
    ///
    /// # Safety
    /// By the code whose frame it is, outside of it. The frame stays where it is until `leave`.
    pub(super) unsafe fn enter(&self) {
        if self.deadline.is_some_and(|at| at <= crate::time::now()) {
            self.mark();
        }
        if self.is_threads_scope() {
            count_threads_scopes(|count| count + 1);
        }
        // SAFETY: by this function's contract, for all three.
        unsafe {
            self.owner.context().enter(self);
            if let Some(node) = &self.node {
                node.add(self);
            }
            if let (Some(deadline), Owner::Task(_)) = (self.deadline, &self.owner)
                && !self.is_marked()
            {
                self.armed_in
                    .set(scheduler::arm(NonNull::from(&self.timer), deadline));
            }
        }
    }

    fn is_threads_scope(&self) -> bool {
        matches!(
            (&self.role, &self.owner),
            (Role::Scope(_), Owner::Thread(_))
        )
    }

    /// Leaves the frame. What has marked it stays.
    ///
    /// # Safety
    /// By the code whose frame it is, which is in no frame further in, after `enter`.
    pub(super) unsafe fn leave(&self) {
        if self.is_threads_scope() {
            count_threads_scopes(|count| count - 1);
        }
        // SAFETY: by this function's contract. The worker's remote lies in the runtime, which outlives
        // its tasks.
        unsafe {
            if let Some(remote) = self.armed_in.replace(ptr::null()).as_ref() {
                scheduler::disarm(remote, NonNull::from(&self.timer));
            }
            if let Some(node) = &self.node {
                node.remove(self);
            }
            self.owner.context().leave(self);
        }
    }
}

/// Leaves the frame when dropped.
struct Entered<'a>(&'a Frame);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // SAFETY: `run` has entered it.
        unsafe { self.0.leave() };
    }
}

/// A frame's limit of time has passed: what is left to do once the timers' lock is released.
pub(crate) struct Expired {
    nodes: Vec<Arc<Node>>,
    woken: Option<super::Woken>,
}

impl Expired {
    /// Marks the frame whose timer this is. Settles nothing and takes no lock but the context's.
    ///
    /// # Safety
    /// The timer is a frame's, and has been armed until now: its task leaves the frame only once it
    /// has disarmed it.
    pub(crate) unsafe fn mark(timer: NonNull<Timer>) -> Self {
        // SAFETY: the timer is a frame's first field; the frame is there by this contract.
        let frame = unsafe { timer.cast::<Frame>().as_ref() };
        let mut nodes = Vec::new();
        let visible = frame.owner.context().mark(frame, &mut nodes);
        // SAFETY: the task is alive, since it has not left the frame.
        let woken = visible.then(|| unsafe { super::Woken::new(&frame.owner) });
        Self { nodes, woken }
    }

    /// Wakes the task, and cancels what is cancelled with it.
    pub(crate) fn finish(self) {
        if let Some(woken) = self.woken {
            woken.wake();
        }
        Node::cancel_all(self.nodes);
    }
}
