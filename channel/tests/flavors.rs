//! One list of tests for every flavor.

mod common;

use std::time::{Duration, Instant};

use common::{Arrivals, Census, Flavor, NEVER, Random, World, join_all, ms, rounds};
use hueless_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};

/// For each flavor a module with the whole list, in each world.
macro_rules! for_each_flavor {
    ($($name:ident),* $(,)?) => {
        for_each_flavor!(@module zero Flavor::Zero; $($name)*);
        for_each_flavor!(@module one Flavor::Array(1); $($name)*);
        for_each_flavor!(@module array Flavor::Array(7); $($name)*);
        for_each_flavor!(@module list Flavor::List; $($name)*);
    };
    (@module $module:ident $flavor:expr; $($name:ident)*) => {
        mod $module {
            use crate::common::{Flavor, World};
            $(fn $name<W: World>() { super::$name::<W>($flavor) })*
            crate::tests_in_all_worlds!($($name),*);
        }
    };
}

for_each_flavor!(
    smoke,
    len_and_capacity,
    same_channel,
    spsc_in_order,
    mpmc_in_order_for_each_sender,
    nothing_lost_under_stress,
    every_message_dropped_once,
    receivers_gone_drop_messages_at_once,
    senders_gone_drain_first,
    disconnect_wakes_all_receivers,
    disconnect_wakes_all_senders,
    send_timeouts,
    recv_timeouts,
    extreme_timeouts,
    deadline_races_peer,
    iterators,
    zero_sized_messages,
    big_messages,
    channel_through_channel,
    handles_move_between_worlds,
);

fn smoke<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    let sender = W::spawn(move || {
        s.send(1).unwrap();
        s.send(2).unwrap();
        s
    });
    assert_eq!(r.recv(), Ok(1));
    assert_eq!(r.recv(), Ok(2));
    let s = sender.join();
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
    drop(s);
    assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(r.recv(), Err(RecvError));
}

fn len_and_capacity<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    assert_eq!(s.capacity(), flavor.capacity());
    assert_eq!(r.capacity(), flavor.capacity());
    let room = flavor.capacity().unwrap_or(1000);
    for sent in 0..room {
        assert_eq!((s.len(), r.len()), (sent, sent));
        assert_eq!((s.is_empty(), r.is_empty()), (sent == 0, sent == 0));
        assert!(!s.is_full() && !r.is_full());
        s.try_send(sent).unwrap();
    }
    if flavor.capacity().is_some() {
        assert!(s.is_full() && r.is_full());
        assert_eq!(s.try_send(0), Err(TrySendError::Full(0)));
    }
    assert_eq!(r.try_iter().take(room).count(), room);
    assert!(s.is_empty() && r.is_empty());
    assert_eq!(s.is_full(), room == 0);
    drop(r);
    assert_eq!(s.capacity(), flavor.capacity());
    assert_eq!((s.len(), s.is_empty()), (0, true));
    assert_eq!(s.is_full(), room == 0);
}

fn same_channel<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make::<i32>();
    let (s2, r2) = flavor.make::<i32>();
    assert!(s.same_channel(&s.clone()) && r.same_channel(&r.clone()));
    assert!(!s.same_channel(&s2) && !r.same_channel(&r2));
}

fn spsc_in_order<W: World>(flavor: Flavor) {
    let count = rounds(20_000);
    let (s, r) = flavor.make();
    let sender = W::spawn(move || {
        for i in 0..count {
            s.send(i).unwrap();
        }
    });
    for i in 0..count {
        assert_eq!(r.recv(), Ok(i));
    }
    assert_eq!(r.recv(), Err(RecvError));
    sender.join();
}

fn mpmc_in_order_for_each_sender<W: World>(flavor: Flavor) {
    const SENDERS: usize = 4;
    let count = rounds(4_000);
    let (s, r) = flavor.make();
    let receivers: Vec<_> = (0..3)
        .map(|_| {
            let r = r.clone();
            W::spawn(move || {
                let mut last = [None; SENDERS];
                let mut received = 0;
                for (sender, i) in r {
                    assert!(last[sender] < Some(i), "{i} of {sender} after {last:?}");
                    last[sender] = Some(i);
                    received += 1;
                }
                received
            })
        })
        .collect();
    drop(r);
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let s = s.clone();
            W::spawn(move || (0..count).for_each(|i| s.send((sender, i)).unwrap()))
        })
        .collect();
    drop(s);
    join_all(senders);
    assert_eq!(join_all(receivers).iter().sum::<usize>(), SENDERS * count);
}

