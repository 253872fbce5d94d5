//! Models of operations that are selected and not completed, run as `loom` is.

#![cfg(loom)]

#[path = "common/model.rs"]
#[allow(dead_code, reason = "each model program uses a part of it")]
mod model;

use std::sync::Arc;

use hueless_channel::{
    Receiver, RecvError, Select, Sender, TryRecvError, bounded, select, unbounded,
};
use loom::thread;
use model::{LATER, Watched, model, read, undo, watched};

fn channel(capacity: Option<usize>) -> (Sender<Watched>, Receiver<Watched>) {
    capacity.map_or_else(unbounded, bounded)
}

/// Selects a receive and gives the message back while `other` does something with the channel.
fn give_back_beside<T: 'static>(
    capacity: Option<usize>,
    other: impl FnOnce(Sender<Watched>, Receiver<Watched>) -> T + Send + 'static,
) -> (Receiver<Watched>, T) {
    let (s, r) = channel(capacity);
    s.send(watched(1)).unwrap();
    let operand = r.clone();
    {
        let mut list = Select::new();
        list.recv(&r);
        let operation = list.select();
        let other = thread::spawn(move || other(s, operand));
        undo(operation);
        let result = other.join().unwrap();
        drop(list);
        (r.clone(), result)
    }
}

const CAPACITIES: [Option<usize>; 2] = [Some(1), None];

#[test]
fn given_back_to_a_receiver_that_begins_to_wait() {
    for capacity in CAPACITIES {
        model(move || {
            let (r, (got, _s)) = give_back_beside(capacity, |s, r| (read(&r.recv().unwrap()), s));
            assert_eq!(got, 1);
            assert!(matches!(r.try_recv(), Err(TryRecvError::Empty)));
        });
    }
}

#[test]
fn given_back_to_a_receiver_whose_time_is_up() {
    for capacity in CAPACITIES {
        model(move || {
            let (r, got) = give_back_beside(capacity, |_s, r| match r.recv_timeout(LATER) {
                Ok(msg) => read(&msg),
                Err(_) => 0,
            });
            let left = r.try_iter().map(|msg| read(&msg)).sum::<usize>();
            assert_eq!(got + left, 1, "lost or doubled");
        });
    }
}

#[test]
fn given_back_to_a_select_that_begins_to_wait() {
    model(|| {
        let (_r, (got, _s)) = give_back_beside(Some(1), |s, r| {
            let (_s2, nothing) = bounded::<()>(0);
            let got = select! {
                recv(nothing) -> _ => unreachable!(),
                recv(r) -> msg => read(&msg.unwrap()),
            };
            (got, s)
        });
        assert_eq!(got, 1);
    });
}

#[test]
fn given_back_as_the_senders_go() {
    for capacity in CAPACITIES {
        model(move || {
            let (r, ()) = give_back_beside(capacity, |s, _r| drop(s));
            assert_eq!(read(&r.recv().unwrap()), 1);
            assert_eq!(r.recv().err(), Some(RecvError));
        });
    }
}

#[test]
fn given_back_as_the_channel_is_closed() {
    for capacity in CAPACITIES {
        model(move || {
            let (r, drained) = give_back_beside(capacity, |s, _r| s.close().count());
            let left = r.iter().count();
            assert_eq!(drained + left, 1);
        });
    }
}

#[test]
fn given_back_before_what_was_sent_since() {
    for capacity in CAPACITIES {
        model(move || {
            let (r, ()) = give_back_beside(capacity, |s, _r| s.send(watched(2)).unwrap());
            assert_eq!((r.len(), read(&r.recv().unwrap())), (2, 1));
            assert_eq!(read(&r.recv().unwrap()), 2);
            assert!(r.recv().is_err());
        });
    }
}

/// A rendezvous: the sender has gone on, and its message stays.
#[test]
fn a_rendezvous_message_that_is_given_back() {
    model(|| {
        let (s, r) = bounded(0);
        let msg = watched(1);
        let ours = msg.clone();
        let sender = thread::spawn(move || s.send(msg).unwrap());
        {
            let mut list = Select::new();
            list.recv(&r);
            undo(list.select());
        }
        sender.join().unwrap();
        assert_eq!(r.len(), 1);
        assert_eq!(read(&r.recv().unwrap()), 1);
        assert!(r.recv().is_err());
        assert_eq!(Arc::strong_count(&ours), 1);
    });
}

#[test]
fn a_reserved_slot_that_is_given_up_races_a_sender() {
    model(|| {
        let (s, r) = bounded(1);
        let other = s.clone();
        {
            let mut list = Select::new();
            list.send(&s);
            let operation = list.select();
            let sender = thread::spawn(move || other.send(watched(1)).unwrap());
            undo(operation);
            sender.join().unwrap();
        }
        assert_eq!(read(&r.try_recv().unwrap()), 1);
        assert!(s.try_send(watched(2)).is_ok());
    });
}

#[test]
fn a_promised_receiver_that_is_sent_back() {
    model(|| {
        let (s, r) = bounded(0);
        let receiver = thread::spawn(move || read(&r.recv().unwrap()));
        {
            let mut list = Select::new();
            list.send(&s);
            undo(list.select());
        }
        s.send(watched(1)).unwrap();
        assert_eq!(receiver.join().unwrap(), 1);
    });
}

#[test]
fn a_promised_receiver_whose_time_is_up_is_sent_back() {
    model(|| {
        let (s, r) = bounded::<Watched>(0);
        let receiver = thread::spawn(move || r.recv_timeout(LATER).is_ok());
        let sent = {
            let mut list = Select::new();
            list.send(&s);
            if let Ok(operation) = list.select_timeout(LATER) {
                undo(operation);
            }
            s.send_timeout(watched(1), LATER).is_ok()
        };
        assert_eq!(receiver.join().unwrap(), sent);
    });
}

#[test]
fn two_lists_meet() {
    model(|| {
        let (s, r) = bounded(0);
        let other = thread::spawn(move || {
            let mut list = Select::new();
            list.send(&s);
            list.select().send(&s, watched(1)).unwrap();
        });
        let mut list = Select::new();
        list.recv(&r);
        assert_eq!(read(&list.select().recv(&r).unwrap()), 1);
        other.join().unwrap();
    });
}

/// A message that another receiver takes as it comes back, beside a sender of a second one.
#[test]
fn given_back_among_three() {
    model(|| {
        let (s, r) = bounded(1);
        s.send(watched(1)).unwrap();
        let other = r.clone();
        let sum = {
            let mut list = Select::new();
            list.recv(&r);
            let operation = list.select();
            let sender = thread::spawn(move || s.send(watched(2)).unwrap());
            let receiver = thread::spawn(move || read(&other.recv().unwrap()));
            undo(operation);
            sender.join().unwrap();
            receiver.join().unwrap()
        };
        assert_eq!(sum + read(&r.recv().unwrap()), 3);
        assert!(r.recv().is_err());
    });
}
