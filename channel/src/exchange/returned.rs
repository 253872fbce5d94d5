//! Messages that were received and then given back.
//!
//! A receive can be over while the message is still on its way to the program: it lies in a
//! [`SelectedOperation`](crate::SelectedOperation), or in a future that has not been polled since.
//! If that is dropped, the message goes back to the front of the channel, before all that is in the
//! buffer, so that nothing is lost and the order stays. (Meanwhile it is not in the channel, which others
//! may find empty and disconnected.) It needs no slot: even a rendezvous channel
//! holds it.
//!
//! As long as there are such messages the counts are [held](Hold::Returned), so receivers come here
//! first.

use std::alloc::Layout;
use std::ptr::NonNull;

use crate::exchange::channel::Channel;
use crate::exchange::stock::Hold;
use crate::exchange::{After, Chance, Gate, Packet};
use crate::flavors::{Buffer, Memory};

/// A list of messages, the one that was given back last first.
pub(super) struct Returned<T> {
    first: Option<NonNull<Node<T>>>,
}

struct Node<T> {
    msg: T,
    next: Option<NonNull<Node<T>>>,
}

// Not derived, for that would ask for `T: Default`.
impl<T> Default for Returned<T> {
    fn default() -> Self {
        Self { first: None }
    }
}

impl<T> Returned<T> {
    /// A list of one message.
    fn of(msg: T) -> Self {
        let node = Box::new(Node { msg, next: None });
        Self {
            first: Some(NonNull::from(Box::leak(node))),
        }
    }

    /// Puts another list's one message in front.
    fn push(&mut self, one: Self) {
        if let Some(mut node) = one.first {
            // SAFETY: the other list owned the node, and is gone.
            unsafe { node.as_mut() }.next = self.first.take();
            self.first = Some(node);
        }
    }

    /// Takes the first message out. The memory is to be freed once the lock has been released.
    pub(super) fn pop(&mut self) -> Option<(T, Memory)> {
        let first = self.first?;
        // SAFETY: the list owns its nodes, which came from boxes. This one leaves the list, and its
        // message is read out once.
        unsafe {
            let Node { msg, next } = first.read();
            self.first = next;
            Some((msg, Memory::new(first.cast(), Layout::new::<Node<T>>())))
        }
    }
}

impl<B: Buffer> Channel<B> {
    /// Gives back a message that was received: to the first receiver that waits, or to the front of
    /// the channel. The caller holds a receiver.
    pub(crate) fn give_back(&self, msg: B::Message) {
        // Neither allocated nor freed under the lock.
        let mut one = Returned::of(msg);
        // Dropped after `gate`.
        let mut after = After::default();
        let mut gate = self.gate.lock();
        if let Some(popped) = gate.receivers.pop()
            && let Some((msg, memory)) = one.pop()
        {
            // SAFETY: the waiter is a receiver of this channel, its claim is won, and its packet
            // is empty until somebody delivers.
            unsafe { Packet::of(popped.slot).deliver(msg) };
            after.receiver = Some(popped.claimed);
            after.memory = Some(memory);
            return;
        }
        // SAFETY: the gate is this channel's.
        unsafe { self.returned(&mut gate) }.push(one);
        gate.stock.add_message();
        gate.stock.hold(Hold::Returned);
        gate.changed(Chance::Receive, &mut after.watchers);
    }

    /// Takes out the first of the messages that were given back.
    ///
    /// # Safety
    /// `gate` is the gate of this channel, and held for this reason.
    #[cold]
    pub(super) unsafe fn take_returned(&self, gate: &mut Gate, after: &mut After) -> B::Message {
        // SAFETY: by this function's contract.
        let returned = unsafe { self.returned(gate) };
        let Some((msg, memory)) = returned.pop() else {
            unreachable!("the counts are held as long as there are returned messages");
        };
        let last = returned.first.is_none();
        after.memory = Some(memory);
        gate.stock.remove_message();
        if last {
            gate.stock.release(Hold::Returned);
        }
        msg
    }
}