/// Everybody uses every operation there is, with time limits that pass now and then.
fn nothing_lost_under_stress<W: World>(flavor: Flavor) {
    let count = rounds(2_000);
    let (s, r) = flavor.make();
    let senders: Vec<_> = (0..4)
        .map(|seed| {
            let s = s.clone();
            W::spawn(move || {
                let mut random = Random::new(seed);
                let mut sent = 0;
                for i in 1..=count {
                    let done = match random.below(4) {
                        0 => s.try_send(i).is_ok(),
                        1 => s.send_timeout(i, Duration::from_micros(20)).is_ok(),
                        2 => s.send_deadline(i, Instant::now()).is_ok(),
                        _ => s.send(i).is_ok(),
                    };
                    sent += if done { i } else { 0 };
                }
                sent
            })
        })
        .collect();
    drop(s);
    let receivers: Vec<_> = (10..14)
        .map(|seed| {
            let r = r.clone();
            W::spawn(move || {
                let mut random = Random::new(seed);
                let mut received = 0;
                loop {
                    let (msg, over) = match random.below(4) {
                        0 => (r.try_recv().ok(), false),
                        1 => (r.recv_timeout(Duration::from_micros(20)).ok(), false),
                        2 => (r.recv_deadline(Instant::now()).ok(), false),
                        _ => {
                            let msg = r.recv().ok();
                            (msg, msg.is_none())
                        }
                    };
                    received += msg.unwrap_or(0);
                    if over {
                        return received;
                    }
                }
            })
        })
        .collect();
    drop(r);
    let sent: usize = join_all(senders).iter().sum();
    assert_eq!(join_all(receivers).iter().sum::<usize>(), sent);
}

fn every_message_dropped_once<W: World>(flavor: Flavor) {
    for round in 0..rounds(200) {
        let census = Census::default();
        let (s, r) = flavor.make();
        let sender = {
            let census = census.clone();
            W::spawn(move || {
                for i in 0..round {
                    match i % 3 {
                        0 => drop(s.try_send(census.message(i))),
                        1 => drop(s.send_timeout(census.message(i), Duration::from_micros(10))),
                        _ => drop(s.send(census.message(i))),
                    }
                }
            })
        };
        let mut random = Random::new(round as u64);
        for _ in 0..random.below(round + 1) {
            match random.below(2) {
                0 => drop(r.try_recv()),
                _ => drop(r.recv()),
            }
        }
        drop(r);
        sender.join();
        assert_eq!(census.alive(), 0, "round {round}");
    }
}

fn receivers_gone_drop_messages_at_once<W: World>(flavor: Flavor) {
    let census = Census::default();
    let (s, r) = flavor.make();
    let mut sent = 0;
    while sent < 100 && s.try_send(census.message(sent)).is_ok() {
        sent += 1;
    }
    let r2 = r.clone();
    drop(r);
    assert_eq!(census.alive(), sent);
    drop(r2);
    assert_eq!(census.alive(), 0);
    let err = s.send(census.message(7)).map_err(|err| err.0.value);
    assert_eq!(err, Err(7));
    assert!(
        s.try_send(census.message(7))
            .is_err_and(|err| err.is_disconnected())
    );
    assert_eq!(census.alive(), 0);
}

fn senders_gone_drain_first<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    let mut sent = 0;
    while sent < 100 && s.try_send(sent).is_ok() {
        sent += 1;
    }
    let s2 = s.clone();
    drop(s);
    drop(s2);
    for i in 0..sent {
        assert_eq!(r.recv(), Ok(i));
    }
    assert_eq!(r.recv(), Err(RecvError));
    assert_eq!(r.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(r.recv_timeout(NEVER), Err(RecvTimeoutError::Disconnected));
}

