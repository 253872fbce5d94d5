//! Watch channels without anybody at the same time: what exactly comes of each operation.

use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use hueless_channel::watch::Sender;
use hueless_channel::{RecvError, SendError, TryRecvError, watch};

#[test]
fn the_first_value_has_been_seen() {
    let (tx, rx) = watch("first");
    assert!(!rx.has_changed());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.get(), "first");
    tx.send("second").unwrap();
    let (twin, late) = (rx.clone(), tx.subscribe());
    assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(
        (rx.try_recv(), twin.try_recv()),
        (Ok("second"), Ok("second"))
    );
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn the_last_value_is_received_after_the_end() {
    for end in [drop, |tx: Sender<_>| tx.close()] {
        let (tx, rx) = watch(0);
        let seen = rx.clone();
        tx.send(1).unwrap();
        assert_eq!(seen.recv(), Ok(1));
        end(tx);
        assert_eq!(rx.recv(), Ok(1));
        for rx in [rx, seen] {
            assert_eq!(rx.recv(), Err(RecvError));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
            assert_eq!(rx.wait_for(|value| *value == 1), Ok(1));
            assert_eq!(rx.wait_for(|value| *value == 2), Err(RecvError));
        }
    }
}

#[test]
fn sends_fail_only_as_long_as_nobody_receives() {
    let (tx, rx) = watch(0);
    drop(rx);
    assert_eq!(tx.send(1), Err(SendError(1)));
    assert_eq!(*tx.borrow(), 0);
    assert!(tx.send_modify(|value| *value = 2));
    let rx = tx.subscribe();
    assert_eq!(rx.get(), 2);
    tx.send(3).unwrap();
    assert_eq!(rx.recv(), Ok(3));
}

/// Panics when cloned, if asked to.
struct Fragile(bool);
impl Clone for Fragile {
    fn clone(&self) -> Self {
        if self.0 {
            resume_unwind(Box::new("quiet"));
        }
        Self(false)
    }
}

#[test]
fn clones_may_panic() {
    let (tx, rx) = watch(Fragile(true));
    let quiet = |f: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    quiet(&mut || {
        rx.get();
    });
    quiet(&mut || assert!(tx.send_modify(|_| ())));
    quiet(&mut || assert!(tx.send_modify(|_| ())));
    assert!(tx.send(Fragile(true)).is_ok());
    quiet(&mut || drop(rx.recv()));
    assert!(rx.try_recv().is_err(), "that was it");
    tx.send(Fragile(false)).unwrap();
    assert!(rx.recv().is_ok() && tx.send_modify(|_| ()));
}

#[test]
fn handles_are_what_they_should_be() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe + Clone + std::fmt::Debug>(_: &T) {}
    let (tx, rx) = watch(Arc::new(AtomicUsize::new(0)));
    check(&tx);
    check(&rx);
    // Without `Debug` of the values.
    let (tx, rx) = watch((|| ()) as fn());
    assert_eq!(format!("{tx:?} {rx:?}"), "Sender { .. } Receiver { .. }");
    let (_tx, rx) = watch(5);
    assert_eq!(format!("{:?} {}", rx.borrow(), rx.borrow()), "5 5");
}

/// A value whose drop modifies the value that it was to become.
#[derive(Clone)]
struct Nested(u32, Option<watch::Sender<Nested>>);

impl Drop for Nested {
    fn drop(&mut self) {
        if self.0 == 7
            && let Some(tx) = self.1.take()
        {
            tx.send_modify(|value| value.0 = 8);
        }
    }
}

/// The turn to modify has been passed on before what comes of it is dropped.
#[test]
fn the_drop_of_a_value_that_is_not_published_may_modify() {
    let (tx, rx) = watch(Nested(0, None));
    let other = tx.clone();
    assert!(tx.send_modify(|value| {
        *value = Nested(7, Some(other.clone()));
        // Later than what this one comes to, which is superseded.
        assert!(other.send(Nested(3, None)).is_ok());
    }));
    assert_eq!(rx.borrow().0, 8);

    let other = tx.clone();
    tx.send_if_modified(|value| {
        *value = Nested(7, Some(other.clone()));
        value.0 = 7;
        false
    });
    assert_eq!(rx.borrow().0, 8);
}
