//! An operation that a dynamic select has committed, until it is completed.
//!
//! A receive has its message already, in a [`Parcel`]: a packet whose type only the receiver knows,
//! on the stack unless the message is big. A send has its [`Grant`], see `exchange/reserve.rs`.
//!
//! If it is dropped instead of completed, the message goes back to the front of the channel, the
//! grant is given up: nothing has happened.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::thread;

use crate::err::{RecvError, SendError};
use crate::exchange::{GateLock, Grant, Head, Packet, Status};
use crate::receiver::Receiver;
use crate::select::entry::{Entry, Supplier};
use crate::sender::Sender;

/// What an operation uses.
#[derive(Clone, Copy)]
pub(super) enum End<'a> {
    Sender(&'a dyn AnySender),
    Receiver(&'a dyn AnyReceiver),
}

/// A sender without the type of its messages.
pub(super) trait AnySender {
    fn gate(&self) -> &GateLock;

    /// Gives up a send.
    ///
    /// # Safety
    /// `grant` was granted by this sender's channel.
    unsafe fn give_up(&self, grant: Grant);
}

impl<T> AnySender for Sender<T> {
    fn gate(&self) -> &GateLock {
        self.gate()
    }

    unsafe fn give_up(&self, grant: Grant) {
        // SAFETY: by this function's contract.
        unsafe { self.give_up(grant) }
    }
}

/// A receiver without the type of its messages.
pub(super) trait AnyReceiver {
    fn supplier(&self) -> Supplier<'_>;

    /// The layout of a packet for its messages.
    fn packet_layout(&self) -> Layout;

    /// Makes an empty packet for its messages.
    ///
    /// # Safety
    /// `slot` is the address of memory of that layout, which is the caller's.
    unsafe fn make_packet(&self, slot: *mut ());

    /// Gives back the message in a packet.
    ///
    /// # Safety
    /// `slot` is the address of such a packet, which holds a message and is the caller's.
    unsafe fn give_back_from(&self, slot: *mut ());
}

impl<T> AnyReceiver for Receiver<T> {
    fn supplier(&self) -> Supplier<'_> {
        self.supplier()
    }

    fn packet_layout(&self) -> Layout {
        Layout::new::<Packet<T>>()
    }

    unsafe fn make_packet(&self, slot: *mut ()) {
        // SAFETY: by this function's contract.
        unsafe { slot.cast::<Packet<T>>().write(Packet::empty()) };
    }

    unsafe fn give_back_from(&self, slot: *mut ()) {
        // SAFETY: by this function's contract.
        self.give_back(unsafe { Packet::<T>::of(slot).take() });
    }
}

/// A packet for the messages of a receiver.
pub(super) struct Parcel<'a> {
    receiver: &'a dyn AnyReceiver,
    space: Space,
}

enum Space {
    Here(MaybeUninit<Small>),
    Elsewhere(NonNull<()>),
}

/// Room for a packet of a message of some 80 bytes.
#[repr(align(16))]
struct Small {
    _room: [usize; 16],
}

impl<'a> Parcel<'a> {
    fn new(receiver: &'a dyn AnyReceiver) -> Self {
        let layout = receiver.packet_layout();
        let small = Layout::new::<Small>();
        let space = if layout.size() <= small.size() && layout.align() <= small.align() {
            Space::Here(MaybeUninit::uninit())
        } else {
            // SAFETY: a packet has a head, so it is not of size zero.
            let address = unsafe { alloc(layout) };
            let Some(address) = NonNull::new(address.cast()) else {
                handle_alloc_error(layout)
            };
            Space::Elsewhere(address)
        };
        let mut parcel = Self { receiver, space };
        // SAFETY: there is room for such a packet.
        unsafe { receiver.make_packet(parcel.slot()) };
        parcel
    }

    /// The address of the packet. It changes when the parcel is moved.
    fn slot(&mut self) -> *mut () {
        match &mut self.space {
            Space::Here(space) => space.as_mut_ptr().cast(),
            Space::Elsewhere(address) => address.as_ptr(),
        }
    }

    /// Whether the packet holds a message.
    fn is_full(&mut self) -> bool {
        // SAFETY: the packet was made in `new`, and no waiter points to it when this is called.
        matches!(unsafe { Head::of(self.slot()).status() }, Status::Done)
    }
}

impl Drop for Parcel<'_> {
    fn drop(&mut self) {
        if let Space::Elsewhere(address) = self.space {
            // SAFETY: it was allocated so in `new`.
            unsafe { dealloc(address.as_ptr().cast(), self.receiver.packet_layout()) };
        }
    }
}

