//! Who can be cancelled: a task, or an OS thread outside tasks.
//!
//! A context has a root, which stands for the task as a whole, and a chain of [`Frame`]s, innermost
//! first: the calls that can be cancelled apart from the rest. The frames lie on its stack.
//!
//! Ownership: the chain and the marks in its frames belong to whoever holds the context's lock. The
//! context's own code changes the chain; a canceller marks what is in it. A frame is taken out of the
//! chain before it goes, so all that are found under the lock are there.
//!
//! Invariant: `flag` says whether a mark is *visible*, that is, whether one lies further in than every
//! shield. It is written under the lock, and changes only when a canceller marks something or the
//! context's own code enters or leaves a frame; so while the code waits it can only become true.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::time::Instant;

use crate::cancel::frame::{Frame, Role};
use crate::cancel::node::Node;
use crate::park::{Lock, ThreadHeader};
use crate::task::{TaskPtr, running_task};
use crate::time::now;

/// Where a context keeps its [`Chain`].
pub(crate) struct ChainCell(AtomicPtr<Frame>);

impl ChainCell {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    fn get(&self) -> Chain {
        // Relaxed: ordered by the context's lock. Without it only the context's own code looks, for
        // the frames, which are its own.
        Chain(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, chain: Chain) {
        // Relaxed: as above.
        self.0.store(chain.0.cast_mut(), Ordering::Relaxed);
    }
}

/// The innermost frame, and, in the lowest bit, whether the root is cancelled.
#[derive(Clone, Copy)]
struct Chain(*const Frame);

impl Chain {
    const ROOT: usize = 1;

    fn root_is_cancelled(self) -> bool {
        self.0.addr() & Self::ROOT != 0
    }

    fn innermost(self) -> *const Frame {
        self.0.map_addr(|addr| addr & !Self::ROOT)
    }

    fn with_innermost(self, frame: *const Frame) -> Self {
        let root = self.0.addr() & Self::ROOT;
        Self(frame.map_addr(|addr| addr | root))
    }

    fn cancelled(self) -> Self {
        Self(self.0.map_addr(|addr| addr | Self::ROOT))
    }

    /// The frames from the innermost outwards.
    fn frames<'a>(self) -> impl Iterator<Item = &'a Frame> {
        // SAFETY: what is in the chain is there, as the module says; the callers hold the lock.
        std::iter::successors(unsafe { self.innermost().as_ref() }, |frame| unsafe {
            frame.parent().as_ref()
        })
    }
}

/// What of a task's or a thread's header belongs to cancellation.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) flag: &'a AtomicBool,
    pub(crate) lock: &'a Lock<()>,
    pub(crate) chain: &'a ChainCell,
    /// The number that stands for the root.
    pub(crate) root: u64,
}

/// Whose frames they are.
#[derive(Clone)]
pub(crate) enum Owner {
    /// Not counted: frames of a task go before it does.
    Task(TaskPtr),
    Thread(Arc<ThreadHeader>),
}

impl Owner {
    /// The task or thread that calls this.
    pub(crate) fn current() -> Self {
        match running_task() {
            Some(task) => Self::Task(task),
            None => Self::Thread(ThreadHeader::current()),
        }
    }

    pub(super) fn context(&self) -> Context<'_> {
        match self {
            // SAFETY: whoever has the owner from a frame is within the frame's life, and whoever has it from
            // `current` asks in that task.
            Self::Task(task) => unsafe { task.get() }.context(),
            Self::Thread(thread) => thread.context(),
        }
    }
}

