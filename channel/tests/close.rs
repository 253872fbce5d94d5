//! `close`: nothing enters any more, what is there can be received, everybody who waits learns it.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use common::{Arrivals, Census, Flavor, NEVER, Tally, World, join_all, rounds};
use hueless_channel::{
    Drain, Receiver, RecvError, RecvTimeoutError, Select, SendError, SendTimeoutError, Sender,
    TryRecvError, TrySendError, after, bounded, never, select,
};

tests_in_all_worlds!(
    senders_wake_with_their_messages,
    receivers_wake,
    both_directions_wake_in_one_select,
    nothing_enters_by_any_operation,
    what_is_left_comes_out_in_order,
    what_the_iterator_is_not_asked_for_stays,
    drained_after_the_other_side_has_gone,
    closed_twice,
    what_is_left_goes_with_the_last_receiver,
    a_reserved_send_fails,
    a_reservation_given_up_makes_no_room,
    a_waiting_send_was_granted_a_slot,
    a_paired_send_and_its_receiver_agree,
    an_operation_that_was_selected_goes_on,
    a_message_given_back_can_be_received,
    every_message_comes_out_once,
    drains_race,
    channels_of_the_clock_stay_open,
);

/// Closes a channel at one of its ends.
type Close = for<'a> fn(&'a Sender<usize>, &'a Receiver<usize>) -> Drain<'a, usize>;

const ENDS: [Close; 2] = [|s, _| s.close(), |_, r| r.close()];

/// Sends numbers from zero on until there is no room, or `most`. Returns how many.
fn fill(s: &Sender<usize>, most: usize) -> usize {
    (0..most).find(|i| s.try_send(*i).is_err()).unwrap_or(most)
}

/// Sends `msg` in one of the ways there are, and answers what came back.
fn send_somehow(s: &Sender<usize>, way: usize, msg: usize) -> Option<usize> {
    let (_never, nothing) = bounded::<()>(0);
    let nothing = &nothing;
    match way % 6 {
        0 => s.send(msg).err().map(|err| err.0),
        1 => s.send_timeout(msg, NEVER).err().map(|err| match err {
            SendTimeoutError::Disconnected(msg) => msg,
            SendTimeoutError::Timeout(_) => panic!("much too late"),
        }),
        2 => select! {
            send(s, msg) -> res => res.err().map(|err| err.0),
            recv(nothing) -> _ => unreachable!(),
        },
        3 => select! {
            recv(nothing) -> _ => unreachable!(),
            send(s, msg) -> res => res.err().map(|err| err.0),
            send(s, msg) -> res => res.err().map(|err| err.0),
            default(NEVER) => panic!("much too late"),
        },
        4 => {
            let mut list = Select::new();
            list.recv(nothing);
            list.send(s);
            let operation = list.select();
            assert_eq!(operation.index(), 1);
            operation.send(s, msg).err().map(|err| err.0)
        }
        _ => {
            let mut list = Select::new();
            list.send(s);
            loop {
                assert_eq!(list.ready(), 0);
                match s.try_send(msg) {
                    Ok(()) => return None,
                    Err(TrySendError::Disconnected(msg)) => return Some(msg),
                    Err(TrySendError::Full(_)) => {}
                }
            }
        }
    }
}

/// Receives in one of the ways there are.
fn recv_somehow(r: &Receiver<usize>, way: usize) -> Option<usize> {
    let (_never, nothing) = bounded::<()>(0);
    let nothing = &nothing;
    match way % 7 {
        0 => r.recv().ok(),
        1 => r
            .recv_timeout(NEVER)
            .map_err(|err| assert!(err.is_disconnected()))
            .ok(),
        2 => select! {
            recv(r) -> msg => msg.ok(),
            recv(nothing) -> _ => unreachable!(),
        },
        3 => select! {
            recv(nothing) -> _ => unreachable!(),
            recv(r) -> msg => msg.ok(),
            recv(r) -> msg => msg.ok(),
            default(NEVER) => panic!("much too late"),
        },
        4 => {
            let mut list = Select::new();
            list.recv(nothing);
            list.recv(r);
            let operation = list.select();
            assert_eq!(operation.index(), 1);
            operation.recv(r).ok()
        }
        5 => {
            let mut batch = Vec::new();
            let count = r.recv_many(&mut batch, 1);
            assert_eq!(count, batch.len());
            batch.pop()
        }
        _ => {
            let mut list = Select::new();
            list.recv(r);
            loop {
                assert_eq!(list.ready(), 0);
                match r.try_recv() {
                    Ok(msg) => return Some(msg),
                    Err(TryRecvError::Disconnected) => return None,
                    Err(TryRecvError::Empty) => {}
                }
            }
        }
    }
}

