//! The errors' texts and conversions, which are crossbeam-channel's.

use std::error::Error;
use std::panic::{RefUnwindSafe, UnwindSafe};

use hueless_channel::{
    IntoIter, Iter, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender,
    TryIter, TryRecvError, TrySendError, bounded, unbounded,
};

/// A message without any traits.
struct Plain;

fn texts(error: &dyn Error) -> (String, String) {
    (error.to_string(), format!("{error:?}"))
}

#[test]
fn texts_are_as_documented() {
    let of = |display: &str, debug: &str| (display.to_owned(), debug.to_owned());
    let gone = "sending on a disconnected channel";
    assert_eq!(texts(&SendError(Plain)), of(gone, "SendError(..)"));
    assert_eq!(
        texts(&TrySendError::Full(Plain)),
        of("sending on a full channel", "Full(..)"),
    );
    assert_eq!(
        texts(&TrySendError::Disconnected(Plain)),
        of(gone, "Disconnected(..)"),
    );
    assert_eq!(
        texts(&SendTimeoutError::Timeout(Plain)),
        of(
            "timed out waiting on send operation",
            "SendTimeoutError(..)"
        ),
    );
    assert_eq!(
        texts(&SendTimeoutError::Disconnected(Plain)),
        of(gone, "SendTimeoutError(..)"),
    );
    let empty_and_gone = "receiving on an empty and disconnected channel";
    assert_eq!(texts(&RecvError), of(empty_and_gone, "RecvError"));
    assert_eq!(
        texts(&TryRecvError::Empty),
        of("receiving on an empty channel", "Empty"),
    );
    assert_eq!(
        texts(&TryRecvError::Disconnected),
        of(empty_and_gone, "Disconnected"),
    );
    assert_eq!(
        texts(&RecvTimeoutError::Timeout),
        of("timed out waiting on receive operation", "Timeout"),
    );
    assert_eq!(
        texts(&RecvTimeoutError::Disconnected),
        of("channel is empty and disconnected", "Disconnected"),
    );
}

#[test]
fn texts_are_padded() {
    assert_eq!(format!("{:>15?}", SendError(1)), "  SendError(..)");
    let (s, r) = unbounded::<i32>();
    assert_eq!(format!("{s:?} {r:?}"), "Sender { .. } Receiver { .. }");
    assert_eq!(
        format!("{:?} {:?}", r.iter(), r.try_iter()),
        "Iter { .. } TryIter { .. }"
    );
    assert_eq!(format!("{:?}", r.into_iter()), "IntoIter { .. }");
    drop(s);
}

#[test]
fn conversions() {
    assert_eq!(
        TrySendError::from(SendError(1)),
        TrySendError::Disconnected(1)
    );
    assert_eq!(
        SendTimeoutError::from(SendError(1)),
        SendTimeoutError::Disconnected(1)
    );
    assert_eq!(TryRecvError::from(RecvError), TryRecvError::Disconnected);
    assert_eq!(
        RecvTimeoutError::from(RecvError),
        RecvTimeoutError::Disconnected
    );
}

#[test]
fn handles_have_the_usual_traits() {
    fn shared<T: Send + Sync + Clone + std::fmt::Debug + UnwindSafe + RefUnwindSafe + 'static>() {}
    fn sent<T: Send + std::fmt::Debug>() {}
    // Messages need only be `Send`, for both.
    shared::<Sender<std::cell::Cell<i32>>>();
    shared::<Receiver<std::cell::Cell<i32>>>();
    sent::<Iter<'_, std::cell::Cell<i32>>>();
    sent::<TryIter<'_, std::cell::Cell<i32>>>();
    sent::<IntoIter<std::cell::Cell<i32>>>();
}

#[test]
fn capacity_that_cannot_exist_panics() {
    assert!(std::panic::catch_unwind(|| bounded::<u64>(usize::MAX / 2)).is_err());
}