fn disconnect_wakes_all_receivers<W: World>(flavor: Flavor) {
    const WAITERS: usize = 8;
    let (s, r) = flavor.make::<i32>();
    let arrivals = Arrivals::default();
    let waiters: Vec<_> = (0..WAITERS)
        .map(|i| {
            let (r, arrivals) = (r.clone(), arrivals.clone());
            W::spawn(move || {
                arrivals.arrive();
                if i % 2 == 0 {
                    assert_eq!(r.recv(), Err(RecvError));
                } else {
                    assert_eq!(r.recv_timeout(NEVER), Err(RecvTimeoutError::Disconnected));
                }
            })
        })
        .collect();
    arrivals.wait::<W>(WAITERS);
    drop(s);
    join_all(waiters);
}

fn disconnect_wakes_all_senders<W: World>(flavor: Flavor) {
    const WAITERS: usize = 8;
    let census = Census::default();
    let (s, r) = flavor.make();
    let mut full = 0;
    while full < 100 && s.try_send(census.message(0)).is_ok() {
        full += 1;
    }
    let arrivals = Arrivals::default();
    let waiters: Vec<_> = (0..WAITERS)
        .map(|i| {
            let (s, census, arrivals) = (s.clone(), census.clone(), arrivals.clone());
            W::spawn(move || {
                arrivals.arrive();
                let back = if i % 2 == 0 {
                    s.send(census.message(i)).err().map(|err| err.0)
                } else {
                    let sent = s.send_timeout(census.message(i), NEVER);
                    sent.err().map(|err| {
                        assert!(err.is_disconnected());
                        err.into_inner()
                    })
                };
                // An unbounded channel may have taken it.
                back.is_none_or(|msg| msg.value == i)
            })
        })
        .collect();
    arrivals.wait::<W>(WAITERS);
    drop(r);
    assert!(join_all(waiters).into_iter().all(|right| right));
    assert_eq!(census.alive(), 0);
}

fn send_timeouts<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    let Some(capacity) = flavor.capacity() else {
        assert_eq!(s.send_timeout(1, Duration::ZERO), Ok(()));
        return;
    };
    for i in 0..capacity {
        // There is room, so the deadline does not matter.
        assert_eq!(s.send_deadline(i, Instant::now() - ms(1)), Ok(()));
    }
    let start = Instant::now();
    assert_eq!(s.send_timeout(9, ms(20)), Err(SendTimeoutError::Timeout(9)));
    assert!(start.elapsed() >= ms(20));
    assert_eq!(s.send_deadline(9, start), Err(SendTimeoutError::Timeout(9)));
    assert_eq!(s.len(), capacity);
    drop(r);
    assert_eq!(
        s.send_timeout(9, ms(20)),
        Err(SendTimeoutError::Disconnected(9))
    );
}

fn recv_timeouts<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    let start = Instant::now();
    assert_eq!(r.recv_timeout(ms(20)), Err(RecvTimeoutError::Timeout));
    assert!(start.elapsed() >= ms(20));
    assert_eq!(r.recv_deadline(start), Err(RecvTimeoutError::Timeout));
    let sender = W::spawn(move || s.send(5));
    assert_eq!(r.recv_timeout(NEVER), Ok(5));
    assert_eq!(sender.join(), Ok(()));
    assert_eq!(r.recv_timeout(NEVER), Err(RecvTimeoutError::Disconnected));
}

fn extreme_timeouts<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    assert_eq!(
        r.recv_timeout(Duration::ZERO),
        Err(RecvTimeoutError::Timeout)
    );
    let sender = W::spawn(move || s.send_timeout(1, Duration::MAX).map(|()| s));
    assert_eq!(r.recv_timeout(Duration::MAX), Ok(1));
    let s = sender.join().unwrap();
    let receiver = W::spawn(move || r.recv_timeout(Duration::MAX));
    drop(s);
    assert_eq!(receiver.join(), Err(RecvTimeoutError::Disconnected));
}

