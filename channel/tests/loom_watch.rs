//! Models of `ready`, run as `loom` is: no wake-up is lost, and those who watch leave no trace.

#![cfg(loom)]

#[path = "common/model.rs"]
#[allow(dead_code, reason = "each model program uses a part of it")]
mod model;

use hueless_channel::{Receiver, Select, Sender, TryRecvError, bounded, select, unbounded};
use loom::thread;
use model::{LATER, Watched, model, read, undo, watched};

fn channel(capacity: Option<usize>) -> (Sender<Watched>, Receiver<Watched>) {
    capacity.map_or_else(unbounded, bounded)
}

const CAPACITIES: [Option<usize>; 3] = [Some(0), Some(1), None];

/// Watches until there is a message, or none will come.
fn watch(r: &Receiver<Watched>) -> Option<usize> {
    let mut list = Select::new();
    list.recv(r);
    loop {
        list.ready();
        match r.try_recv() {
            Ok(msg) => return Some(read(&msg)),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
    }
}

#[test]
fn watching_races_send() {
    for capacity in CAPACITIES {
        model(move || {
            let (s, r) = channel(capacity);
            let sender = thread::spawn(move || s.send(watched(1)).unwrap());
            assert_eq!(watch(&r), Some(1));
            sender.join().unwrap();
        });
    }
}

#[test]
fn watching_races_a_late_send() {
    for capacity in CAPACITIES {
        model(move || {
            let (s, r) = channel(capacity);
            let sender = thread::spawn(move || {
                select! { send(s, watched(1)) -> res => assert!(res.is_ok()) }
            });
            assert_eq!(watch(&r), Some(1));
            sender.join().unwrap();
        });
    }
}

#[test]
fn watching_races_a_message_that_comes_back() {
    for capacity in [Some(1), None] {
        model(move || {
            let (s, r) = channel(capacity);
            s.send(watched(1)).unwrap();
            let mut list = Select::new();
            list.recv(&r);
            let operation = list.select();
            let other = r.clone();
            let watching = thread::spawn(move || watch(&other));
            undo(operation);
            assert_eq!(watching.join().unwrap(), Some(1));
        });
    }
}

#[test]
fn watching_races_a_receiver_that_begins_to_wait() {
    model(|| {
        let (s, r) = bounded(0);
        let receiver = thread::spawn(move || read(&r.recv().unwrap()));
        let mut list = Select::new();
        list.send(&s);
        list.ready();
        // The only sender, and the receiver waits for as long as it takes.
        assert!(s.try_send(watched(1)).is_ok());
        assert_eq!(receiver.join().unwrap(), 1);
    });
}

#[test]
fn watching_races_a_select_that_begins_to_wait() {
    model(|| {
        let (s, r) = bounded(0);
        let (_s2, r2) = bounded::<()>(0);
        let receiver = thread::spawn(move || {
            select! {
                recv(r) -> msg => read(&msg.unwrap()),
                recv(r2) -> _ => unreachable!(),
            }
        });
        let mut list = Select::new();
        list.send(&s);
        list.ready();
        assert!(s.try_send(watched(1)).is_ok());
        assert_eq!(receiver.join().unwrap(), 1);
    });
}

#[test]
fn watching_races_room() {
    model(|| {
        let (s, r) = bounded(1);
        s.send(watched(1)).unwrap();
        let receiver = thread::spawn(move || {
            let first = read(&r.recv().unwrap());
            (first, r)
        });
        let mut list = Select::new();
        list.send(&s);
        list.ready();
        assert!(s.try_send(watched(2)).is_ok());
        let (first, r) = receiver.join().unwrap();
        assert_eq!((first, read(&r.recv().unwrap())), (1, 2));
    });
}

#[test]
fn watching_races_the_end() {
    for capacity in CAPACITIES {
        model(move || {
            let (s, r) = channel(capacity);
            let dropping = thread::spawn(move || drop(s));
            assert_eq!(watch(&r), None);
            dropping.join().unwrap();
        });
        model(move || {
            let (s, r) = channel(capacity);
            let closing = thread::spawn(move || drop(s.close()));
            assert_eq!(watch(&r), None);
            closing.join().unwrap();
        });
    }
    model(|| {
        let (s, r) = bounded(0);
        let dropping = thread::spawn(move || drop(r));
        let mut list = Select::new();
        list.send(&s);
        list.ready();
        assert!(
            s.try_send(watched(1))
                .is_err_and(|err| err.is_disconnected())
        );
        dropping.join().unwrap();
    });
}

/// Two watch for one message; the one who does not get it learns of the end.
#[test]
fn two_watch() {
    for capacity in [Some(1), None] {
        model(move || {
            let (s, r) = channel(capacity);
            let other = r.clone();
            let watching = thread::spawn(move || watch(&other));
            let sender = thread::spawn(move || s.send(watched(1)).unwrap());
            let mine = watch(&r);
            let other = watching.join().unwrap();
            assert!((mine, other) == (Some(1), None) || (mine, other) == (None, Some(1)));
            sender.join().unwrap();
        });
    }
}

/// Whoever watches for a while makes both sides take the slow paths; nothing else.
#[test]
fn a_watch_beside_both_sides() {
    for capacity in [Some(1), None] {
        model(move || {
            let (s, r) = channel(capacity);
            let sender = thread::spawn(move || {
                s.send(watched(1)).unwrap();
                s.send(watched(2)).unwrap();
            });
            let other = r.clone();
            let watching = thread::spawn(move || {
                let mut list = Select::new();
                list.recv(&other);
                let _ = list.ready_timeout(LATER);
            });
            assert_eq!(read(&r.recv().unwrap()), 1);
            assert_eq!(read(&r.recv().unwrap()), 2);
            watching.join().unwrap();
            sender.join().unwrap();
            assert!(r.is_empty() && r.recv().is_err());
        });
    }
}

#[test]
fn a_watch_that_gives_up_races_send() {
    for capacity in CAPACITIES {
        model(move || {
            let (s, r) = channel(capacity);
            let sender = thread::spawn(move || s.send(watched(1)).is_ok());
            let mut list = Select::new();
            list.recv(&r);
            let _ = list.ready_timeout(LATER);
            // By the path that is not taken while somebody watches.
            assert_eq!(read(&r.recv().unwrap()), 1);
            assert!(sender.join().unwrap());
        });
    }
}
