//! Selects that wait in several queues, or in one several times, leave them in order.

use std::time::Duration;

use hueless_channel::{Receiver, Select, Sender, bounded, never, select};

use crate::common::{Arrivals, NEVER, World, join_all, rounds};

crate::tests_in_all_worlds!(
    a_select_that_leaves_a_queue_keeps_the_others_in_it,
    one_who_waits_twice_for_a_channel_leaves_it_twice,
    a_select_does_not_meet_itself,
    every_way_of_receiving_meets_every_way_of_sending,
);

/// Go's `select6`: the last in a queue is a case of a select that another case ends.
fn a_select_that_leaves_a_queue_keeps_the_others_in_it<W: World>() {
    for round in 0..rounds(400) {
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let (told, chosen) = bounded(1);
        let waiting = Arrivals::default();
        let first = {
            let (r1, waiting) = (r1.clone(), waiting.clone());
            move || {
                waiting.arrive();
                r1.recv().unwrap()
            }
        };
        let second = {
            let (r1, waiting) = (r1.clone(), waiting.clone());
            move || {
                waiting.arrive();
                select! {
                    recv(r1) -> _ => panic!("nobody has sent on it yet"),
                    recv(r2) -> msg => told.send(msg).unwrap(),
                }
                r1.recv().unwrap()
            }
        };
        // Either is the last in the queue.
        let receivers = if round % 2 == 0 {
            [W::spawn(first), W::spawn(second)]
        } else {
            [W::spawn(second), W::spawn(first)]
        };
        waiting.wait::<W>(2);
        s2.send(1).unwrap();
        assert_eq!(chosen.recv(), Ok(Ok(1)));
        s1.send(2).unwrap();
        s1.send(3).unwrap();
        let got: u32 = receivers.into_iter().map(|receiver| receiver.join()).sum();
        assert_eq!(got, 5);
    }
}

/// Go's `TestSelectDuplicateChannel`.
fn one_who_waits_twice_for_a_channel_leaves_it_twice<W: World>() {
    for _ in 0..rounds(400) {
        let (s, r) = bounded(0);
        let (other, from_other) = bounded(0);
        let (told, chosen) = bounded(0);
        let waiting = Arrivals::default();
        let selecting = {
            let (r, waiting) = (r.clone(), waiting.clone());
            W::spawn(move || {
                waiting.arrive();
                select! {
                    recv(r) -> _ => panic!("nobody has sent on it yet"),
                    recv(r) -> _ => panic!("nobody has sent on it yet"),
                    recv(from_other) -> msg => told.send(msg.unwrap()).unwrap(),
                }
            })
        };
        waiting.wait::<W>(1);
        let receiving = {
            let waiting = waiting.clone();
            W::spawn(move || {
                waiting.arrive();
                r.recv()
            })
        };
        waiting.wait::<W>(2);
        other.send(7).unwrap();
        assert_eq!(chosen.recv(), Ok(7));
        // Gets lost if it goes to one who has left.
        s.send_timeout(8, NEVER).unwrap();
        assert_eq!(receiving.join(), Ok(8));
        selecting.join();
    }
}

/// Go's `TestSelfSelect`: two that send to and receive from one channel meet each other alone.
fn a_select_does_not_meet_itself<W: World>() {
    for capacity in [0, 10] {
        let (s, r) = bounded(capacity);
        let handles: Vec<_> = (0..2)
            .map(|own| {
                let (s, r) = (s.clone(), r.clone());
                W::spawn(move || {
                    let check = |from: Result<i32, _>| {
                        assert!(capacity > 0 || from.unwrap() != own);
                    };
                    for i in 0..rounds(4_000) as i32 {
                        if own == 0 || i % 2 == 0 {
                            select! {
                                send(s, own) -> res => res.unwrap(),
                                recv(r) -> from => check(from),
                            }
                        } else {
                            select! {
                                recv(r) -> from => check(from),
                                send(s, own) -> res => res.unwrap(),
                            }
                        }
                    }
                })
            })
            .collect();
        join_all(handles);
    }
}

type Send = fn(&Sender<u32>, u32);
type Receive = fn(&Receiver<u32>) -> u32;

fn senders<W: World>() -> [Send; 6] {
    [
        |s, msg| s.send(msg).unwrap(),
        |s, msg| s.send_timeout(msg, NEVER).unwrap(),
        |s, msg| select! { send(s, msg) -> res => res.unwrap() },
        |s, msg| {
            select! {
                recv(never::<u32>()) -> _ => unreachable!(),
                send(s, msg) -> res => res.unwrap(),
            }
        },
        |s, msg| {
            let (_s, r) = bounded::<u32>(0);
            select! {
                recv(r) -> _ => unreachable!(),
                send(s, msg) -> res => res.unwrap(),
                default(NEVER) => unreachable!(),
            }
        },
        |s, msg| {
            let (_s, r) = bounded::<u32>(1);
            let mut select = Select::new();
            select.recv(&r);
            let sends = select.send(s);
            let selected = select.select();
            assert_eq!(selected.index(), sends);
            selected.send(s, msg).unwrap();
        },
    ]
}

fn receivers<W: World>() -> [Receive; 7] {
    [
        |r| r.recv().unwrap(),
        |r| r.recv_timeout(NEVER).unwrap(),
        |r| select! { recv(r) -> msg => msg.unwrap() },
        |r| {
            let (_s, other) = bounded::<u32>(0);
            select! {
                recv(r) -> msg => msg.unwrap(),
                recv(other) -> _ => unreachable!(),
                recv(never::<u32>()) -> _ => unreachable!(),
            }
        },
        |r| loop {
            select! {
                recv(r) -> msg => return msg.unwrap(),
                default(Duration::from_micros(50)) => {}
            }
        },
        |r| loop {
            select! {
                recv(r) -> msg => return msg.unwrap(),
                default => W::yield_now(),
            }
        },
        |r| {
            let mut select = Select::new();
            select.recv(r);
            loop {
                select.ready();
                match r.try_recv() {
                    Ok(msg) => return msg,
                    Err(_) => W::yield_now(),
                }
            }
        },
    ]
}

/// Go's `select7`. One of both always waits: two that only try do not meet on a rendezvous.
fn every_way_of_receiving_meets_every_way_of_sending<W: World>() {
    for (i, send) in senders::<W>().into_iter().enumerate() {
        for (j, receive) in receivers::<W>().into_iter().enumerate() {
            let number = (10 * i + j) as u32;
            for capacity in [0, 1] {
                let (s, r) = bounded(capacity);
                let sending = W::spawn(move || {
                    send(&s, number);
                    send(&s, number + 1);
                });
                assert_eq!((receive(&r), receive(&r)), (number, number + 1));
                sending.join();

                let (s, r) = bounded(capacity);
                let receiving = W::spawn(move || (receive(&r), receive(&r)));
                send(&s, number);
                send(&s, number + 1);
                assert_eq!(receiving.join(), (number, number + 1));
            }
        }
    }
}
