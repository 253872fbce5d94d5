//! `close` while operations are selected and not completed.

#[path = "common/closing.rs"]
mod closing;
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use closing::{ENDS, assert_closed, recv_somehow};
use common::{Census, Flavor, World, rounds};
use hueless_channel::{RecvError, Select, SendError, bounded, select};

tests_in_all_worlds!(
    a_reserved_send_fails,
    a_reservation_given_up_makes_no_room,
    a_waiting_send_was_granted_a_slot,
    a_paired_send_and_its_receiver_agree,
    an_operation_that_was_selected_goes_on,
    a_message_given_back_can_be_received,
);

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
