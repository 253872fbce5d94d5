//! Models of the channels under loom: every interleaving, up to a number of preemptions.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release -p hueless-channel --test 'loom*'
//! ```
//!
//! Here: the hand-off of each flavor, deadlines, disconnection, `select!`. Beside it: `loom_close`,
//! `loom_returned` (operations that are not completed), `loom_watch` (`ready`).

#![cfg(loom)]

#[path = "common/model.rs"]
#[allow(dead_code, reason = "each model program uses a part of it")]
mod model;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

use hueless_channel::{
    RecvError, RecvTimeoutError, SendTimeoutError, TryRecvError, bounded, select, unbounded,
};
use loom::thread;
use model::{LATER, model, read, watched};

#[test]
fn zero_hand_off() {
    model(|| {
        let (s, r) = bounded(0);
        let sender = thread::spawn(move || {
            s.send(watched(1)).unwrap();
            s.send(watched(2)).unwrap();
        });
        assert_eq!(read(&r.recv().unwrap()), 1);
        assert_eq!(read(&r.recv().unwrap()), 2);
        sender.join().unwrap();
    });
}

#[test]
fn zero_try_operations() {
    model(|| {
        let (s, r) = bounded(0);
        let sender = thread::spawn(move || s.try_send(1).is_ok());
        let received = match r.recv_timeout(LATER) {
            Ok(msg) => msg == 1,
            Err(_) => false,
        };
        assert_eq!(sender.join().unwrap(), received);
    });
}

#[test]
fn array_two_senders() {
    model(|| {
        let (s, r) = bounded(1);
        let senders = [s.clone(), s].map(|s| thread::spawn(move || s.send(watched(1)).unwrap()));
        assert_eq!(read(&r.recv().unwrap()) + read(&r.recv().unwrap()), 2);
        for sender in senders {
            sender.join().unwrap();
        }
        assert!(r.recv().is_err());
    });
}

#[test]
fn array_fills_and_drains() {
    model(|| {
        let (s, r) = bounded(1);
        let sender = thread::spawn(move || {
            for i in 0..3 {
                s.send(watched(i)).unwrap();
            }
        });
        for i in 0..3 {
            assert_eq!(read(&r.recv().unwrap()), i);
        }
        sender.join().unwrap();
    });
}

#[test]
fn array_freed_slot_goes_to_the_waiting_sender() {
    model(|| {
        let (s, r) = bounded(1);
        let sender = thread::spawn(move || {
            s.send(watched(1)).unwrap();
            s.send(watched(2)).unwrap();
        });
        assert_eq!(read(&r.recv().unwrap()), 1);
        sender.join().unwrap();
        assert_eq!(read(&r.try_recv().unwrap()), 2);
    });
}

#[test]
fn list_across_blocks() {
    model(|| {
        let (s, r) = unbounded();
        let sender = thread::spawn(move || {
            for i in 0..3 {
                s.send(watched(i)).unwrap();
            }
        });
        for i in 0..3 {
            assert_eq!(read(&r.recv().unwrap()), i);
        }
        assert!(r.recv().is_err());
        sender.join().unwrap();
    });
}

#[test]
fn receive_deadline_races_send() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded(capacity);
            let sender = thread::spawn(move || match s.send_timeout(watched(1), LATER) {
                Ok(()) => true,
                Err(SendTimeoutError::Timeout(msg)) => read(&msg) != 1,
                Err(SendTimeoutError::Disconnected(_)) => panic!("the receiver is there"),
            });
            let received = match r.recv_timeout(LATER) {
                Ok(msg) => read(&msg) == 1,
                Err(RecvTimeoutError::Timeout) => false,
                // The sender has given up and gone.
                Err(RecvTimeoutError::Disconnected) => false,
            };
            let sent = sender.join().unwrap();
            let left = r.try_recv().is_ok();
            assert_eq!(sent, received || left, "lost or doubled");
            assert!(!(received && left));
        });
    }
}

#[test]
fn passed_deadlines_try_once() {
    model(|| {
        let (s, r) = bounded(1);
        let past = Instant::now();
        let sender = thread::spawn(move || s.send_deadline(1, past).is_ok());
        let received = r.recv_deadline(past).is_ok();
        assert!(sender.join().unwrap());
        assert_eq!(r.try_recv().is_ok(), !received);
    });
}

#[test]
fn disconnect_races_receive() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded::<usize>(capacity);
            let receiver = thread::spawn(move || assert_eq!(r.recv(), Err(RecvError)));
            let s2 = s.clone();
            let dropper = thread::spawn(move || drop(s2));
            drop(s);
            receiver.join().unwrap();
            dropper.join().unwrap();
        });
    }
}

#[test]
fn disconnect_races_send() {
    for capacity in [0, 1] {
        model(move || {
            let (s, r) = bounded(capacity);
            let msg = watched(1);
            let ours = msg.clone();
            let sender = thread::spawn(move || s.send(msg).map_err(|err| read(&err.0)));
            drop(r);
            match sender.join().unwrap() {
                Ok(()) => assert_eq!(capacity, 1),
                Err(value) => assert_eq!(value, 1),
            }
            assert_eq!(Arc::strong_count(&ours), 1, "the message is dropped");
        });
    }
}

