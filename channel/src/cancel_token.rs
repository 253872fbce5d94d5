//! Tokens that cancel, and tell of it by a channel.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::{Arc, OnceLock};

use hueless_runtime::cancel::{Cancelled, Hook, Node, run_in};

use crate::{Receiver, Sender, bounded};

/// Cancels code that runs under it, and what waits for it: the handle on one node of a tree. Clones are
/// handles on the same node; [`child`](Self::child) makes one below, which is cancelled with this one.
///
/// A token is cancelled once and for ever. Dropping handles cancels nothing; see
/// [`drop_guard`](Self::drop_guard). Tokens can be shared between tasks and OS threads.
///
/// # Examples
///
/// ```
/// use hueless_channel::{CancelToken, never, select};
/// use hueless_runtime::{sleep, spawn};
/// use std::time::Duration;
///
/// let token = CancelToken::new();
/// let (runs, waits) = (token.clone(), token.child());
/// let runs = spawn(move || runs.run(|| sleep(Duration::MAX)));
/// let waits = spawn(move || {
///     let messages = never::<i32>();
///     select! {
///         recv(waits.done()) -> _ => "done",
///         recv(messages) -> _ => "a message",
///     }
/// });
/// token.cancel();
/// assert!(runs.join().unwrap().is_err());
/// assert_eq!(waits.join().unwrap(), "done");
/// ```
#[derive(Clone)]
#[doc(alias = "context")]
pub struct CancelToken(Arc<Inner>);

// In this order: the receiver is dropped before the node's hook looks whether there are others.
struct Inner {
    done: OnceLock<Receiver<()>>,
    node: Arc<Node>,
}

/// Keeps the channel of a token open until that is cancelled: a token that never is never tells.
struct Open(ManuallyDrop<Sender<()>>);

impl Hook for Open {
    fn call(self: Box<Self>) {
        let mut this = ManuallyDrop::new(*self);
        // SAFETY: once, for `self` is not used again, nor dropped.
        drop(unsafe { ManuallyDrop::take(&mut this.0) });
    }

    fn is_needed(&self) -> bool {
        !self.0.is_disconnected()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Nobody can cancel any more. Who still holds a receiver waits in vain, as with `never`; what
        // that channel takes is not given back.
        if !self.is_needed() {
            // SAFETY: once, in the drop.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

impl CancelToken {
    /// A token with nothing above it.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Node::new())
    }

    fn of(node: Arc<Node>) -> Self {
        Self(Arc::new(Inner {
            done: OnceLock::new(),
            node,
        }))
    }

    /// A token that is cancelled with this one, and can be cancelled alone; at once if this one is
    /// already.
    #[must_use]
    pub fn child(&self) -> Self {
        Self::of(self.0.node.child())
    }

    /// Cancels the token and all below it. What runs under them unwinds at its next blocking point; what
    /// blocks there now is woken. Never blocks.
    pub fn cancel(&self) {
        self.0.node.cancel();
    }

    /// Whether it has been cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.node.is_cancelled()
    }

    /// A receiver for [`select!`](crate::select!): it never gets a message, and is disconnected when the
    /// token is cancelled.
    pub fn done(&self) -> Receiver<()> {
        let make = || {
            let (sender, receiver) = bounded(0);
            let open = Open(ManuallyDrop::new(sender));
            self.0.node.on_cancel(open);
            receiver
        };
        self.0.done.get_or_init(make).clone()
    }

    /// Cancels the token when the guard is dropped, also by an unwinding.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = hueless_channel::CancelToken::new();
    /// let guard = token.clone().drop_guard();
    /// assert!(!token.is_cancelled());
    /// drop(guard);
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard(Some(self))
    }

    /// Runs `f` on the caller's own stack, in a task or on an OS thread. When the token is cancelled, the
    /// operation that `f` is blocked in, or the next one that may block, unwinds to here.
    ///
    /// # Errors
    /// When that has happened. What `f` returns counts, however late it comes.
    ///
    /// # Panics
    /// With `f`'s payload.
    pub fn run<F, T>(&self, f: F) -> Result<T, Cancelled>
    where
        F: FnOnce() -> T,
    {
        run_in(self.0.node.clone(), f)
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// Cancels a token when dropped: see [`CancelToken::drop_guard`].
#[derive(Debug)]
#[must_use = "dropping it cancels the token"]
pub struct DropGuard(Option<CancelToken>);

impl DropGuard {
    /// Gives the token back, which is not cancelled then.
    pub fn disarm(mut self) -> CancelToken {
        self.0.take().expect("there until the drop")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.0 {
            token.cancel();
        }
    }
}
