//! An operation of a dynamic select that is not completed: it is as if it had never been selected.

mod common;
#[path = "common/undo.rs"]
mod undo;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{Arrivals, Census, Flavor, NEVER, World, join_all};
use hueless_channel::{
    Receiver, RecvError, Select, SendError, Sender, TryRecvError, TrySendError, bounded, select,
    unbounded,
};
use undo::{UNDO, message_of, select_waiting, undo, undo_silently};

tests_in_all_worlds!(
    dropping_panics,
    dropping_while_unwinding_is_silent,
    forgotten_handles_are_noticed,
    a_received_message_is_back_in_front,
    several_are_given_back,
    a_rendezvous_message_is_kept,
    a_returned_message_needs_no_slot,
    a_reserved_slot_is_free_again,
    disconnected_operations_undo_nothing,
    given_back_after_the_senders_have_gone,
    messages_are_dropped_once,
    big_and_empty_messages_come_back,
);

/// Commits a receive from `r` once that is possible, and undoes it.
fn select_and_undo<T>(r: &Receiver<T>, way: usize) {
    let mut list = Select::new();
    list.recv(r);
    UNDO[way % 2](list.select());
}

fn dropping_panics<W: World>() {
    let (s, r) = bounded(1);
    let mut list = Select::new();
    list.send(&s);
    undo(list.select());
    let mut list = Select::new();
    list.recv(&r);
    s.send(1).unwrap();
    undo(list.select());
    assert_eq!(list.select().recv(&r), Ok(1));
}

fn dropping_while_unwinding_is_silent<W: World>() {
    let (s, r) = bounded(1);
    let mut list = Select::new();
    list.send(&s);
    undo_silently(list.select());
    s.send(1).unwrap();
    let mut list = Select::new();
    list.recv(&r);
    undo_silently(list.select());
    assert_eq!(list.select().recv(&r), Ok(1));
}

fn forgotten_handles_are_noticed<W: World>() {
    fn panics(f: impl FnOnce()) -> String {
        message_of(catch_unwind(AssertUnwindSafe(f)).unwrap_err())
    }
    const SENDER: &str = "passed a sender that wasn't selected";
    const RECEIVER: &str = "passed a receiver that wasn't selected";
    let census = Census::default();
    let (s, r) = bounded(2);
    let (other_s, other_r) = bounded(2);
    s.send(census.message(1)).unwrap();
    let mut list = Select::new();
    list.recv(&r);
    let text = panics(|| drop(list.select().recv(&other_r)));
    assert_eq!(text, RECEIVER);
    // It has to be the very handle.
    assert_eq!(panics(|| drop(list.select().recv(&r.clone()))), RECEIVER);
    let (any_s, any_r) = unbounded::<u8>();
    assert_eq!(
        panics(|| assert!(list.select().recv(&any_r).is_ok())),
        RECEIVER
    );
    assert_eq!(
        panics(|| drop(list.select().send(&s, census.message(2)))),
        SENDER
    );
    assert_eq!(
        panics(|| assert!(list.select().send(&any_s, 2).is_ok())),
        SENDER
    );
    assert_eq!((r.len(), census.alive()), (1, 1));
    assert_eq!(list.select().recv(&r).map(|msg| msg.value), Ok(1));

    let mut list = Select::new();
    list.send(&s);
    assert_eq!(
        panics(|| drop(list.select().send(&other_s, census.message(3)))),
        SENDER
    );
    assert_eq!(
        panics(|| drop(list.select().send(&s.clone(), census.message(3)))),
        SENDER
    );
    assert_eq!(
        panics(|| assert!(list.select().send(&any_s, 3).is_ok())),
        SENDER
    );
    assert_eq!(panics(|| drop(list.select().recv(&r))), RECEIVER);
    assert_eq!(census.alive(), 0);
    // No slot is missing.
    (0..2).for_each(|i| s.try_send(census.message(i)).unwrap());
    assert!(other_r.is_empty());
}