/// Whatever the outcome of the race, both sides agree on it.
fn deadline_races_peer<W: World>(flavor: Flavor) {
    for round in 0..rounds(400) {
        let (s, r) = flavor.make();
        let wait = Duration::from_micros(round as u64 % 50);
        let sender = W::spawn(move || s.send_timeout(round, wait));
        let received = r.recv_timeout(wait);
        let sent = sender.join();
        match (flavor, received) {
            (_, Ok(msg)) => assert_eq!((msg, sent), (round, Ok(()))),
            (Flavor::Zero, Err(_)) => assert!(sent.is_err()),
            (_, Err(_)) => assert_eq!(sent.is_ok(), r.try_recv().is_ok()),
        }
    }
}

fn iterators<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    let sender = W::spawn(move || (0..9).for_each(|i| s.send(i).unwrap()));
    assert_eq!(r.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!((&r).into_iter().take(3).collect::<Vec<_>>(), [3, 4, 5]);
    let mut rest = r.into_iter();
    assert_eq!(rest.by_ref().collect::<Vec<_>>(), [6, 7, 8]);
    assert_eq!(rest.next(), None);
    sender.join();

    let (s, r) = flavor.make();
    assert_eq!(r.try_iter().count(), 0);
    while r.len() < 5 && s.try_send(()).is_ok() {}
    assert_eq!(r.try_iter().count(), flavor.capacity().unwrap_or(5).min(5));
}

fn zero_sized_messages<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    let sender = W::spawn(move || (0..1000).for_each(|_| s.send(()).unwrap()));
    assert_eq!(r.iter().count(), 1000);
    sender.join();
}

fn big_messages<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    let sender = W::spawn(move || {
        for i in 0..200u64 {
            s.send([i; 200]).unwrap();
        }
    });
    for (i, msg) in r.iter().enumerate() {
        assert!(msg.iter().all(|x| *x == i as u64));
    }
    sender.join();
}

fn channel_through_channel<W: World>(flavor: Flavor) {
    struct Next(Option<hueless_channel::Receiver<Next>>);
    let count = rounds(1_000);
    let (s, r) = flavor.make();
    let sender = W::spawn(move || {
        let mut s = s;
        for _ in 0..count {
            let (next_s, next_r) = flavor.make();
            s.send(Next(Some(next_r))).unwrap();
            s = next_s;
        }
    });
    let mut r = r;
    for _ in 0..count {
        let next = r.recv().unwrap().0.unwrap();
        r = next;
    }
    assert!(r.recv().is_err());
    sender.join();
}

fn handles_move_between_worlds<W: World>(flavor: Flavor) {
    let (s, r) = flavor.make();
    let sender = std::thread::spawn(move || (0..500).for_each(|i| s.send(i).unwrap()));
    let receiver = W::spawn(move || r.iter().collect::<Vec<_>>());
    assert_eq!(receiver.join(), (0..500).collect::<Vec<_>>());
    sender.join().unwrap();
}

#[test]
fn capacity_0_to_200() {
    for capacity in 0..=200 {
        let (s, r) = hueless_channel::bounded(capacity);
        assert_eq!(s.capacity(), Some(capacity));
        for i in 0..capacity {
            s.try_send(i).unwrap();
        }
        assert_eq!(s.try_send(0), Err(TrySendError::Full(0)));
        for i in 0..capacity / 2 {
            assert_eq!(r.try_recv(), Ok(i));
        }
        for i in 0..capacity / 2 {
            s.try_send(capacity + i).unwrap();
        }
        let rest: Vec<_> = r.try_iter().collect();
        assert_eq!(
            rest,
            (capacity / 2..capacity / 2 + capacity).collect::<Vec<_>>()
        );
    }
}

#[test]
fn send_error_gives_the_message_back() {
    let (s, r) = hueless_channel::bounded(0);
    drop(r);
    assert_eq!(s.send(String::from("x")), Err(SendError(String::from("x"))));
}

/// Slots of no size: there can be any number of them.
#[test]
fn the_greatest_capacity_is_one() {
    let (s, r) = hueless_channel::bounded::<()>(usize::MAX);
    assert_eq!(
        (s.capacity(), r.capacity()),
        (Some(usize::MAX), Some(usize::MAX))
    );
    s.send(()).unwrap();
    assert_eq!((s.len(), s.is_full(), r.recv()), (1, false, Ok(())));
}
