//! Operations that do not wait tell the truth, whatever happens beside them.

use std::fmt::Debug;

use hueless_channel::{TryRecvError, TrySendError, bounded, select};

use crate::common::{World, rounds};

crate::tests_in_all_worlds!(
    values_of_all_kinds_pass_without_waiting,
    capacities_are_as_asked_for,
    a_channel_that_empties_and_closes_is_always_ready,
    one_of_two_channels_is_always_ready,
    a_message_or_a_closed_channel_is_always_ready,
);

/// Go's `nonblock`.
fn values_of_all_kinds_pass_without_waiting<W: World>() {
    passes::<W, _>(1_i32);
    passes::<W, _>(-2_i64);
    passes::<W, _>(3_u8);
    passes::<W, _>(true);
    passes::<W, _>(4.5_f64);
    passes::<W, _>(());
    passes::<W, _>("text".to_owned());
    passes::<W, _>(Box::new(6_u16));
    passes::<W, _>([7_u64; 40]);
    passes::<W, _>(Some((8_i8, "eight")));
}

fn passes<W: World, T: Clone + Debug + PartialEq + Send + 'static>(value: T) {
    // Without room a message passes to one who waits for it.
    let (s, r) = bounded::<T>(0);
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(
        s.try_send(value.clone()),
        Err(TrySendError::Full(value.clone()))
    );
    let receiving = {
        let r = r.clone();
        W::spawn(move || r.recv().unwrap())
    };
    loop {
        let sent = select! {
            send(s, value.clone()) -> res => { res.unwrap(); true }
            default => false,
        };
        if sent {
            break;
        }
        W::yield_now();
    }
    assert_eq!(receiving.join(), value);
    let sending = {
        let (s, value) = (s.clone(), value.clone());
        W::spawn(move || s.send(value).unwrap())
    };
    let received = loop {
        select! {
            recv(r) -> msg => break msg.unwrap(),
            default => W::yield_now(),
        }
    };
    assert_eq!(received, value);
    sending.join();

    // With room for one, one passes.
    let (s, r) = bounded::<T>(1);
    for _ in 0..3 {
        select! {
            recv(r) -> _ => unreachable!(),
            default => {}
        }
        select! {
            send(s, value.clone()) -> res => res.unwrap(),
            default => unreachable!(),
        }
        select! {
            send(s, value.clone()) -> _ => unreachable!(),
            default => {}
        }
        assert_eq!(r.try_recv(), Ok(value.clone()));
    }
}

/// Go's `chancap`.
fn capacities_are_as_asked_for<W: World>() {
    for capacity in [0, 1, 10, 1000] {
        let (s, r) = bounded(capacity);
        assert_eq!(
            (s.capacity(), r.capacity()),
            (Some(capacity), Some(capacity))
        );
        for len in 0..capacity {
            assert_eq!((s.len(), r.len()), (len, len));
            s.try_send(len).unwrap();
        }
        assert_eq!(s.try_send(0), Err(TrySendError::Full(0)));
    }
    let too_much = std::panic::catch_unwind(|| drop(bounded::<u64>(usize::MAX / 2)));
    assert!(too_much.is_err());
}

/// Go's `TestNonblockRecvRace`.
fn a_channel_that_empties_and_closes_is_always_ready<W: World>() {
    for round in 0..rounds(2_000) {
        let (s, r) = bounded(1);
        s.send(round).unwrap();
        let looking = {
            let r = r.clone();
            W::spawn(move || {
                select! {
                    recv(r) -> msg => msg.ok(),
                    default => panic!("there was a message, and then the channel was closed"),
                }
            })
        };
        s.close();
        let mine = r.recv().ok();
        let other = looking.join();
        // One of both has it.
        assert_eq!(mine.xor(other), Some(round));
    }
}

/// Go's `TestNonblockSelectRace`: a message comes before the other one goes.
fn one_of_two_channels_is_always_ready<W: World>() {
    for _ in 0..rounds(2_000) {
        let (s1, r1) = bounded(1);
        let (s2, r2) = bounded(1);
        s1.send(1).unwrap();
        let looking = {
            let (r1, r2) = (r1.clone(), r2.clone());
            W::spawn(move || {
                select! {
                    recv(r1) -> msg => assert_eq!(msg, Ok(1)),
                    recv(r2) -> msg => assert_eq!(msg, Ok(2)),
                    default => panic!("one of the channels had a message all the time"),
                }
            })
        };
        s2.send(2).unwrap();
        let _ = r1.try_recv();
        looking.join();
    }
}

/// Go's `TestNonblockSelectRace2`: the other channel is closed before the message goes.
fn a_message_or_a_closed_channel_is_always_ready<W: World>() {
    for _ in 0..rounds(2_000) {
        let (s1, r1) = bounded(1);
        let (s2, r2) = bounded::<i32>(0);
        s1.send(1).unwrap();
        let looking = {
            let (r1, r2) = (r1.clone(), r2.clone());
            W::spawn(move || {
                select! {
                    recv(r1) -> msg => assert_eq!(msg, Ok(1)),
                    recv(r2) -> msg => assert!(msg.is_err()),
                    default => panic!("there was a message, or the other channel was closed"),
                }
            })
        };
        s2.close();
        let _ = r1.try_recv();
        looking.join();
    }
}
