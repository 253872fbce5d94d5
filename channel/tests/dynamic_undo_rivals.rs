//! An operation of a dynamic select that is not completed: what becomes of those who wait for the same.

mod common;
#[path = "common/undo.rs"]
mod undo;

use std::time::Duration;

use common::{Arrivals, Flavor, NEVER, World, join_all, rounds};
use hueless_channel::{Receiver, RecvTimeoutError, Select, TryRecvError, bounded, select};
use undo::{UNDO, select_waiting, undo_silently};

tests_in_all_worlds!(
    a_message_goes_to_a_receiver_that_waits,
    a_select_takes_what_is_given_back,
    a_reserved_slot_goes_to_a_sender_that_waits,
    a_promised_receiver_goes_on_waiting,
    a_paired_receiver_goes_on_waiting,
);

/// Waits for a number in one of the ways there are.
fn recv_somehow(r: &Receiver<usize>, way: usize) -> Option<usize> {
    let (_s, nothing) = bounded::<()>(0);
    match way % 5 {
        0 => r.recv().ok(),
        1 => r.recv_timeout(NEVER).ok(),
        2 => select! {
            recv(nothing) -> _ => unreachable!(),
            recv(r) -> msg => msg.ok(),
        },
        3 => {
            let mut list = Select::new();
            list.recv(&nothing);
            list.recv(r);
            list.select().recv(r).ok()
        }
        _ => {
            let mut list = Select::new();
            list.recv(r);
            loop {
                list.ready();
                match r.try_recv() {
                    Err(TryRecvError::Empty) => {}
                    received => return received.ok(),
                }
            }
        }
    }
}

fn a_message_goes_to_a_receiver_that_waits<W: World>() {
    for flavor in Flavor::ALL {
        for way in 0..10 {
            let (s, r) = flavor.make();
            let sender = W::spawn(move || s.send(1).map(|()| s));
            let mut list = Select::new();
            list.recv(&r);
            let operation = list.select();
            let arrivals = Arrivals::default();
            let receiver = {
                let (r, arrivals) = (r.clone(), arrivals.clone());
                W::spawn(move || {
                    arrivals.arrive();
                    recv_somehow(&r, way)
                })
            };
            arrivals.wait::<W>(1);
            UNDO[way / 5](operation);
            assert_eq!(receiver.join(), Some(1));
            assert!(r.is_empty());
            drop(sender.join());
        }
    }
}

fn a_select_takes_what_is_given_back<W: World>() {
    for round in 0..rounds(200) {
        let (s, r) = Flavor::ALL[round % 4].make();
        let sender = W::spawn(move || s.send(round));
        let takers: Vec<_> = (0..3)
            .map(|way| {
                let r = r.clone();
                W::spawn(move || recv_somehow(&r, round + way))
            })
            .collect();
        let mut list = Select::new();
        list.recv(&r);
        if let Ok(operation) = list.select_timeout(Duration::from_micros(50)) {
            undo_silently(operation);
        }
        sender.join().unwrap();
        let got: Vec<_> = join_all(takers).into_iter().flatten().collect();
        let left: Vec<_> = r.try_iter().collect();
        assert_eq!([got, left].concat(), [round]);
    }
}

fn a_reserved_slot_goes_to_a_sender_that_waits<W: World>() {
    for way in 0..8 {
        let (s, r) = bounded(1);
        let mut list = Select::new();
        list.send(&s);
        let operation = list.select();
        let arrivals = Arrivals::default();
        let sender = {
            let (s, arrivals) = (s.clone(), arrivals.clone());
            W::spawn(move || {
                arrivals.arrive();
                match way / 2 {
                    0 => s.send(5).unwrap(),
                    1 => {
                        select! { send(s, 5) -> res => res.unwrap(), send(s, 5) -> res => res.unwrap() }
                    }
                    2 => {
                        let mut list = Select::new();
                        list.send(&s);
                        list.select().send(&s, 5).unwrap();
                    }
                    _ => {
                        let mut list = Select::new();
                        list.send(&s);
                        while list.ready() == 0 && s.try_send(5).is_err() {}
                    }
                }
            })
        };
        arrivals.wait::<W>(1);
        assert!(r.is_empty());
        UNDO[way % 2](operation);
        sender.join();
        assert_eq!(r.try_recv(), Ok(5));
        assert!(!s.is_full());
    }
}

fn a_promised_receiver_goes_on_waiting<W: World>() {
    for way in 0..8 {
        let (s, r) = bounded(0);
        let receiver = W::spawn(move || recv_somehow(&r, way / 2));
        let mut list = Select::new();
        list.send(&s);
        for _ in 0..3 {
            // Meets the receiver, which waits each time.
            UNDO[way % 2](select_waiting::<W>(&mut list));
        }
        s.send(7).unwrap();
        assert_eq!(receiver.join(), Some(7));
    }
}

fn a_paired_receiver_goes_on_waiting<W: World>() {
    for way in 0..8 {
        let (s, r) = bounded(0);
        let arrivals = Arrivals::default();
        let undoing = {
            let (s, arrivals) = (s.clone(), arrivals.clone());
            W::spawn(move || {
                let mut list = Select::new();
                list.send(&s);
                for _ in 0..3 {
                    arrivals.arrive();
                    // Waits for a receiver.
                    UNDO[way % 2](list.select());
                }
            })
        };
        arrivals.wait::<W>(1);
        let receiver = W::spawn(move || recv_somehow(&r, way / 2));
        undoing.join();
        s.send(7).unwrap();
        assert_eq!(receiver.join(), Some(7));
    }
    // Nobody waits any more: there is nothing to be had.
    let (s, r) = bounded::<usize>(0);
    let undoing = W::spawn(move || {
        let mut list = Select::new();
        list.send(&s);
        undo_silently(list.select());
    });
    while let Err(err) = r.try_recv() {
        if err.is_disconnected() {
            break;
        }
        W::yield_now();
    }
    undoing.join();
    assert_eq!(r.recv_timeout(NEVER), Err(RecvTimeoutError::Disconnected));
}
