//! Models of broadcast and watch channels under loom.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release -p hueless-channel --test loom_fanout
//! ```

#![cfg(loom)]

use std::sync::Arc;
use std::time::Duration;

use hueless_channel::broadcast::{Lagged, RecvError, RecvTimeoutError};
use hueless_channel::{SendError, bounded, broadcast, select, watch};
use loom::thread;

/// A deadline that has passed by the time an operation parks: in a model, time passes at once.
const LATER: Duration = Duration::from_nanos(1);

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // `LOOM_MAX_PREEMPTIONS` takes precedence.
    builder.preemption_bound.get_or_insert(3);
    builder.max_branches = 10_000;
    builder.check(f);
}

/// A message whose memory loom watches: cloned by several at a time, dropped by one.
struct Watched {
    value: loom::cell::UnsafeCell<usize>,
    alive: Arc<()>,
}

// SAFETY: what happens at the same time is a clone, which only reads; loom says if that is wrong.
unsafe impl Sync for Watched {}

impl Watched {
    fn new(value: usize, alive: &Arc<()>) -> Self {
        Self {
            value: loom::cell::UnsafeCell::new(value),
            alive: alive.clone(),
        }
    }

    /// Takes the value, as its only owner.
    fn open(self) -> usize {
        // SAFETY: this is the only owner; loom says if that is wrong.
        self.value.with_mut(|value| unsafe { *value })
    }
}

impl Clone for Watched {
    fn clone(&self) -> Self {
        // SAFETY: nobody writes while others clone; loom says if that is wrong.
        Self::new(self.value.with(|value| unsafe { *value }), &self.alive)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.value.with_mut(|_| ());
    }
}

