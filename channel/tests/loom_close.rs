//! Models of `close`, run as `loom` is.

#![cfg(loom)]

#[path = "common/model.rs"]
#[allow(dead_code, reason = "each model program uses a part of it")]
mod model;

use std::sync::Arc;

use hueless_channel::{Receiver, RecvError, Select, Sender, bounded, select, unbounded};
use loom::thread;
use model::{LATER, Watched, model, read, watched};

fn channel(capacity: Option<usize>) -> (Sender<Watched>, Receiver<Watched>) {
    capacity.map_or_else(unbounded, bounded)
}

const CAPACITIES: [Option<usize>; 3] = [Some(0), Some(1), None];

#[test]
fn close_races_receive() {
    for capacity in CAPACITIES {
        model(move || {
            let (s, r) = channel(capacity);
            let receiver = thread::spawn(move || assert_eq!(r.recv().err(), Some(RecvError)));
            assert!(s.close().next().is_none());
            receiver.join().unwrap();
        });
    }
}

/// What was sent is drained, what was not comes back.
#[test]
fn close_races_send() {
    for capacity in CAPACITIES {
        model(move || {
            let (s, r) = channel(capacity);
            let msg = watched(1);
            let ours = msg.clone();
            let sender = thread::spawn(move || s.send(msg).map_err(|err| read(&err.0)));
            let drained = r.close().map(|msg| read(&msg)).sum::<usize>();
            match sender.join().unwrap() {
                Ok(()) => assert_eq!(drained, 1),
                Err(back) => assert_eq!((drained, back), (0, 1)),
            }
            assert_eq!(r.recv().err(), Some(RecvError));
            assert_eq!(Arc::strong_count(&ours), 1);
        });
    }
}

/// A sender waits for room when the close comes: its message comes back, or went before.
#[test]
fn close_races_a_send_that_waits() {
    model(|| {
        let (s, r) = bounded(1);
        s.send(watched(1)).unwrap();
        let sender = thread::spawn(move || s.send(watched(2)).is_ok());
        let first = r.recv().map(|msg| read(&msg));
        let rest = r.close().map(|msg| read(&msg)).sum::<usize>();
        assert_eq!(first, Ok(1));
        assert_eq!(rest, if sender.join().unwrap() { 2 } else { 0 });
        assert!(r.try_recv().is_err());
    });
}

#[test]
fn close_races_a_reserved_send() {
    for capacity in [Some(1), None] {
        model(move || {
            let (s, r) = channel(capacity);
            let sender = thread::spawn(move || {
                select! { send(s, watched(1)) -> res => res.is_ok() }
            });
            let drained = r.close().count();
            let sent = sender.join().unwrap();
            assert_eq!(drained, usize::from(sent));
            assert!(r.is_empty() && r.recv().is_err());
        });
    }
}

#[test]
fn close_races_a_reservation_that_is_given_up() {
    model(|| {
        let (s, r) = bounded::<Watched>(1);
        let closer = s.clone();
        let closing = thread::spawn(move || drop(closer.close()));
        let mut list = Select::new();
        list.send(&s);
        model::undo(list.select());
        closing.join().unwrap();
        assert!(
            s.try_send(watched(1))
                .is_err_and(|err| err.is_disconnected())
        );
        assert!(r.is_empty());
    });
}

/// On a rendezvous channel sender and receiver agree, whatever the close does.
#[test]
fn close_races_a_hand_off() {
    model(|| {
        let (s, r) = bounded(0);
        let closer = s.clone();
        let sender = thread::spawn(move || s.send(watched(1)).is_ok());
        let closing = thread::spawn(move || assert!(closer.close().next().is_none()));
        let received = r.recv().is_ok_and(|msg| read(&msg) == 1);
        assert_eq!(sender.join().unwrap(), received);
        closing.join().unwrap();
    });
}

#[test]
fn close_races_a_late_hand_off() {
    model(|| {
        let (s, r) = bounded(0);
        let receiver = thread::spawn(move || r.recv().is_ok_and(|msg| read(&msg) == 1));
        let closer = s.clone();
        let closing = thread::spawn(move || drop(closer.close()));
        let sent = select! { send(s, watched(1)) -> res => res.is_ok() };
        assert_eq!(receiver.join().unwrap(), sent);
        closing.join().unwrap();
    });
}

#[test]
fn close_races_deadlines() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded(capacity);
            let other = r.clone();
            let sender = thread::spawn(move || s.send_timeout(watched(1), LATER).is_ok());
            let closing = thread::spawn(move || other.close().count());
            let received = usize::from(r.recv_timeout(LATER).is_ok());
            let drained = closing.join().unwrap();
            let sent = usize::from(sender.join().unwrap());
            let left = r.try_iter().count();
            assert_eq!(received + drained + left, sent);
        });
    }
}

#[test]
fn both_ends_close() {
    model(|| {
        let (s, r) = unbounded();
        let (one, two) = (watched(1), watched(2));
        s.send(one.clone()).unwrap();
        s.send(two.clone()).unwrap();
        let other = thread::spawn(move || s.close().map(|msg| read(&msg)).sum::<usize>());
        let mine = r.close().map(|msg| read(&msg)).sum::<usize>();
        assert_eq!(mine + other.join().unwrap(), 3);
        assert_eq!((Arc::strong_count(&one), Arc::strong_count(&two)), (1, 1));
    });
}

/// A sender drains what it has closed while the last receiver goes.
#[test]
fn a_drain_races_the_last_receiver() {
    for capacity in [Some(2), None] {
        model(move || {
            let (s, r) = channel(capacity);
            let msg = watched(1);
            s.send(msg.clone()).unwrap();
            let dropping = thread::spawn(move || drop(r));
            assert!(s.close().map(|msg| read(&msg)).sum::<usize>() <= 1);
            dropping.join().unwrap();
            assert_eq!(Arc::strong_count(&msg), 1);
        });
    }
}