fn a_received_message_is_back_in_front<W: World>() {
    for flavor in [Flavor::Array(4), Flavor::Array(9), Flavor::List] {
        for way in 0..2 {
            let (s, r) = flavor.make();
            (0..4).for_each(|i| s.send(i).unwrap());
            for first in 0..4 {
                for _ in 0..3 {
                    select_and_undo(&r, way);
                    assert_eq!((r.len(), r.is_empty()), (4 - first, false));
                }
                // By each way to receive.
                let got = match first {
                    0 => r.recv().ok(),
                    1 => r.try_recv().ok(),
                    2 => r.recv_timeout(NEVER).ok(),
                    _ => select! { recv(r) -> msg => msg.ok(), recv(r) -> msg => msg.ok() },
                };
                assert_eq!(got, Some(first));
            }
            assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
            // The channel is as good as before.
            let room = flavor.capacity().unwrap_or(20);
            (0..room).for_each(|i| s.try_send(i).unwrap());
            assert_eq!(s.is_full(), flavor.capacity().is_some());
            assert_eq!(
                r.try_iter().collect::<Vec<_>>(),
                (0..room).collect::<Vec<_>>()
            );
        }
    }
}

fn several_are_given_back<W: World>() {
    for flavor in [Flavor::Array(4), Flavor::List] {
        let (s, r) = flavor.make();
        (0..4).for_each(|i| s.send(i).unwrap());
        let mut list = Select::new();
        list.recv(&r);
        let (first, second, third) = (list.select(), list.select(), list.select());
        assert_eq!(r.len(), 1);
        // In the reverse order, so that all is as it was.
        undo(third);
        undo_silently(second);
        undo(first);
        assert_eq!(r.len(), 4);
        assert_eq!(r.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(!s.is_full());
        (0..4).for_each(|i| s.try_send(i).unwrap());
    }
}

fn a_rendezvous_message_is_kept<W: World>() {
    for way in 0..4 {
        let (s, r) = bounded(0);
        let sender = {
            let s = s.clone();
            W::spawn(move || {
                if way < 2 {
                    s.send(1)
                } else {
                    let mut list = Select::new();
                    list.send(&s);
                    list.select().send(&s, 1)
                }
            })
        };
        let mut list = Select::new();
        list.recv(&r);
        let operation = if way % 2 == 0 {
            select_waiting::<W>(&mut list)
        } else {
            list.select()
        };
        // The sender does not wait for what becomes of it.
        assert_eq!(sender.join(), Ok(()));
        UNDO[way % 2](operation);
        assert_eq!((r.len(), r.is_empty(), r.is_full()), (1, false, true));
        assert_eq!(s.try_send(9), Err(TrySendError::Full(9)));
        let later = {
            let s = s.clone();
            W::spawn(move || s.send(2))
        };
        assert_eq!(r.recv(), Ok(1));
        assert_eq!(r.recv(), Ok(2));
        assert_eq!(later.join(), Ok(()));
        assert_eq!((r.len(), r.try_recv()), (0, Err(TryRecvError::Empty)));
        drop(list);
        drop(r);
        assert_eq!(s.send(3), Err(SendError(3)));
    }
}

/// The slot that a receive has freed may be filled by the time the message comes back.
fn a_returned_message_needs_no_slot<W: World>() {
    let (s, r) = bounded(2);
    (0..2).for_each(|i| s.send(i).unwrap());
    let arrivals = Arrivals::default();
    let senders: Vec<_> = (2..5)
        .map(|i| {
            let (s, arrivals) = (s.clone(), arrivals.clone());
            W::spawn(move || {
                arrivals.arrive();
                s.send(i)
            })
        })
        .collect();
    arrivals.wait::<W>(3);
    for way in 0..4 {
        select_and_undo(&r, way);
    }
    assert_eq!(s.try_send(9), Err(TrySendError::Full(9)));
    let mut got: Vec<_> = (0..5).map(|_| r.recv().unwrap()).collect();
    assert_eq!(got[..2], [0, 1]);
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2, 3, 4]);
    assert!(join_all(senders).into_iter().all(|sent| sent.is_ok()));
    assert!(s.is_empty());
    (0..2).for_each(|i| s.try_send(i).unwrap());
    assert!(s.is_full());
}

