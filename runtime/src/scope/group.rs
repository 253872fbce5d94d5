//! The tasks of one call, which does not return before they have ended.
//!
//! Ownership: the call and each child hold the group. What a child borrows it has dropped before it
//! [ends](Group::ended), and the call [waits](Group::wait) for all ends, whatever happens.
//!
//! A wait for the end protects the children's borrows, so nothing interrupts it. What cancels the caller
//! meanwhile cancels the children: the group's node is in a frame of the caller, where cancellers find
//! it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use crate::bare::Mutex;
use crate::cancel::{
    Cancelled, Context, Node, UNWINDS, in_scope, is_cancellation, run_in, shield, unwind_cancelled,
};
use crate::park::{Lock, Outcome, Ticket, Wait};
use crate::task::{Inherited, drop_quietly};

/// The payload of a panic.
pub(super) type Payload = Box<dyn Any + Send>;

/// See the module.
pub(super) struct Group {
    /// Cancels the children, and the body.
    node: Arc<Node>,
    /// What the caller has bound, for the children.
    inherited: Inherited,
    running: Lock<Running>,
    /// The first panic that nobody else owns.
    panic: Mutex<Option<Payload>>,
    /// Panics whose owners, the handles, have not looked at them.
    unclaimed: AtomicUsize,
    /// Whether a panic ends the others even if somebody holds its task's handle.
    fails_fast: bool,
}

/// How many children have not ended, and who waits until they are `few` or less.
struct Running {
    count: usize,
    few: usize,
    waiter: Option<Ticket>,
}

impl Group {
    pub(super) fn new(fails_fast: bool) -> Arc<Self> {
        Arc::new(Self {
            node: Node::new(),
            inherited: Inherited::here(),
            running: Lock::new(Running {
                count: 0,
                few: 0,
                waiter: None,
            }),
            panic: Mutex::new(None),
            unclaimed: AtomicUsize::new(0),
            fails_fast,
        })
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// The caller's scoped values, whose frames the caller does not leave before the children end.
    pub(super) fn inherited(&self) -> Inherited {
        self.inherited
    }

    pub(super) fn fails_fast(&self) -> bool {
        self.fails_fast
    }

    /// A panic is a handle's to look at.
    pub(super) fn left_to_handle(&self) {
        // Relaxed, as below: the end of the child orders it, or the handle that is gone.
        self.unclaimed.fetch_add(1, Ordering::Relaxed);
    }

    /// The handle has looked.
    pub(super) fn claimed_by_handle(&self) {
        self.unclaimed.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a child in.
    pub(super) fn begins(&self) {
        self.running.lock().count += 1;
    }

    /// Counts a child out, which has dropped all it borrows.
    pub(super) fn ended(&self) {
        let mut running = self.running.lock();
        running.count -= 1;
        let waiter = match running.count <= running.few {
            true => running.waiter.take(),
            false => None,
        };
        // SAFETY: a ticket is there while its owner waits, who takes the lock before it leaves.
        let claimed = waiter.and_then(|ticket| unsafe { ticket.claim(0) });
        drop(running);
        drop(claimed);
    }

    /// Whether a child has panicked whom nobody owns.
    pub(super) fn has_failed(&self) -> bool {
        let panic = self.panic.lock();
        panic.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// A task of a call that gives no handles out has no result: it was cancelled with the caller, or on
    /// its own, when the runtime ends.
    pub(super) fn cut_short() -> ! {
        if UNWINDS && Context::with_current(|context| context.is_visible()) {
            unwind_cancelled();
        }
        panic!("a task of this call was cancelled on its own, so the call has no result");
    }

    /// Cancels the children and the body.
    pub(super) fn cancel(&self) {
        self.node.cancel();
    }

    /// Notes a panic that nobody owns, and cancels everyone.
    pub(super) fn fail(&self, payload: Payload) {
        let mut first = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = match *first {
            Some(_) => Some(payload),
            None => {
                *first = Some(payload);
                None
            }
        };
        drop(first);
        drop_quietly(surplus);
        self.cancel();
    }

    /// Waits until `few` children or less are running. Nothing interrupts this.
    pub(super) fn wait(&self, few: usize) {
        loop {
            let wait = Wait::begin_in_scope();
            let mut running = self.running.lock();
            if running.count <= few {
                return;
            }
            running.few = few;
            running.waiter = Some(wait.ticket());
            let lock = running.leak();
            let outcome = wait.park(None, || {
                // SAFETY: the guard was leaked above, and the count is not touched after this.
                unsafe { lock.unlock() };
                true
            });
            if outcome != Outcome::Settled(0) {
                // A thread's limit of time has passed, and the children are cancelled.
                self.running.lock().waiter = None;
            }
        }
    }

    /// Runs `body` and waits for the children. `Cancelled` says that the group itself was cancelled, by
    /// [`cancel`](Self::cancel), before the body had ended.
    ///
    /// # Panics
    /// With the payload of a panic of the body's, or of one that nobody owns. Unwinds if the caller is
    /// cancelled.
    pub(super) fn run<T>(&self, body: impl FnOnce() -> T) -> Result<T, Cancelled> {
        // In a destructor of a cancelled task that unwinds nothing is delivered, so nothing may come in.
        if std::thread::panicking() && Context::with_current(|context| context.is_visible()) {
            return shield(|| self.run_here(body));
        }
        self.run_here(body)
    }

    fn run_here<T>(&self, body: impl FnOnce() -> T) -> Result<T, Cancelled> {
        // A point of cancellation, before anything has begun.
        drop(Wait::begin());
        let result = in_scope(&self.node, || {
            let result = catch_unwind(AssertUnwindSafe(|| run_in(self.node.clone(), body)));
            if result.is_err() {
                self.cancel();
            }
            self.wait(0);
            result
        });
        let lost = self.unclaimed.load(Ordering::Relaxed) != 0;
        let first = self
            .panic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (result, first) {
            (Err(payload), Some(first)) if is_cancellation(&*payload) => resume_unwind(first),
            (Err(payload), _) => resume_unwind(payload),
            (Ok(body), Some(first)) => {
                drop_quietly(body);
                resume_unwind(first)
            }
            (Ok(_), None) if lost => panic!("a scoped task panicked, and its handle was leaked"),
            (Ok(body), None) => {
                // What has cancelled the children from outside is delivered here.
                drop(Wait::begin());
                // If it was not, only a neighbour unwinds: this code did not when it came.
                if UNWINDS && Context::with_current(|context| context.is_visible()) {
                    drop_quietly(body);
                    unwind_cancelled();
                }
                body
            }
        }
    }
}
