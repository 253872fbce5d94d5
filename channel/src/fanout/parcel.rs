//! A message that several may hold at a time.
//!
//! States of a node, and who owns it:
//! - *blank*: no message, one owner, who has a [`Blank`]. Those that nobody has a use for lie in
//!   the [`Spares`] of their channel.
//! - *filled*: a message that nobody changes, held by as many as `holders` says, each by a
//!   [`Parcel`].
//!
//! Protocol: [`Blank::fill`] makes the first parcel of a node. The last one turns it into a blank
//! again: [`Parcel::release`], or [`Parcel::into_only`] where there is but one.
//!
//! Invariant: `holders` grows by a clone only, from a parcel, so it never leaves zero, and a parcel
//! that is alone stays alone.
//!
//! Rejected: `Arc`, which tells only the one whose drop frees the memory that it was the last. Two
//! who let go at the same time would lose the memory, and a sender would have to allocate.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;

use crate::loom::{AtomicUsize, Ordering, UnsafeCell};

struct Node<T> {
    holders: AtomicUsize,
    message: UnsafeCell<MaybeUninit<T>>,
    /// The next of the spares, while it is one itself.
    next: Option<Blank<T>>,
}

/// A node without a message.
pub(crate) struct Blank<T>(Box<Node<T>>);

impl<T> Blank<T> {
    /// A new one. It allocates, so no lock may be held.
    #[cold]
    pub(crate) fn new() -> Self {
        Self(Box::new(Node {
            holders: AtomicUsize::new(0),
            message: UnsafeCell::new(MaybeUninit::uninit()),
            next: None,
        }))
    }

    /// Puts a message in.
    #[inline]
    pub(crate) fn fill(self, msg: T) -> Parcel<T> {
        self.0
            .message
            // SAFETY: a blank has one owner.
            .with_mut(|message| unsafe { (*message).write(msg) });
        // Relaxed: the node has one owner; others learn of it by the lock that the parcel goes
        // through.
        self.0.holders.store(1, Ordering::Relaxed);
        Parcel(NonNull::from(Box::leak(self.0)))
    }
}

/// Blanks that wait for messages.
pub(crate) struct Spares<T> {
    first: Option<Blank<T>>,
    /// How many more it keeps.
    room: usize,
}

impl<T> Spares<T> {
    /// None, and room for so many.
    pub(super) fn new(room: usize) -> Self {
        Self { first: None, room }
    }

    /// Keeps a blank, or gives it back if there are enough: what many readers have held on to at a time
    /// is not kept for ever.
    pub(super) fn put(&mut self, mut blank: Blank<T>) -> Option<Blank<T>> {
        let Some(room) = self.room.checked_sub(1) else {
            return Some(blank);
        };
        self.room = room;
        blank.0.next = self.first.take();
        self.first = Some(blank);
        None
    }

    /// Takes a blank out, if there is one.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Blank<T>> {
        let mut blank = self.first.take()?;
        self.first = blank.0.next.take();
        self.room += 1;
        Some(blank)
    }
}

impl<T> Drop for Spares<T> {
    fn drop(&mut self) {
        // One by one: each blank would free its next one from within its own drop.
        while self.take().is_some() {}
    }
}

/// A hold on a message.
pub(crate) struct Parcel<T>(NonNull<Node<T>>);

// SAFETY: holders on several threads have references to one message, which `Sync` allows, and the
// last one, on whichever thread, has the message itself, which `Send` does.
unsafe impl<T: Send + Sync> Send for Parcel<T> {}
// SAFETY: as above; a reference to a parcel gives no more than another parcel does.
unsafe impl<T: Send + Sync> Sync for Parcel<T> {}

impl<T> Parcel<T> {
    #[inline]
    fn node(&self) -> &Node<T> {
        // SAFETY: this parcel is counted, so the node is filled and nobody frees it.
        unsafe { self.0.as_ref() }
    }

    /// The message and its node, unless there are other holders.
    #[inline]
    pub(super) fn into_only(self) -> Result<(T, Blank<T>), Self> {
        // Acquire pairs with the Release in `count_down`: what other holders did with the message
        // comes before this.
        if self.node().holders.load(Ordering::Acquire) != 1 {
            return Err(self);
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: nobody else holds the message, and this parcel is given up.
        Ok(unsafe { this.unpack() })
    }

    /// Lets go. The last holder gets the message and its node.
    #[inline]
    pub(super) fn release(self) -> Option<(T, Blank<T>)> {
        let this = ManuallyDrop::new(self);
        // SAFETY: this parcel is given up, and the last one has the node to itself.
        unsafe { this.count_down().then(|| this.unpack()) }
    }

    /// Counts this parcel out; true if it was the last.
    ///
    /// # Safety
    /// The parcel is not used any more, except that the last one is unpacked.
    unsafe fn count_down(&self) -> bool {
        // AcqRel: Release, so that this holder's use of the message comes before the last one's
        // taking it; Acquire pairs with it in the last one.
        self.node().holders.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Takes the message out.
    ///
    /// # Safety
    /// The caller alone has the node, and does not use the parcel any more.
    unsafe fn unpack(&self) -> (T, Blank<T>) {
        // SAFETY: by this function's contract; the node was filled, and came from a `Box`.
        unsafe {
            let msg = self
                .node()
                .message
                .with_mut(|message| (*message).assume_init_read());
            (msg, Blank(Box::from_raw(self.0.as_ptr())))
        }
    }
}

impl<T> Clone for Parcel<T> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: the new parcel comes from one that is held meanwhile. It cannot overflow: each
        // parcel is in a slot of a channel, or with a caller who has one at a time.
        self.node().holders.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl<T> Deref for Parcel<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.node()
            .message
            // SAFETY: the node is filled, and nobody changes the message while it is held.
            .with(|message| unsafe { (*message).assume_init_ref() })
    }
}

impl<T> Drop for Parcel<T> {
    fn drop(&mut self) {
        // SAFETY: this is the drop, and the last parcel has the node to itself.
        let last = unsafe { self.count_down().then(|| self.unpack()) };
        // The node goes even if the message panics, since it was moved out.
        drop(last);
    }
}
