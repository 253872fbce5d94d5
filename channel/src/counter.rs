//! Who still holds a channel: one count for each side, and one allocation for both.
//!
//! States and owners:
//! - both counts above zero: the channel is open; handles of both sides reach it.
//! - one count zero: that side was disconnected by the handle that took the count there; the other
//!   side still reaches the channel.
//! - both zero: the handle whose side went second frees the allocation.
//!
//! Protocol, for each side: clone counts up; drop counts down. The one that reaches zero
//! disconnects its side, then swaps `abandoned`; whoever finds it set was second and frees.
//!
//! Invariant: nothing of a channel is touched after its own swap, since the other side may free it
//! from then on. What a disconnect leaves to be dropped (messages, whose `drop` may panic) is
//! dropped after the swap, so that a panic leaks nothing.

use std::ops::Deref;
use std::process;
use std::ptr::NonNull;

use crate::loom::{AtomicBool, AtomicUsize, Ordering};

// At the beginning of a cache line, so that the channel can see to it what shares one.
#[repr(C, align(64))]
struct Counted<C> {
    senders: AtomicUsize,
    receivers: AtomicUsize,
    /// One side is gone for good.
    abandoned: AtomicBool,
    channel: C,
}

/// The alignment of what is counted.
#[cfg(not(loom))]
pub(crate) const CACHE_LINE: usize = align_of::<Counted<()>>();
/// Where a channel begins, from the beginning of a cache line.
#[cfg(not(loom))]
pub(crate) const OFFSET: usize = std::mem::offset_of!(Counted<usize>, channel);

/// Creates a counted channel with one handle for each side.
pub(crate) fn new<C>(channel: C) -> (Sender<C>, Receiver<C>) {
    let counted = NonNull::from(Box::leak(Box::new(Counted {
        senders: AtomicUsize::new(1),
        receivers: AtomicUsize::new(1),
        abandoned: AtomicBool::new(false),
        channel,
    })));
    (Sender(counted), Receiver(counted))
}

/// Counts one up. Aborts when forgotten clones are about to overflow the count.
fn count_up(count: &AtomicUsize) {
    // Relaxed: the new handle comes from an existing one, whoever gets it learns of it by the way
    // it was handed over, and only `release` decides anything by the count.
    if count.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
        process::abort();
    }
}

/// Counts one down; true when that was the last.
fn count_down(count: &AtomicUsize) -> bool {
    // AcqRel: Release, so that what this handle did comes before the disconnect by the last one;
    // Acquire pairs with those Releases in the last one.
    count.fetch_sub(1, Ordering::AcqRel) == 1
}

/// Marks one side as gone for good, and frees the channel if the other is too.
///
/// # Safety
/// Called once for each side, by the last handle of it, which touches the channel no more.
unsafe fn abandon<C>(counted: NonNull<Counted<C>>) {
    // SAFETY: the side that comes here first leaves the allocation alone; it is alive until the
    // second has come.
    let second = unsafe {
        // AcqRel: Release, so that this side's use of the channel comes before the free; Acquire
        // pairs with it in the side that frees.
        counted.as_ref().abandoned.swap(true, Ordering::AcqRel)
    };
    if second {
        // SAFETY: both sides are gone, and the pointer came from `Box::leak`.
        drop(unsafe { Box::from_raw(counted.as_ptr()) });
    }
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $count:ident) => {
        $(#[$doc])*
        pub(crate) struct $name<C>(NonNull<Counted<C>>);

        impl<C> $name<C> {
            fn counted(&self) -> &Counted<C> {
                // SAFETY: this handle is counted, so its side is not gone and the allocation lives.
                unsafe { self.0.as_ref() }
            }

            /// Another handle of the same side.
            pub(crate) fn acquire(&self) -> Self {
                count_up(&self.counted().$count);
                Self(self.0)
            }

            /// Gives the handle up. The last one of its side runs `disconnect`, whose answer is
            /// dropped once the channel is out of reach.
            ///
            /// # Safety
            /// Called once, and the handle is not used afterwards.
            pub(crate) unsafe fn release<L>(&self, disconnect: impl FnOnce(&C) -> L) {
                if count_down(&self.counted().$count) {
                    let leftover = disconnect(&self.counted().channel);
                    // SAFETY: this was the last handle of its side.
                    unsafe { abandon(self.0) };
                    drop(leftover);
                }
            }
        }

        impl<C> Deref for $name<C> {
            type Target = C;

            #[inline]
            fn deref(&self) -> &C {
                &self.counted().channel
            }
        }

        impl<C> PartialEq for $name<C> {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }
    };
}

handle! {
    /// A counted handle of the sending side.
    Sender, senders
}

handle! {
    /// A counted handle of the receiving side.
    Receiver, receivers
}