fn senders_wake_with_their_messages<W: World>() {
    const WAITERS: usize = 12;
    for flavor in [Flavor::Zero, Flavor::Array(1), Flavor::Array(3)] {
        for close in ENDS {
            let (s, r) = flavor.make();
            let full = fill(&s, usize::MAX);
            let arrivals = Arrivals::default();
            let waiters: Vec<_> = (0..WAITERS)
                .map(|i| {
                    let (s, arrivals) = (s.clone(), arrivals.clone());
                    W::spawn(move || {
                        arrivals.arrive();
                        send_somehow(&s, i, 100 + i)
                    })
                })
                .collect();
            arrivals.wait::<W>(WAITERS);
            let left: Vec<_> = close(&s, &r).collect();
            assert_eq!(left, (0..full).collect::<Vec<_>>());
            for (i, back) in join_all(waiters).into_iter().enumerate() {
                assert_eq!(back, Some(100 + i));
            }
            assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
        }
    }
}

fn receivers_wake<W: World>() {
    const WAITERS: usize = 14;
    for flavor in Flavor::ALL {
        for close in ENDS {
            let (s, r) = flavor.make();
            let arrivals = Arrivals::default();
            let waiters: Vec<_> = (0..WAITERS)
                .map(|i| {
                    let (r, arrivals) = (r.clone(), arrivals.clone());
                    W::spawn(move || {
                        arrivals.arrive();
                        recv_somehow(&r, i)
                    })
                })
                .collect();
            arrivals.wait::<W>(WAITERS);
            assert_eq!(close(&s, &r).next(), None);
            assert_eq!(join_all(waiters), [None; WAITERS]);
        }
    }
}

fn both_directions_wake_in_one_select<W: World>() {
    for close in ENDS {
        let (s, r) = bounded(0);
        let arrivals = Arrivals::default();
        let selecting = {
            let (s, r, arrivals) = (s.clone(), r.clone(), arrivals.clone());
            W::spawn(move || {
                arrivals.arrive();
                select! {
                    send(s, 5) -> res => assert_eq!(res, Err(SendError(5))),
                    recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
                }
            })
        };
        arrivals.wait::<W>(1);
        close(&s, &r);
        selecting.join();
    }
}

fn assert_closed(s: &Sender<usize>, flavor: Flavor, left: usize) {
    assert_eq!(s.try_send(9), Err(TrySendError::Disconnected(9)));
    for way in 0..6 {
        assert_eq!(send_somehow(s, way, 9), Some(9), "way {way} of {flavor:?}");
    }
    assert_eq!(
        s.send_timeout(9, Duration::ZERO),
        Err(SendTimeoutError::Disconnected(9))
    );
    select! {
        send(s, 9) -> res => assert_eq!(res, Err(SendError(9))),
        default => panic!("a closed channel answers at once"),
    }
    let mut list = Select::new();
    list.send(s);
    assert_eq!(list.try_ready(), Ok(0));
    assert_eq!(list.try_select().unwrap().send(s, 9), Err(SendError(9)));
    assert_eq!(s.len(), left);
    assert_eq!(s.is_empty(), left == 0);
    assert_eq!(
        s.is_full(),
        flavor.capacity().is_some_and(|capacity| left >= capacity)
    );
    assert_eq!(s.capacity(), flavor.capacity());
}

