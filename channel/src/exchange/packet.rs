//! What a waiting operation shows to whoever settles it.
//!
//! A [`Packet`] lies in the frame of the operation; its waiter's slot points to its [`Head`].
//!
//! Who may touch it: the owner, until the waiter is linked and again after its park; in between,
//! the one who has popped the waiter, from the won claim until it readies the owner.
//!
//! | waiting | popped by | what that one does | status |
//! | --- | --- | --- | --- |
//! | receiver | sender | writes the message | `Done` |
//! | receiver | late sender | keeps the receiver, writes the message when it has it | `Done` |
//! | | … | or gives up | `Retry` |
//! | sender | receiver | takes the message | `Done` |
//! | late sender | receiver who freed a slot | reserves the slot for it | `Reserved` |
//! | late sender | receiver with nothing in the buffer | waits for it, see [`pair`](super::pair) | `Paired` |
//! | either | last handle of the other side | nothing; the message stays | `Disconnected` |
//!
//! A *late* sender is a select's case: its message exists only after the commit.

use std::mem::MaybeUninit;

use hueless_runtime::park::Ticket;

use crate::loom::UnsafeCell;

/// What has become of a waiting operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Status {
    /// Nobody has settled it.
    Waiting,
    /// The message has changed hands.
    Done,
    /// The other side is gone.
    Disconnected,
    /// The late sender that this receiver was promised to has given up: begin anew.
    Retry,
    /// This late sender has a slot in the buffer.
    Reserved,
    /// This late sender has a receiver, which waits for the message.
    Paired(Partner),
}

/// A receiver that waits for a late sender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partner {
    /// The receiver's wait, which nobody else can settle.
    pub(super) ticket: Ticket,
    /// The receiver's packet.
    pub(super) slot: *mut (),
}

/// The part of a packet that does not depend on the type of the message.
pub(crate) struct Head {
    status: UnsafeCell<Status>,
    late: bool,
}

impl Head {
    /// The head of an operation whose message, if it sends one, lies in the packet.
    fn new() -> Self {
        Self {
            status: UnsafeCell::new(Status::Waiting),
            late: false,
        }
    }

    /// A late sender's whole packet.
    pub(crate) fn late() -> Self {
        Self {
            status: UnsafeCell::new(Status::Waiting),
            late: true,
        }
    }

    /// The address for a waiter's slot.
    #[inline]
    pub(crate) fn slot(&self) -> *mut () {
        (&raw const *self).cast_mut().cast()
    }

    /// What has become of the operation.
    ///
    /// # Safety
    /// The caller may touch the packet, see the module's documentation.
    #[inline]
    pub(crate) unsafe fn status(&self) -> Status {
        // SAFETY: nobody else touches the packet, by this function's contract.
        self.status.with(|status| unsafe { *status })
    }

    /// Says what has become of the operation.
    ///
    /// # Safety
    /// The caller may touch the packet, see the module's documentation.
    #[inline]
    pub(crate) unsafe fn set_status(&self, status: Status) {
        // SAFETY: nobody else touches the packet, by this function's contract.
        self.status.with_mut(|old| unsafe { old.write(status) });
    }

    /// The head of the packet that a popped waiter's slot points to.
    ///
    /// # Safety
    /// `slot` is the slot of a waiter of a channel, and the caller may touch the packet for as
    /// long as the reference is used.
    #[inline]
    pub(crate) unsafe fn of<'p>(slot: *mut ()) -> &'p Self {
        // SAFETY: channels link no other waiters than with `Head::slot` or `Packet::slot`, and the
        // latter is the address of the head too; the owner's frame stays until it is readied.
        unsafe { &*slot.cast::<Self>() }
    }

    /// Whether this is a late sender's packet.
    #[inline]
    pub(super) fn is_late(&self) -> bool {
        self.late
    }
}

/// A head and the place of the message.
// `repr(C)`: the address of the packet is the address of its head.
#[repr(C)]
pub(crate) struct Packet<T> {
    head: Head,
    message: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Packet<T> {
    /// A receiver's packet.
    #[inline]
    pub(crate) fn empty() -> Self {
        Self {
            head: Head::new(),
            message: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// A sender's packet. It does not drop the message.
    #[inline]
    pub(crate) fn holding(msg: T) -> Self {
        Self {
            head: Head::new(),
            message: UnsafeCell::new(MaybeUninit::new(msg)),
        }
    }

    /// The head.
    #[inline]
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// The address for a waiter's slot.
    #[inline]
    pub(crate) fn slot(&self) -> *mut () {
        (&raw const *self).cast_mut().cast()
    }

    /// The packet a popped waiter's slot points to.
    ///
    /// # Safety
    /// As for [`Head::of`]; also, the packet is one of messages of type `T`, and not a late
    /// sender's.
    #[inline]
    pub(crate) unsafe fn of<'p>(slot: *mut ()) -> &'p Self {
        // SAFETY: by this function's contract.
        unsafe { &*slot.cast::<Self>() }
    }

    /// Moves the message out.
    ///
    /// # Safety
    /// The caller may touch the packet, and it holds a message that has not been moved out.
    #[inline]
    pub(crate) unsafe fn take(&self) -> T {
        // SAFETY: by this function's contract.
        self.message
            .with(|message| unsafe { (*message).assume_init_read() })
    }

    /// Puts a message in.
    ///
    /// # Safety
    /// The caller may touch the packet, and it holds no message.
    #[inline]
    pub(crate) unsafe fn put(&self, msg: T) {
        // SAFETY: by this function's contract.
        self.message
            .with_mut(|message| unsafe { (*message).write(msg) });
    }

    /// Puts a message in and says so.
    ///
    /// # Safety
    /// The caller may touch the packet, and it holds no message.
    #[inline]
    pub(crate) unsafe fn deliver(&self, msg: T) {
        // SAFETY: by this function's contract.
        unsafe {
            self.put(msg);
            self.head.set_status(Status::Done);
        }
    }

    /// Moves a waiting sender's message out and says so.
    ///
    /// # Safety
    /// As for [`take`](Self::take).
    #[inline]
    pub(crate) unsafe fn collect(&self) -> T {
        // SAFETY: by this function's contract.
        unsafe {
            let msg = self.take();
            self.head.set_status(Status::Done);
            msg
        }
    }
}