impl Context<'_> {
    /// Calls `f` with the context of the code that calls this.
    pub(crate) fn with_current<R>(f: impl FnOnce(Context<'_>) -> R) -> R {
        f(Owner::current().context())
    }

    /// Enters a frame, as the innermost.
    ///
    /// # Safety
    /// By the context's own code. The frame stays where it is until it is [left](Self::leave).
    pub(super) unsafe fn enter(self, frame: &Frame) {
        let _guard = self.lock.lock();
        let chain = self.chain.get();
        frame.set_parent(chain.innermost());
        self.chain.set(chain.with_innermost(frame));
        self.refresh();
    }

    /// Leaves the innermost frame, which this is.
    ///
    /// # Safety
    /// By the context's own code.
    pub(super) unsafe fn leave(self, frame: &Frame) {
        let _guard = self.lock.lock();
        let chain = self.chain.get();
        debug_assert!(ptr::eq(chain.innermost(), frame), "frames nest");
        self.chain.set(chain.with_innermost(frame.parent()));
        self.refresh();
    }

    /// Marks a frame of the chain, and adds what is cancelled with it to `nodes`. Says whether the
    /// code that runs here is to unwind now.
    pub(super) fn mark(self, frame: &Frame, nodes: &mut Vec<Arc<Node>>) -> bool {
        let _guard = self.lock.lock();
        frame.mark();
        self.collect(Some(frame), nodes);
        self.refresh()
    }

    /// [`mark`](Self::mark) for the root. False too if it was marked before.
    pub(crate) fn mark_root(self, nodes: &mut Vec<Arc<Node>>) -> bool {
        let _guard = self.lock.lock();
        let chain = self.chain.get();
        if chain.root_is_cancelled() {
            return false;
        }
        self.chain.set(chain.cancelled());
        self.collect(None, nodes);
        self.refresh()
    }

    /// Adds the scopes that lie within `frame`, or the root, up to the first shield on the way inwards.
    fn collect(self, frame: Option<&Frame>, nodes: &mut Vec<Arc<Node>>) {
        let before = nodes.len();
        for inner in self.chain.get().frames() {
            if frame.is_some_and(|frame| ptr::eq(inner, frame)) {
                return;
            }
            match inner.role() {
                Role::Shield => nodes.truncate(before),
                Role::Scope(node) => nodes.push(node.clone()),
                Role::Catch => {}
            }
        }
    }

    /// Brings the flag up to date; says what it is. The lock is held.
    fn refresh(self) -> bool {
        let visible = self.outermost_visible().is_some();
        // Relaxed: whoever waits sees it by the protocols in `wake`.
        if self.flag.load(Ordering::Relaxed) != visible {
            self.flag.store(visible, Ordering::Relaxed);
        }
        visible
    }

    /// The number of the outermost frame that is marked and visible. The lock is held.
    fn outermost_visible(self) -> Option<u64> {
        let chain = self.chain.get();
        let mut found = None;
        for frame in chain.frames() {
            if frame.is_marked() {
                found = Some(frame.id());
            }
            if matches!(frame.role(), Role::Shield) {
                return found;
            }
        }
        if chain.root_is_cancelled() {
            return Some(self.root);
        }
        found
    }

    /// Which frame the code that runs here is to unwind to.
    pub(super) fn target(self) -> Option<u64> {
        let _guard = self.lock.lock();
        self.outermost_visible()
    }

    /// Whether the code that runs here is to unwind. By the context's own code.
    pub(crate) fn is_visible(self) -> bool {
        // Relaxed: what was marked before the code entered a frame was under the same lock.
        self.flag.load(Ordering::Relaxed)
    }

    /// Whether anything around the code that runs here is cancelled, whatever is shielded.
    fn is_cancelled(self) -> bool {
        // Relaxed: level-triggered; a later look sees it.
        if self.flag.load(Ordering::Relaxed) {
            return true;
        }
        let _guard = self.lock.lock();
        let chain = self.chain.get();
        let is_over =
            |frame: &Frame| frame.is_marked() || (frame.deadline()).is_some_and(|at| at <= now());
        chain.root_is_cancelled() || chain.frames().any(is_over)
    }

    /// Forgets that the root was cancelled. By the context's owner, outside all frames.
    pub(crate) fn reset(self) {
        let _guard = self.lock.lock();
        self.chain.set(Chain(ptr::null()));
        self.refresh();
    }

    /// The innermost frame, or null. By the context's own code.
    #[inline]
    pub(super) fn innermost(self) -> *const Frame {
        self.chain.get().innermost()
    }

    /// Whether the code is in any frame. By the context's own code.
    #[inline]
    pub(crate) fn has_frames(self) -> bool {
        !self.chain.get().innermost().is_null()
    }

    /// The earliest limit of time of the visible frames that has not been seen to pass. By the context's own code.
    pub(crate) fn earliest_deadline(self) -> Option<Instant> {
        let _guard = self.lock.lock();
        let chain = self.chain.get();
        let visible = chain
            .frames()
            .take_while(|frame| !matches!(frame.role(), Role::Shield));
        let open = visible.filter(|frame| !frame.is_marked());
        open.filter_map(Frame::deadline).min()
    }

    /// Marks the frames whose limit has passed by `at`. By the context's own code, which runs.
    pub(crate) fn expire(self, at: Instant) {
        let mut nodes = Vec::new();
        let guard = self.lock.lock();
        for frame in self.chain.get().frames() {
            if frame.deadline().is_some_and(|deadline| deadline <= at) && !frame.is_marked() {
                frame.mark();
                self.collect(Some(frame), &mut nodes);
            }
        }
        self.refresh();
        drop(guard);
        Node::cancel_all(nodes);
    }
}

/// Whether the task, or a scope, a token's [`run`](super::run_in) or a limit of time that the calling code is
/// in, has been cancelled, also where it is [shielded](super::shield) from that.
///
/// Never blocks and never unwinds. Code that computes for long without blocking asks this, or calls
/// [`checkpoint`](crate::checkpoint), which unwinds.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let rounds = hueless_runtime::timeout(Duration::from_millis(1), || {
///     let mut rounds = 0;
///     while !hueless_runtime::cancel::is_cancelled() {
///         std::hint::spin_loop();
///         rounds += 1;
///     }
///     rounds
/// });
/// assert!(rounds.unwrap() > 0);
/// ```
pub fn is_cancelled() -> bool {
    Context::with_current(|context| context.is_cancelled())
}