fn nothing_enters_by_any_operation<W: World>() {
    for flavor in Flavor::ALL {
        for close in ENDS {
            for most in [0, 1, 40] {
                let (s, r) = flavor.make();
                let full = fill(&s, most);
                close(&s, &r);
                for left in (0..=full).rev() {
                    assert_closed(&s, flavor, left);
                    assert_eq!((r.len(), r.is_empty()), (left, left == 0));
                    let received = r.try_recv();
                    match left {
                        0 => assert_eq!(received, Err(TryRecvError::Disconnected)),
                        _ => assert_eq!(received, Ok(full - left)),
                    }
                }
                assert_closed(&s, flavor, 0);
                drop(r);
                assert_eq!(s.send(9), Err(SendError(9)));
                assert!(s.is_empty());
            }
        }
    }
}

fn what_is_left_comes_out_in_order<W: World>() {
    for flavor in Flavor::ALL {
        for close in ENDS {
            for way in 0..8 {
                let (s, r) = flavor.make();
                let full = fill(&s, 100);
                close(&s, &r);
                for i in 0..full {
                    assert_eq!(recv_somehow(&r, i + way), Some(i));
                }
                assert_eq!(recv_somehow(&r, way), None);
                assert_eq!(
                    r.recv_timeout(Duration::ZERO),
                    Err(RecvTimeoutError::Disconnected)
                );
                assert_eq!(r.iter().next(), None);
            }
        }
    }
}

fn what_the_iterator_is_not_asked_for_stays<W: World>() {
    for flavor in [Flavor::Array(5), Flavor::List] {
        for close in ENDS {
            let (s, r) = flavor.make();
            assert_eq!(fill(&s, 5), 5);
            let mut drain = close(&s, &r);
            assert_eq!(drain.next(), Some(0));
            assert_eq!(r.recv(), Ok(1));
            assert_eq!(drain.next(), Some(2));
            assert_eq!(s.close().next(), Some(3));
            assert_eq!(r.iter().collect::<Vec<_>>(), [4]);
            assert_eq!(s.close().next(), None);
        }
    }
}

fn drained_after_the_other_side_has_gone<W: World>() {
    for flavor in [Flavor::Array(5), Flavor::List] {
        let (s, r) = flavor.make();
        assert_eq!(fill(&s, 5), 5);
        drop(s);
        assert_eq!(r.close().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);

        let (s, r) = flavor.make();
        assert_eq!(fill(&s, 5), 5);
        let mut drain = s.close();
        assert_eq!(drain.next(), Some(0));
        // The last receiver takes the rest with it.
        drop(r);
        assert_eq!(drain.next(), None);
        assert_eq!(s.close().next(), None);
    }
}

fn closed_twice<W: World>() {
    for flavor in Flavor::ALL {
        for (first, second) in [(0, 1), (1, 0), (0, 0), (1, 1)] {
            let (s, r) = flavor.make();
            let full = fill(&s, 7);
            ENDS[first](&s, &r);
            assert_eq!(ENDS[second](&s, &r).count(), full);
            assert_eq!(ENDS[first](&s, &r).count(), 0);
            assert_closed(&s, flavor, 0);
        }
    }
}

fn what_is_left_goes_with_the_last_receiver<W: World>() {
    for flavor in Flavor::ALL {
        for taken in 0..4 {
            for senders_first in [false, true] {
                let census = Census::default();
                let (s, r) = flavor.make();
                let mut sent = 0;
                while sent < 40 && s.try_send(census.message(sent)).is_ok() {
                    sent += 1;
                }
                let taken = s.close().take(taken).count();
                assert_eq!(census.alive(), sent - taken);
                let r2 = r.clone();
                drop(r);
                assert_eq!(census.alive(), sent - taken);
                if senders_first {
                    drop(s);
                    assert_eq!(census.alive(), sent - taken);
                    drop(r2);
                } else {
                    drop(r2);
                    // At once, not with the last sender.
                    assert_eq!(census.alive(), 0);
                    drop(s);
                }
                assert_eq!(census.alive(), 0);
            }
        }
    }
}

