//! The message of a select's send is made after the commit: a slot that has no message yet.

#![allow(
    clippy::never_loop,
    clippy::diverging_sub_expression,
    reason = "messages that are never made"
)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use common::{Arrivals, Census, Flavor, World};
use hueless_channel::{RecvError, TryRecvError, TrySendError, bounded, select};

tests_in_all_worlds!(
    reserved_slot_counts_as_full,
    reserved_slot_blocks_nobody_else,
    given_up_slot_goes_to_a_waiting_sender,
    waiting_select_gets_the_freed_slot,
    message_goes_to_a_receiver_that_came_meanwhile,
    receivers_gone_meanwhile,
);

/// Panics without a report.
fn quiet_panic() -> ! {
    resume_unwind(Box::new("quiet"))
}

fn reserved_slot_counts_as_full<W: World>() {
    let (s, r) = bounded(2);
    let make = || {
        assert_eq!((s.len(), s.is_empty(), s.is_full()), (0, true, false));
        s.try_send(1).unwrap();
        assert_eq!((s.len(), s.is_empty(), s.is_full()), (1, false, true));
        assert_eq!(s.try_send(9), Err(TrySendError::Full(9)));
        select! {
            send(s, 9) -> _ => panic!("there is no room"),
            default => {}
        }
        2
    };
    select! { send(s, make()) -> res => res.unwrap() }
    assert_eq!(r.try_iter().collect::<Vec<_>>(), [1, 2]);
    assert!(!s.is_full());
}

/// A message that is sent later overtakes one that is still being made.
fn reserved_slot_blocks_nobody_else<W: World>() {
    let (s, r) = bounded(2);
    let other = s.clone();
    let make = || {
        let sender = W::spawn({
            let other = other.clone();
            move || (1..=5).for_each(|i| other.send(i).unwrap())
        });
        for i in 1..=5 {
            assert_eq!(r.recv(), Ok(i));
        }
        sender.join();
        6
    };
    select! { send(s, make()) -> res => res.unwrap() }
    assert_eq!(r.try_recv(), Ok(6));
}

fn given_up_slot_goes_to_a_waiting_sender<W: World>() {
    let (s, r) = bounded(1);
    let arrivals = Arrivals::default();
    let mut sender = None;
    let given_up = catch_unwind(AssertUnwindSafe(|| {
        select! {
            send(s, {
                let (s, arrived) = (s.clone(), arrivals.clone());
                sender = Some(W::spawn(move || {
                    arrived.arrive();
                    s.send(5)
                }));
                arrivals.wait::<W>(1);
                assert_eq!(r.len(), 0);
                quiet_panic()
            }) -> _ => {}
        }
    }));
    assert!(given_up.is_err());
    assert_eq!(sender.unwrap().join(), Ok(()));
    assert_eq!(r.try_recv(), Ok(5));
    s.try_send(6).unwrap();
}

fn waiting_select_gets_the_freed_slot<W: World>() {
    let (s, r) = bounded(1);
    s.send(0).unwrap();
    let arrivals = Arrivals::default();
    let arrived = arrivals.clone();
    let (go_s, go_r) = bounded(0);
    let selecting = W::spawn(move || {
        arrived.arrive();
        select! {
            send(s, go_r.recv().unwrap()) -> res => assert_eq!(res, Ok(())),
        }
    });
    arrivals.wait::<W>(1);
    // The receiver takes its message without waiting for the one that is to be made.
    assert_eq!(r.recv(), Ok(0));
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    go_s.send(1).unwrap();
    selecting.join();
    assert_eq!(r.recv(), Ok(1));
    assert_eq!(r.recv(), Err(RecvError));
}

fn message_goes_to_a_receiver_that_came_meanwhile<W: World>() {
    for flavor in [Flavor::Array(1), Flavor::List] {
        let (s, r) = flavor.make();
        let arrivals = Arrivals::default();
        let arrived = arrivals.clone();
        let receiver;
        select! {
            send(s, {
                receiver = W::spawn(move || {
                    arrived.arrive();
                    r.recv()
                });
                arrivals.wait::<W>(1);
                4
            }) -> res => res.unwrap(),
        }
        assert_eq!(receiver.join(), Ok(4));
        assert!(s.is_empty() && !s.is_full());
    }
}

fn receivers_gone_meanwhile<W: World>() {
    for flavor in [Flavor::Array(1), Flavor::List] {
        let census = Census::default();
        let (s, r) = flavor.make();
        let mut r = Some(r);
        select! {
            send(s, { r.take(); census.message(1) }) -> res =>
                assert_eq!(res.unwrap_err().0.value, 1),
        }
        assert_eq!(census.alive(), 0);
    }
}