fn a_reserved_slot_is_free_again<W: World>() {
    for capacity in [1, 3] {
        for undo in UNDO {
            let (s, r) = bounded(capacity);
            let mut list = Select::new();
            list.send(&s);
            let operations: Vec<_> = (0..capacity).map(|_| list.select()).collect();
            assert_eq!((s.len(), s.is_full()), (0, true));
            assert_eq!(s.try_send(9), Err(TrySendError::Full(9)));
            assert!(list.try_select().is_err() && list.try_ready().is_err());
            operations.into_iter().for_each(undo);
            assert!(!s.is_full());
            (0..capacity).for_each(|i| s.try_send(i).unwrap());
            assert_eq!(s.try_send(9), Err(TrySendError::Full(9)));
            assert_eq!(
                r.try_iter().collect::<Vec<_>>(),
                (0..capacity).collect::<Vec<_>>()
            );
        }
    }
}

fn disconnected_operations_undo_nothing<W: World>() {
    for flavor in Flavor::ALL {
        for undo in UNDO {
            let (s, r) = flavor.make::<i32>();
            let mut list = Select::new();
            list.recv(&r);
            drop(s);
            undo(list.select());
            assert_eq!((r.len(), r.recv()), (0, Err(RecvError)));

            let (s, r) = flavor.make();
            let mut list = Select::new();
            list.send(&s);
            drop(r);
            undo(list.select());
            assert_eq!(list.select().send(&s, 1), Err(SendError(1)));
        }
    }
}

fn given_back_after_the_senders_have_gone<W: World>() {
    for flavor in Flavor::ALL {
        for undo in UNDO {
            let (s, r) = flavor.make();
            let sender = W::spawn(move || s.send(1));
            let mut list = Select::new();
            list.recv(&r);
            let operation = list.select();
            sender.join().unwrap();
            let other = r.clone();
            assert_eq!(
                other.recv(),
                Err(RecvError),
                "it is on its way to somebody else"
            );
            undo(operation);
            assert_eq!(other.len(), 1);
            assert_eq!(other.recv(), Ok(1));
            assert_eq!(other.recv(), Err(RecvError));
        }
    }
}

fn messages_are_dropped_once<W: World>() {
    let census = Census::default();
    for flavor in [Flavor::Array(3), Flavor::List] {
        for end in 0..4 {
            let (s, r) = flavor.make();
            (0..3).for_each(|i| s.send(census.message(i)).unwrap());
            let mut list = Select::new();
            list.recv(&r);
            let (first, second) = (list.select(), list.select());
            assert_eq!(census.alive(), 3);
            undo(second);
            match end {
                0 => {
                    undo(first);
                    drop(s);
                    drop(r);
                }
                1 => {
                    undo(first);
                    drop(r);
                    assert_eq!(census.alive(), 0, "they go with the last receiver");
                    drop(s);
                }
                2 => {
                    drop(first.recv(&r));
                    assert_eq!(census.alive(), 2);
                    assert_eq!(r.close().count(), 2);
                }
                _ => {
                    undo(first);
                    assert_eq!(
                        r.try_iter().map(|msg| msg.value).collect::<Vec<_>>(),
                        [0, 1, 2]
                    );
                }
            }
            assert_eq!(census.alive(), 0);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(256))]
struct Aligned([u8; 3]);

fn big_and_empty_messages_come_back<W: World>() {
    fn check<W: World, T: Copy + PartialEq + std::fmt::Debug + Send + 'static>(one: T, two: T) {
        for flavor in Flavor::ALL {
            let (s, r): (Sender<T>, Receiver<T>) = flavor.make();
            let sender = W::spawn(move || {
                s.send(one).unwrap();
                s.send(two).unwrap();
            });
            for way in 0..4 {
                select_and_undo(&r, way);
            }
            assert_eq!((r.recv(), r.recv()), (Ok(one), Ok(two)));
            sender.join();
        }
    }
    check::<W, _>((), ());
    check::<W, _>([(); 9], [(); 9]);
    check::<W, _>([1u8; 81], [2u8; 81]);
    check::<W, _>([1u64; 200], [2u64; 200]);
    check::<W, _>(Aligned([1; 3]), Aligned([2; 3]));
}
