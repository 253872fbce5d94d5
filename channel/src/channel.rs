//! How channels come into being.

use crate::counter;
use crate::exchange::Channel;
use crate::flavors::{Blocks, Buffer, Rendezvous, Ring};
use crate::receiver::{self, Receiver};
use crate::sender::{self, Sender};

/// Creates a channel that holds at most `cap` messages.
///
/// With a capacity of zero it holds none: a message goes straight from a sender to a receiver, and
/// each waits for the other.
///
/// The memory for all `cap` messages is allocated here; sending and receiving allocate nothing.
/// Never blocks.
///
/// # Panics
///
/// If `cap` messages do not fit into memory.
///
/// # Examples
///
/// ```
/// use hueless_channel::{TrySendError, bounded};
///
/// let (s, r) = bounded(1);
/// s.send("first").unwrap();
/// assert_eq!(s.try_send("second"), Err(TrySendError::Full("second")));
/// assert_eq!(r.recv(), Ok("first"));
/// ```
///
/// A rendezvous:
///
/// ```
/// use std::thread;
/// use hueless_channel::bounded;
///
/// let (s, r) = bounded(0);
/// let other = thread::spawn(move || s.send("hello")); // Waits for the line below.
/// assert_eq!(r.recv(), Ok("hello"));
/// other.join().unwrap().unwrap();
/// ```
#[doc(alias = "chan")]
#[doc(alias = "make")]
pub fn bounded<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    if cap == 0 {
        let (s, r) = counted(Rendezvous::vacant(), 0);
        (
            Sender::new(sender::Flavor::Zero(s)),
            Receiver::new(receiver::Flavor::Zero(r)),
        )
    } else {
        let (s, r) = counted(Ring::with_capacity(cap), cap);
        (
            Sender::new(sender::Flavor::Array(s)),
            Receiver::new(receiver::Flavor::Array(r)),
        )
    }
}

/// Creates a channel that holds any number of messages.
///
/// Sending on it never waits. Its memory grows with the messages in it and goes back as they are
/// received. Never blocks.
///
/// # Examples
///
/// ```
/// use hueless_channel::unbounded;
///
/// let (s, r) = unbounded();
/// for i in 0..1000 {
///     s.send(i).unwrap();
/// }
/// assert_eq!(r.try_iter().count(), 1000);
/// ```
#[doc(alias = "chan")]
#[doc(alias = "make")]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    let (s, r) = counted(Blocks::vacant(), usize::MAX);
    (
        Sender::new(sender::Flavor::List(s)),
        Receiver::new(receiver::Flavor::List(r)),
    )
}

type Counted<B> = (counter::Sender<Channel<B>>, counter::Receiver<Channel<B>>);

fn counted<B: Buffer>(buffer: B, capacity: usize) -> Counted<B> {
    counter::new(Channel::new(buffer, capacity))
}