/// Last drops of both sides at once free the channel once.
#[test]
fn both_sides_go() {
    model(|| {
        let (s, r) = unbounded();
        let msg = watched(1);
        s.send(msg.clone()).unwrap();
        let other = thread::spawn(move || drop(s));
        drop(r);
        other.join().unwrap();
        assert_eq!(Arc::strong_count(&msg), 1);
    });
}

#[test]
fn select_races_two_senders() {
    model(|| {
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let senders = [s1, s2].map(|s| thread::spawn(move || s.send(watched(1)).is_ok()));
        let got = select! {
            recv(r1) -> msg => read(&msg.unwrap()),
            recv(r2) -> msg => read(&msg.unwrap()),
        };
        assert_eq!(got, 1);
        drop((r1, r2));
        let sent = senders.map(|sender| sender.join().unwrap());
        assert_eq!(sent.iter().filter(|sent| **sent).count(), 1);
    });
}

#[test]
fn select_on_buffers_races_two_senders() {
    model(|| {
        let (s1, r1) = bounded(1);
        let (s2, r2) = unbounded();
        let senders = [
            thread::spawn(move || s1.send(1).unwrap()),
            thread::spawn(move || s2.send(1).unwrap()),
        ];
        let got = select! {
            recv(r1) -> msg => msg.unwrap(),
            recv(r2) -> msg => msg.unwrap(),
        };
        for sender in senders {
            sender.join().unwrap();
        }
        let rest = r1.try_iter().chain(r2.try_iter()).sum::<usize>();
        assert_eq!((got, rest), (1, 1));
    });
}

#[test]
fn select_timeout_races_send() {
    model(|| {
        let (s1, r1) = bounded(0);
        let (_s2, r2) = bounded::<usize>(0);
        let sender = thread::spawn(move || s1.send_timeout(1, LATER).is_ok());
        let received = select! {
            recv(r1) -> msg => msg.is_ok(),
            recv(r2) -> _ => panic!("nothing was sent"),
            default(LATER) => false,
        };
        assert_eq!(sender.join().unwrap(), received);
    });
}

#[test]
fn two_selects_meet() {
    model(|| {
        let (s, r) = bounded(0);
        let (s2, r2) = (s.clone(), r.clone());
        let other = thread::spawn(move || {
            select! {
                send(s2, 2) -> res => { res.unwrap(); 0 }
                recv(r2) -> msg => msg.unwrap(),
            }
        });
        let got = select! {
            recv(r) -> msg => msg.unwrap(),
            send(s, 1) -> res => { res.unwrap(); 0 }
        };
        let other = other.join().unwrap();
        assert!((got, other) == (2, 0) || (got, other) == (0, 1));
    });
}

#[test]
fn late_message_reaches_its_receiver() {
    model(|| {
        let (s, r) = bounded(0);
        let receiver = thread::spawn(move || read(&r.recv().unwrap()));
        select! {
            send(s, watched(1)) -> res => assert!(res.is_ok()),
        }
        assert_eq!(receiver.join().unwrap(), 1);
    });
}

#[test]
fn late_message_races_deadline() {
    model(|| {
        let (s, r) = bounded(0);
        let receiver = thread::spawn(move || r.recv_timeout(LATER).is_ok());
        let sent = select! {
            send(s, watched(1)) -> res => res.is_ok(),
            default(LATER) => false,
        };
        assert_eq!(receiver.join().unwrap(), sent);
    });
}

#[test]
fn given_up_send_returns_its_receiver() {
    model(|| {
        let (s, r) = bounded(0);
        let receiver = thread::spawn(move || r.recv());
        let left = catch_unwind(AssertUnwindSafe(|| {
            select! { send(s, resume_unwind(Box::new(()))) -> _ => {} }
        }));
        assert!(left.is_err());
        s.send(2).unwrap();
        assert_eq!(receiver.join().unwrap(), Ok(2));
    });
}

#[test]
fn reserved_slot_races_receiver() {
    model(|| {
        let (s, r) = bounded(1);
        let receiver = thread::spawn(move || (r.recv(), r.recv()));
        select! { send(s, 1) -> res => res.unwrap() }
        select! { send(s, 2) -> res => res.unwrap() }
        assert_eq!(receiver.join().unwrap(), (Ok(1), Ok(2)));
    });
}

#[test]
fn given_up_slot_races_sender() {
    model(|| {
        let (s, r) = bounded(1);
        let s2 = s.clone();
        let sender = thread::spawn(move || s2.send(2));
        loop {
            select! {
                send(s, break) -> _ => {}
                recv(r) -> msg => {
                    // The sender was first; once more, with room for it to be reserved.
                    assert_eq!(msg, Ok(2));
                    s.try_send(2).unwrap();
                    break;
                }
            }
        }
        assert_eq!(sender.join().unwrap(), Ok(()));
        assert_eq!(r.try_recv(), Ok(2));
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(s.try_send(3), Ok(()));
    });
}

#[test]
fn disconnect_races_select() {
    model(|| {
        let (s1, r1) = bounded::<usize>(0);
        let (s2, r2) = bounded::<usize>(1);
        let droppers = [
            thread::spawn(move || drop(s1)),
            thread::spawn(move || drop(s2)),
        ];
        select! {
            recv(r1) -> msg => assert_eq!(msg, Err(RecvError)),
            recv(r2) -> msg => assert_eq!(msg, Err(RecvError)),
        }
        for dropper in droppers {
            dropper.join().unwrap();
        }
    });
}