fn a_reserved_send_fails<W: World>() {
    for flavor in [Flavor::Array(1), Flavor::Array(3), Flavor::List] {
        for close in ENDS {
            for drain in [false, true] {
                let (s, r) = flavor.make();
                let left = flavor.capacity().unwrap_or(3) - 1;
                (0..left).for_each(|i| s.try_send(i).unwrap());
                let make = || {
                    let rest = close(&s, &r);
                    if drain {
                        assert_eq!(rest.count(), left);
                    }
                    7
                };
                select! { send(s, make()) -> res => assert_eq!(res, Err(SendError(7))) }
                assert_eq!(r.iter().count(), if drain { 0 } else { left });
                assert_closed(&s, flavor, 0);

                // The same by a list.
                let (s, r) = flavor.make();
                let mut list = Select::new();
                list.send(&s);
                let operation = list.select();
                close(&s, &r);
                assert_eq!(operation.send(&s, 7), Err(SendError(7)));
                assert_closed(&s, flavor, 0);
            }
        }
    }
}

fn a_reservation_given_up_makes_no_room<W: World>() {
    for flavor in [Flavor::Array(1), Flavor::Array(3), Flavor::List] {
        for close in ENDS {
            let (s, r) = flavor.make();
            let left = flavor.capacity().unwrap_or(3) - 1;
            (0..left).for_each(|i| s.try_send(i).unwrap());
            let given_up = catch_unwind(AssertUnwindSafe(|| {
                let make = || -> usize {
                    close(&s, &r);
                    resume_unwind(Box::new("quiet"))
                };
                select! { send(s, make()) -> _ => unreachable!() }
            }));
            assert!(given_up.is_err());
            assert_closed(&s, flavor, left);
            assert_eq!(r.iter().collect::<Vec<_>>(), (0..left).collect::<Vec<_>>());
            assert_closed(&s, flavor, 0);
        }
    }
}

/// A select's send waits for room, a receiver makes some, and then comes the close: at whatever moment
/// that is, the message is received or comes back.
fn a_waiting_send_was_granted_a_slot<W: World>() {
    for round in 0..rounds(200) {
        let (s, r) = bounded(1);
        s.send(0).unwrap();
        let (go_s, go_r) = bounded::<usize>(0);
        let selecting = {
            let s = s.clone();
            W::spawn(move || {
                select! {
                    send(s, go_r.recv().unwrap_or(1)) -> res => res,
                }
            })
        };
        if round % 2 == 0 {
            W::yield_now();
        }
        assert_eq!(r.recv(), Ok(0));
        if round % 3 == 0 {
            W::yield_now();
        }
        s.close();
        drop(go_s);
        match selecting.join() {
            Ok(()) => panic!("the message was made after the close"),
            Err(back) => assert_eq!(back, SendError(1)),
        }
        assert_eq!(r.recv(), Err(RecvError));
    }
}

/// On a rendezvous channel a receiver that is promised a message is out of the channel already: what
/// becomes of it is up to the sender, but the two agree.
fn a_paired_send_and_its_receiver_agree<W: World>() {
    for round in 0..rounds(200) {
        let (s, r) = bounded(0);
        let receiver = {
            let r = r.clone();
            // Not by `ready`, which never meets a select that does not wait.
            W::spawn(move || recv_somehow(&r, round % 6))
        };
        let make = || {
            s.close();
            3
        };
        let sent = if round % 2 == 0 {
            loop {
                select! {
                    send(s, make()) -> res => break res,
                    default => W::yield_now(),
                }
            }
        } else {
            // Another one closes, while this one waits or makes its message.
            let closer = {
                let s = s.clone();
                W::spawn(move || {
                    s.close();
                })
            };
            let sent = select! { send(s, { W::yield_now(); 3 }) -> res => res };
            closer.join();
            sent
        };
        if round % 2 == 0 {
            assert_eq!(sent, Ok(()), "the receiver has waited for this message");
        }
        assert_eq!(receiver.join(), sent.ok().map(|()| 3));
        assert_closed(&s, Flavor::Zero, 0);
    }
}

