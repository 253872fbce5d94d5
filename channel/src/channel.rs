//! How channels come into being.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::counter;
use crate::exchange::Channel;
use crate::flavors::{Blocks, Buffer, Rendezvous, Ring, Timer};
use crate::loom::now;
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

/// Creates a channel that delivers one message after `duration`: the instant at which it was due.
///
/// Made for a time limit in [`select!`](crate::select!). Nothing runs in the background, and nothing
/// is left behind when the receiver is dropped: whoever receives waits for the clock. Clones of the
/// receiver share the one message. If `duration` is beyond what the clock can tell, the message
/// never comes. Never blocks.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use hueless_channel::{after, select, unbounded};
///
/// let (_s, r) = unbounded::<i32>();
/// select! {
///     recv(r) -> msg => panic!("{msg:?} from nowhere"),
///     recv(after(Duration::from_millis(5))) -> _ => println!("timed out"),
/// }
/// ```
#[doc(alias = "timeout")]
pub fn after(duration: Duration) -> Receiver<Instant> {
    now().checked_add(duration).map_or_else(never, at)
}

/// Creates a channel that delivers one message at `when`: that instant.
///
/// As [`after`] otherwise. An instant in the past is due at once.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use hueless_channel::at;
///
/// let when = Instant::now() + Duration::from_millis(5);
/// let r = at(when);
/// assert!(r.try_recv().is_err());
/// assert_eq!(r.recv(), Ok(when));
/// assert!(Instant::now() >= when);
/// ```
#[doc(alias = "deadline")]
pub fn at(when: Instant) -> Receiver<Instant> {
    Receiver::new(receiver::Flavor::Timer(Arc::new(Timer::once(when))))
}

/// Creates a channel that delivers a message after each `duration`: the instant at which it was
/// due.
///
/// It holds one message at most. If one is received late, the next one is due a full `duration`
/// after that: what was missed does not come in a burst. A receiver that keeps up gets them exactly
/// `duration` apart. Nothing runs in the background; clones of the receiver share the messages. If
/// `duration` is beyond what the clock can tell, no message ever comes. Never blocks.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use hueless_channel::tick;
///
/// let start = Instant::now();
/// let ticks = tick(Duration::from_millis(5));
/// for _ in 0..3 {
///     ticks.recv().unwrap();
/// }
/// assert!(start.elapsed() >= Duration::from_millis(15));
/// ```
#[doc(alias = "interval")]
#[doc(alias = "Ticker")]
pub fn tick(duration: Duration) -> Receiver<Instant> {
    let Some(first) = now().checked_add(duration) else {
        return never();
    };
    let timer = Timer::periodic(first, duration);
    Receiver::new(receiver::Flavor::Timer(Arc::new(timer)))
}

/// Creates a channel that never delivers a message and never disconnects.
///
/// Made for a case of [`select!`](crate::select!) that may be left out. Never blocks, and takes no
/// memory.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use hueless_channel::{after, never, select, unbounded};
///
/// fn first<T>(r: &hueless_channel::Receiver<T>, limit: Option<Duration>) -> Option<T> {
///     let time_is_up = limit.map_or_else(never, after);
///     select! {
///         recv(r) -> msg => msg.ok(),
///         recv(time_is_up) -> _ => None,
///     }
/// }
///
/// let (s, r) = unbounded();
/// assert_eq!(first(&r, Some(Duration::from_millis(1))), None);
/// s.send(1).unwrap();
/// assert_eq!(first(&r, None), Some(1));
/// ```
pub const fn never<T>() -> Receiver<T> {
    Receiver::new(receiver::Flavor::Never)
}

type Counted<B> = (counter::Sender<Channel<B>>, counter::Receiver<Channel<B>>);

fn counted<B: Buffer>(buffer: B, capacity: usize) -> Counted<B> {
    counter::new(Channel::new(buffer, capacity))
}