#[test]
fn broadcast_hands_over() {
    model(|| {
        let alive = Arc::new(());
        let (tx, rx) = broadcast(2);
        let ours = alive.clone();
        let sender = thread::spawn(move || {
            assert!(tx.send(Watched::new(1, &ours)).is_ok());
            assert!(tx.send(Watched::new(2, &ours)).is_ok());
        });
        assert_eq!(rx.recv().map(Watched::open), Ok(1));
        assert_eq!(rx.recv().map(Watched::open), Ok(2));
        assert_eq!(rx.recv().map(Watched::open), Err(RecvError::Disconnected));
        sender.join().unwrap();
        drop(rx);
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn broadcast_to_two_who_wait() {
    model(|| {
        let alive = Arc::new(());
        let (tx, rx) = broadcast(1);
        let receivers = [rx.clone(), rx]
            .map(|rx| thread::spawn(move || assert_eq!(rx.recv().map(Watched::open), Ok(1))));
        assert!(
            tx.send(Watched::new(1, &alive))
                .is_ok_and(|count| count == 2)
        );
        for receiver in receivers {
            receiver.join().unwrap();
        }
        assert_eq!((Arc::strong_count(&alive), tx.len()), (1, 0));
    });
}

/// One receiver opens a message while another one leaves with it.
#[test]
fn broadcast_last_holders_let_go() {
    model(|| {
        let alive = Arc::new(());
        let (tx, rx) = broadcast(1);
        tx.send(Watched::new(1, &alive)).unwrap_or_default();
        let other = rx.clone();
        let leaver = thread::spawn(move || drop(other));
        assert_eq!(rx.recv().map(Watched::open), Ok(1));
        leaver.join().unwrap();
        assert_eq!((Arc::strong_count(&alive), tx.len()), (1, 0));
        // The memory is there for the next one.
        tx.send(Watched::new(2, &alive)).unwrap_or_default();
        assert_eq!(rx.recv().map(Watched::open), Ok(2));
    });
}

#[test]
fn broadcast_overwrites_what_is_being_received() {
    model(|| {
        let alive = Arc::new(());
        let (tx, rx) = broadcast(1);
        tx.send(Watched::new(0, &alive)).unwrap_or_default();
        let ours = alive.clone();
        let sender = thread::spawn(move || {
            for n in 1..3 {
                assert!(tx.send(Watched::new(n, &ours)).is_ok());
            }
        });
        let mut next = 0;
        for received in &rx {
            match received {
                Ok(msg) => {
                    assert_eq!(msg.open(), next);
                    next += 1;
                }
                Err(Lagged(missed)) => next += missed as usize,
            }
        }
        assert_eq!(next, 3);
        sender.join().unwrap();
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn broadcast_disconnect_races_receive() {
    model(|| {
        let (tx, rx) = broadcast::<u8>(1);
        let receiver = thread::spawn(move || assert_eq!(rx.recv(), Err(RecvError::Disconnected)));
        let other = tx.clone();
        let dropper = thread::spawn(move || drop(other));
        drop(tx);
        receiver.join().unwrap();
        dropper.join().unwrap();
    });
}

#[test]
fn broadcast_close_races_receive_and_send() {
    model(|| {
        let (tx, rx) = broadcast(1);
        let closer = tx.clone();
        let sender = thread::spawn(move || tx.send(1));
        let closing = thread::spawn(move || closer.close());
        let received = rx.recv();
        match sender.join().unwrap() {
            Ok(count) => assert_eq!((count, received), (1, Ok(1))),
            Err(err) => {
                assert_eq!(err, SendError(1));
                assert_eq!(received, Err(RecvError::Disconnected));
            }
        }
        closing.join().unwrap();
    });
}

#[test]
fn broadcast_deadline_races_send() {
    model(|| {
        let (tx, rx) = broadcast(1);
        let sender = thread::spawn(move || assert_eq!(tx.send(1), Ok(1)));
        match rx.recv_timeout(LATER) {
            Ok(msg) => assert_eq!(msg, 1),
            Err(err) => {
                assert_eq!(err, RecvTimeoutError::Timeout);
                assert_eq!(rx.recv(), Ok(1), "not lost");
            }
        }
        assert_eq!(rx.recv(), Err(RecvError::Disconnected));
        sender.join().unwrap();
    });
}

/// Both wait with one cursor, both are woken, and one of them waits again.
#[test]
fn broadcast_shared_receiver() {
    model(|| {
        let (tx, rx) = broadcast(2);
        let rx = Arc::new(rx);
        let other = rx.clone();
        let receiver = thread::spawn(move || other.recv());
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        let ours = rx.recv().unwrap();
        let theirs = receiver.join().unwrap().unwrap();
        assert!((ours, theirs) == (1, 2) || (ours, theirs) == (2, 1));
    });
}

#[test]
fn select_waits_for_broadcast_and_channel() {
    model(|| {
        let (tx, rx) = broadcast(1);
        let (s, r) = bounded(0);
        let senders = [
            thread::spawn(move || assert_eq!(tx.send(1), Ok(1))),
            thread::spawn(move || assert_eq!(s.send(2), Ok(()))),
        ];
        let (mut first, mut second) = (false, false);
        while !(first && second) {
            select! {
                recv(rx) -> msg => match msg {
                    Ok(n) => {
                        assert_eq!((n, first), (1, false));
                        first = true;
                    }
                    Err(RecvError::Lagged(_)) => panic!("there was room"),
                    Err(RecvError::Disconnected) => {
                        assert!(first);
                        assert_eq!(r.recv(), Ok(2));
                        second = true;
                    }
                },
                recv(r) -> msg => match msg {
                    Ok(n) => {
                        assert_eq!((n, second), (2, false));
                        second = true;
                    }
                    Err(_) => {
                        assert!(second);
                        assert_eq!(rx.recv(), Ok(1));
                        first = true;
                    }
                },
            }
        }
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

#[test]
fn watch_hands_over() {
    model(|| {
        let alive = Arc::new(());
        let (tx, rx) = watch(Watched::new(0, &alive));
        let ours = alive.clone();
        let sender = thread::spawn(move || {
            assert!(tx.send(Watched::new(1, &ours)).is_ok());
            assert!(tx.send(Watched::new(2, &ours)).is_ok());
        });
        let look = rx.borrow();
        let mut last = 0;
        for value in &rx {
            let value = value.open();
            assert!(value > last);
            last = value;
        }
        assert_eq!(last, 2);
        drop(look);
        sender.join().unwrap();
        drop(rx);
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn watch_disconnect_races_receive() {
    model(|| {
        let (tx, rx) = watch(0);
        let receiver = thread::spawn(move || rx.recv());
        drop(tx);
        assert!(receiver.join().unwrap().is_err());
    });
}

#[test]
fn watch_modifiers_take_turns() {
    model(|| {
        let (tx, rx) = watch(0);
        let modifiers = [tx.clone(), tx]
            .map(|tx| thread::spawn(move || assert!(tx.send_modify(|value| *value += 1))));
        for modifier in modifiers {
            modifier.join().unwrap();
        }
        assert_eq!((rx.recv(), rx.try_recv().is_err()), (Ok(2), true));
    });
}

#[test]
fn watch_send_races_modification() {
    model(|| {
        let (tx, rx) = watch(0);
        let sender = tx.clone();
        let other = thread::spawn(move || sender.send(10).unwrap());
        assert!(tx.send_modify(|value| *value += 1));
        other.join().unwrap();
        let last = rx.recv();
        assert!(last == Ok(10) || last == Ok(11), "one after the other");
    });
}

#[test]
fn select_waits_for_watch() {
    model(|| {
        let (tx, rx) = watch(0);
        let (_s, r) = bounded::<()>(0);
        let sender = thread::spawn(move || tx.send(1).unwrap());
        select! {
            recv(rx) -> value => assert_eq!(value, Ok(1)),
            recv(r) -> _ => panic!("nothing was sent"),
        }
        sender.join().unwrap();
    });
}