/// A case of a dynamic select.
pub(super) enum Case<'a> {
    Send(&'a dyn AnySender, Head, Option<Grant>),
    Receive(Parcel<'a>),
}

impl<'a> Case<'a> {
    pub(super) fn new(end: End<'a>) -> Self {
        match end {
            End::Sender(sender) => Self::Send(sender, Head::late(), None),
            End::Receiver(receiver) => Self::Receive(Parcel::new(receiver)),
        }
    }

    /// The case for the engine.
    pub(super) fn entry(&mut self) -> Entry<'_> {
        match self {
            Self::Send(sender, head, grant) => Entry::send(sender.gate(), head, grant),
            Self::Receive(parcel) => {
                let slot = parcel.slot();
                // SAFETY: the packet is one of this receiver's messages, and borrowed by the entry.
                unsafe { Entry::receive(parcel.receiver.supplier(), slot) }
            }
        }
    }

    /// Undoes the commit.
    fn release(self) {
        match self {
            Self::Send(sender, _, Some(grant)) => {
                // SAFETY: the engine has got the grant from this sender's channel.
                unsafe { sender.give_up(grant) };
            }
            Self::Receive(mut parcel) => {
                if parcel.is_full() {
                    // SAFETY: the packet is one of this receiver's messages and holds one.
                    unsafe { parcel.receiver.give_back_from(parcel.slot()) };
                }
            }
            Self::Send(_, _, None) => {}
        }
    }
}

/// An operation that [`Select`](crate::Select) has committed, to be completed by
/// [`send`](Self::send) or [`recv`](Self::recv).
///
/// # Drop
///
/// Dropping it without having completed it undoes the commit (a message that was received goes back
/// to the front of its channel, a receiver that was promised one goes on waiting) and then panics,
/// unless the thread is panicking already (a task's thread, if anything unwinds on it). A message of
/// [`after`](crate::after), [`at`](crate::at) or [`tick`](crate::tick) is gone then. Forgetting the
/// operation may leave a peer waiting for ever.
///
/// Complete a send, or drop it, before you drop a [`RecvFuture`](crate::RecvFuture) of that channel: the
/// operation may have promised the message to that future, whose drop then waits for it.
#[must_use]
pub struct SelectedOperation<'a> {
    pub(super) index: usize,
    /// Of the sender or receiver.
    pub(super) address: *const (),
    pub(super) case: Option<Case<'a>>,
}

impl SelectedOperation<'_> {
    /// The index of the operation, as [`Select::send`](crate::Select::send) or
    /// [`Select::recv`](crate::Select::recv) returned it. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{Select, bounded};
    ///
    /// let (s, r) = bounded(1);
    /// let mut list = Select::new();
    /// list.recv(&r);
    /// let send = list.send(&s);
    /// let operation = list.select();
    /// assert_eq!(operation.index(), send);
    /// operation.send(&s, "hello").unwrap();
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// Completes a send. `s` is the very sender that was added to the list.
    ///
    /// Never blocks.
    ///
    /// # Errors
    ///
    /// [`SendError`], with the message, if every receiver is gone.
    ///
    /// # Panics
    ///
    /// If `s` is not the sender that was selected.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{Select, SendError, bounded};
    ///
    /// let (s, r) = bounded(0);
    /// drop(r);
    /// let mut list = Select::new();
    /// list.send(&s);
    /// assert_eq!(list.select().send(&s, 10), Err(SendError(10)));
    /// ```
    pub fn send<T>(mut self, s: &Sender<T>, msg: T) -> Result<(), SendError<T>> {
        let selected = ptr::eq(ptr::from_ref(s).cast(), self.address);
        match &mut self.case {
            Some(Case::Send(_, _, grant)) if selected => {
                let grant = grant.take().expect("a selected send has a grant");
                self.case = None;
                // SAFETY: the sender is borrowed as long as this operation lives, so nothing else
                // is at its address, and the grant came from its channel.
                unsafe { s.complete(grant, msg) }
            }
            _ => panic!("passed a sender that wasn't selected"),
        }
    }

    /// Completes a receive. `r` is the very receiver that was added to the list.
    ///
    /// Never blocks.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if no message is left and every sender is gone.
    ///
    /// # Panics
    ///
    /// If `r` is not the receiver that was selected.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{RecvError, Select, bounded};
    ///
    /// let (s, r) = bounded::<i32>(0);
    /// drop(s);
    /// let mut list = Select::new();
    /// list.recv(&r);
    /// assert_eq!(list.select().recv(&r), Err(RecvError));
    /// ```
    pub fn recv<T>(mut self, r: &Receiver<T>) -> Result<T, RecvError> {
        let selected = ptr::eq(ptr::from_ref(r).cast(), self.address);
        match &mut self.case {
            Some(Case::Receive(parcel)) if selected => {
                // SAFETY: the receiver is borrowed as long as this operation lives, so nothing else
                // is at its address, and the packet is one of its messages. A full packet is taken
                // from once: the case goes.
                let received = parcel
                    .is_full()
                    .then(|| unsafe { Packet::<T>::of(parcel.slot()).take() });
                self.case = None;
                received.ok_or(RecvError)
            }
            _ => panic!("passed a receiver that wasn't selected"),
        }
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SelectedOperation { .. }")
    }
}

impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        if let Some(case) = self.case.take() {
            case.release();
            if !thread::panicking() {
                panic!("dropped `SelectedOperation` without completing the operation");
            }
        }
    }
}