fn an_operation_that_was_selected_goes_on<W: World>() {
    for flavor in [Flavor::Array(1), Flavor::List] {
        let (s, r) = flavor.make();
        s.send(4).unwrap();
        let mut list = Select::new();
        list.recv(&r);
        let operation = list.select();
        assert_eq!(s.close().next(), None);
        assert_eq!(operation.recv(&r), Ok(4));
        assert_eq!(list.select().recv(&r), Err(RecvError));
    }
}

fn a_message_given_back_can_be_received<W: World>() {
    for flavor in [Flavor::Array(3), Flavor::List] {
        for close_first in [false, true] {
            let census = Census::default();
            let (s, r) = flavor.make();
            (0..3).for_each(|i| s.send(census.message(i)).unwrap());
            {
                let mut list = Select::new();
                list.recv(&r);
                let operation = list.select();
                if close_first {
                    s.close();
                }
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(operation)));
                assert!(dropped.is_err());
            }
            if !close_first {
                s.close();
            }
            assert_eq!((r.len(), census.alive()), (3, 3));
            assert_eq!(r.close().next().map(|msg| msg.value), Some(0));
            assert_eq!(r.recv().map(|msg| msg.value), Ok(1));
            drop(r);
            assert_eq!(census.alive(), 0);
        }
    }
}

/// Whatever the moment of the close, each message is received, drained or comes back, once.
fn every_message_comes_out_once<W: World>() {
    const SENDERS: usize = 4;
    const EACH: usize = 25;
    for round in 0..rounds(120) {
        for flavor in Flavor::ALL {
            let (s, r) = flavor.make();
            let tally = Tally::new(SENDERS * EACH);
            let senders: Vec<_> = (0..SENDERS)
                .map(|sender| {
                    let (s, tally) = (s.clone(), tally.clone());
                    W::spawn(move || {
                        for i in 0..EACH {
                            let msg = sender * EACH + i;
                            if let Some(back) = send_somehow(&s, i + sender, msg) {
                                assert_eq!(back, msg);
                                tally.count(back);
                            }
                        }
                    })
                })
                .collect();
            let receivers: Vec<_> = (0..3)
                .map(|way| {
                    let (r, tally) = (r.clone(), tally.clone());
                    W::spawn(move || {
                        for i in way.. {
                            match recv_somehow(&r, i) {
                                Some(msg) => tally.count(msg),
                                None => return,
                            }
                        }
                    })
                })
                .collect();
            for _ in 0..round % 16 {
                W::yield_now();
            }
            ENDS[round % 2](&s, &r).for_each(|msg| tally.count(msg));
            join_all(senders);
            join_all(receivers);
            tally.assert_all_came_out();
            assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
            assert!(r.is_empty());
        }
    }
}

fn drains_race<W: World>() {
    const LEFT: usize = 60;
    for _ in 0..rounds(100) {
        for flavor in [Flavor::Array(LEFT), Flavor::List] {
            let (s, r) = flavor.make();
            let tally = Tally::new(LEFT);
            assert_eq!(fill(&s, LEFT), LEFT);
            let closers: Vec<_> = (0..4)
                .map(|i| {
                    let (s, r, tally) = (s.clone(), r.clone(), tally.clone());
                    W::spawn(move || ENDS[i % 2](&s, &r).for_each(|msg| tally.count(msg)))
                })
                .collect();
            join_all(closers);
            tally.assert_all_came_out();
        }
    }
}

fn channels_of_the_clock_stay_open<W: World>() {
    let soon = after(Duration::from_millis(1));
    assert_eq!(soon.close().next(), None);
    soon.recv().unwrap();
    let nothing = never::<()>();
    assert_eq!(nothing.close().next(), None);
    assert_eq!(nothing.try_recv(), Err(TryRecvError::Empty));
}
