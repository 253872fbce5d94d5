//! What cancels many at once: a token's or a scope's node in a tree.
//!
//! A node is cancelled once and for ever. Then the frames that belong to it are marked, the nodes below
//! it are cancelled, and its hooks are called.
//!
//! Locks are taken in the order: a node's, a context's. No node's lock is held while another's is taken:
//! cancelling works through a list.

use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use crate::bare::Mutex;
use crate::cancel::frame::Frame;
use crate::cancel::wake::Woken;

/// See the module. For the crates of this workspace.
pub struct Node {
    cancelled: AtomicBool,
    inner: Mutex<Inner>,
    /// The node above, which knows this one by the number.
    parent: Option<(Arc<Node>, u64)>,
}

struct Inner {
    /// The first of the frames, which link to each other.
    frames: *const Frame,
    children: HashMap<u64, Weak<Node>>,
    hooks: Vec<Box<dyn Hook>>,
}

/// What is called once a node is cancelled.
pub trait Hook: Send + 'static {
    /// The node has been cancelled.
    fn call(self: Box<Self>);

    /// Whether anybody would notice the call.
    fn is_needed(&self) -> bool;
}

impl<F: FnOnce() + Send + 'static> Hook for F {
    fn call(self: Box<Self>) {
        self();
    }

    fn is_needed(&self) -> bool {
        true
    }
}

// SAFETY: the frames are reached under the lock only, and a frame that is linked is there.
unsafe impl Send for Inner {}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

impl Node {
    /// A node with nothing above it.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::below(None))
    }

    fn below(parent: Option<(Arc<Node>, u64)>) -> Self {
        Self {
            cancelled: AtomicBool::new(false),
            inner: Mutex::new(Inner {
                frames: ptr::null(),
                children: HashMap::new(),
                hooks: Vec::new(),
            }),
            parent,
        }
    }

    /// A node that is cancelled with this one; at once if this one is already.
    #[must_use]
    pub fn child(self: &Arc<Self>) -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        // Relaxed: a number, no message.
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let child = Arc::new(Self::below(Some((self.clone(), number))));
        let mut inner = self.lock();
        if self.is_cancelled() {
            // Nobody else knows it yet.
            child.cancelled.store(true, Ordering::Release);
        } else {
            inner.children.insert(number, Arc::downgrade(&child));
        }
        drop(inner);
        child
    }

    /// Whether it has been cancelled.
    pub fn is_cancelled(&self) -> bool {
        // Acquire pairs with the Release in `cancel_all`: who sees this sees what came before.
        self.cancelled.load(Ordering::Acquire)
    }

    /// Cancels it, and everything below. Never blocks.
    pub fn cancel(self: &Arc<Self>) {
        if !self.is_cancelled() {
            Self::cancel_all(vec![self.clone()]);
        }
    }

    /// Calls `hook` when the node is cancelled, on the canceller's thread; here if it is already. If the
    /// node goes before, the hook is the parent's, as long as it is needed.
    pub fn on_cancel(&self, hook: impl Hook) {
        self.hang(Box::new(hook));
    }

    fn hang(&self, hook: Box<dyn Hook>) {
        let mut inner = self.lock();
        if self.is_cancelled() {
            drop(inner);
            hook.call();
            return;
        }
        // So that a node which outlives many below it does not collect theirs.
        let (kept, idle) =
            (mem::take(&mut inner.hooks).into_iter()).partition(|hook| hook.is_needed());
        inner.hooks = kept;
        inner.hooks.push(hook);
        drop(inner);
        drop::<Vec<_>>(idle);
    }

    /// [`cancel`](Self::cancel) for several.
    pub(crate) fn cancel_all(mut nodes: Vec<Arc<Node>>) {
        let mut woken = Vec::new();
        let mut hooks = Vec::new();
        while let Some(node) = nodes.pop() {
            let mut inner = node.lock();
            // Release pairs with the Acquire in `is_cancelled`.
            if node.cancelled.swap(true, Ordering::Release) {
                continue;
            }
            // SAFETY: linked frames are there as long as the lock is held, and their tasks with them.
            unsafe {
                let mut next = inner.frames;
                while let Some(frame) = next.as_ref() {
                    if frame.owner().context().mark(frame, &mut nodes) {
                        woken.push(Woken::new(frame.owner()));
                    }
                    next = frame.links.next.get();
                }
            }
            let children = mem::take(&mut inner.children);
            nodes.extend(children.into_values().filter_map(|child| child.upgrade()));
            hooks.append(&mut inner.hooks);
        }
        for woken in woken {
            woken.wake();
        }
        for hook in hooks {
            hook.call();
        }
    }

    /// Enters a frame, which is marked if the node is cancelled.
    ///
    /// # Safety
    /// By the code whose frame it is. The frame stays where it is until it is removed.
    pub(super) unsafe fn add(&self, frame: &Frame) {
        // Else `remove` would take it for linked if the node is cancelled.
        debug_assert!(frame.links.are_unset(), "a frame is in no list yet");
        let mut inner = self.lock();
        if self.is_cancelled() {
            drop(inner);
            let mut nodes = Vec::new();
            frame.owner().context().mark(frame, &mut nodes);
            debug_assert!(nodes.is_empty(), "an innermost frame has nothing within it");
            return;
        }
        frame.links.prev.set(ptr::null());
        frame.links.next.set(inner.frames);
        // SAFETY: linked frames are there while the lock is held.
        if let Some(next) = unsafe { inner.frames.as_ref() } {
            next.links.prev.set(frame);
        }
        inner.frames = frame;
    }

    /// Takes a frame out, which may be added again.
    ///
    /// # Safety
    /// By the code whose frame it is, which has added it.
    pub(super) unsafe fn remove(&self, frame: &Frame) {
        let mut inner = self.lock();
        let prev = frame.links.prev.replace(ptr::null());
        let next = frame.links.next.replace(ptr::null());
        // SAFETY: linked frames are there while the lock is held.
        unsafe {
            match prev.as_ref() {
                Some(prev) => prev.links.next.set(next),
                None if ptr::eq(inner.frames, frame) => inner.frames = next,
                // It came when the node was cancelled, and was not entered.
                None => {}
            }
            if let Some(next) = next.as_ref() {
                next.links.prev.set(prev);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that runs under the lock panics.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some((parent, number)) = &self.parent {
            parent.lock().children.remove(number);
            let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
            let hooks = mem::take(&mut inner.hooks);
            for hook in hooks.into_iter().filter(|hook| hook.is_needed()) {
                parent.hang(hook);
            }
        }
    }
}
