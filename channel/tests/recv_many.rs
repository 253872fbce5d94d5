//! `recv_many`: batches.

mod common;

use std::time::Duration;

use common::{Arrivals, Census, Flavor, Tally, World, join_all, rounds};
use hueless_channel::{Select, after, bounded, tick, unbounded};

tests_in_all_worlds!(
    takes_what_is_there_within_the_limit,
    a_limit_of_zero_never_waits,
    waits_for_the_first,
    keeps_the_order_among_other_receives,
    every_waiting_sender_is_served,
    a_rendezvous_serves_its_senders,
    selects_that_wait_to_send_are_served,
    returned_messages_come_first,
    ends_with_the_channel,
    zero_sized_messages,
    a_buffer_with_room_stays_where_it_is,
    what_was_received_is_dropped_once,
    batches_of_many_consumers,
    from_the_clock,
);

fn takes_what_is_there_within_the_limit<W: World>() {
    for flavor in [Flavor::Array(5), Flavor::Array(64), Flavor::List] {
        for limit in [1, 2, 4, 5, 6, 64, 1000, usize::MAX] {
            let (s, r) = flavor.make();
            (0..5).for_each(|i| s.send(i).unwrap());
            let mut batch = vec![77];
            let count = r.recv_many(&mut batch, limit);
            assert_eq!(count, limit.min(5));
            assert_eq!(batch[0], 77, "what is in the buffer stays");
            assert_eq!(batch[1..], (0..count).collect::<Vec<_>>()[..]);
            assert_eq!(
                r.try_iter().collect::<Vec<_>>(),
                (count..5).collect::<Vec<_>>()
            );
        }
    }
}

fn a_limit_of_zero_never_waits<W: World>() {
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make::<i32>();
        let mut batch = Vec::new();
        assert_eq!(r.recv_many(&mut batch, 0), 0);
        let _ = s.try_send(1);
        let len = r.len();
        assert_eq!(r.recv_many(&mut batch, 0), 0);
        assert_eq!((batch.capacity(), r.len()), (0, len));
        drop(s);
        assert_eq!(r.recv_many(&mut batch, 0), 0);
    }
}

fn waits_for_the_first<W: World>() {
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make();
        let arrivals = Arrivals::default();
        let arrived = arrivals.clone();
        let receiver = W::spawn(move || {
            let mut batch = Vec::new();
            arrived.arrive();
            let count = r.recv_many(&mut batch, 10);
            (count, batch)
        });
        arrivals.wait::<W>(1);
        s.send(3).unwrap();
        assert_eq!(receiver.join(), (1, vec![3]));
    }
}

fn keeps_the_order_among_other_receives<W: World>() {
    let count = rounds(10_000);
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make();
        let sender = W::spawn(move || (0..count).for_each(|i| s.send(i).unwrap()));
        let mut all = Vec::new();
        for turn in 0.. {
            let before = all.len();
            let received = match turn % 4 {
                0 => r.recv().map(|msg| all.push(msg)).is_ok(),
                1 => {
                    all.extend(r.try_recv());
                    true
                }
                _ => {
                    let limit = turn % 7 + 1;
                    let received = r.recv_many(&mut all, limit);
                    assert!(received <= limit);
                    assert_eq!(all.len() - before, received);
                    received > 0
                }
            };
            if !received {
                break;
            }
        }
        sender.join();
        assert_eq!(all, (0..count).collect::<Vec<_>>());
    }
}

fn every_waiting_sender_is_served<W: World>() {
    const SENDERS: usize = 9;
    for capacity in 1..5 {
        for limit in [1, 2, 3, 100] {
            let (s, r) = bounded(capacity);
            let arrivals = Arrivals::default();
            let senders: Vec<_> = (0..SENDERS)
                .map(|i| {
                    let (s, arrivals) = (s.clone(), arrivals.clone());
                    W::spawn(move || {
                        arrivals.arrive();
                        s.send(i)
                    })
                })
                .collect();
            arrivals.wait::<W>(SENDERS);
            let tally = Tally::new(SENDERS);
            let mut left = SENDERS;
            while left > 0 {
                let mut batch = Vec::new();
                let count = r.recv_many(&mut batch, limit);
                assert!(count <= limit);
                batch.into_iter().for_each(|msg| tally.count(msg));
                left -= count;
            }
            assert!(join_all(senders).into_iter().all(|sent| sent.is_ok()));
            tally.assert_all_came_out();
            assert!(r.is_empty() && !r.is_full());
        }
    }
}

fn a_rendezvous_serves_its_senders<W: World>() {
    const SENDERS: usize = 6;
    let (s, r) = bounded(0);
    let senders: Vec<_> = (0..SENDERS)
        .map(|i| {
            let s = s.clone();
            W::spawn(move || s.send(i).unwrap())
        })
        .collect();
    drop(s);
    let mut all = Vec::new();
    while r.recv_many(&mut all, 3) > 0 {}
    join_all(senders);
    all.sort_unstable();
    assert_eq!(all, (0..SENDERS).collect::<Vec<_>>());
}

fn selects_that_wait_to_send_are_served<W: World>() {
    const SENDERS: usize = 6;
    for capacity in 0..3 {
        let (s, r) = bounded(capacity);
        let (_other, nothing) = bounded::<()>(0);
        let senders: Vec<_> = (0..SENDERS)
            .map(|i| {
                let (s, nothing) = (s.clone(), nothing.clone());
                W::spawn(move || {
                    hueless_channel::select! {
                        send(s, { W::yield_now(); i }) -> res => res.unwrap(),
                        recv(nothing) -> _ => unreachable!(),
                    }
                })
            })
            .collect();
        drop(s);
        let mut all = Vec::new();
        while r.recv_many(&mut all, 4) > 0 {}
        join_all(senders);
        all.sort_unstable();
        assert_eq!(all, (0..SENDERS).collect::<Vec<_>>());
    }
}

/// A task that waits to be unwound gives back what it has selected.
fn give_back(r: &hueless_channel::Receiver<usize>) {
    let mut list = Select::new();
    list.recv(r);
    let operation = list.select();
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(operation)));
    assert!(dropped.is_err());
}

fn returned_messages_come_first<W: World>() {
    for flavor in [Flavor::Array(4), Flavor::List] {
        for limit in 1..6 {
            let (s, r) = flavor.make();
            (0..4).for_each(|i| s.send(i).unwrap());
            give_back(&r);
            let mut batch = Vec::new();
            assert_eq!(r.recv_many(&mut batch, limit), limit.min(4));
            batch.extend(r.try_iter());
            assert_eq!(batch, [0, 1, 2, 3]);
        }
    }
}

fn ends_with_the_channel<W: World>() {
    for flavor in Flavor::ALL {
        for close in [false, true] {
            let (s, r) = flavor.make();
            let full = (0..5).take_while(|i| s.try_send(*i).is_ok()).count();
            if close {
                s.close();
            } else {
                drop(s);
            }
            let mut batch = Vec::new();
            assert_eq!(r.recv_many(&mut batch, 100), full);
            assert_eq!(r.recv_many(&mut batch, 100), 0);
            assert_eq!(batch.len(), full);
        }
    }
}

fn zero_sized_messages<W: World>() {
    let (s, r) = unbounded();
    (0..1000).for_each(|_| s.send(()).unwrap());
    let mut batch = Vec::new();
    assert_eq!(r.recv_many(&mut batch, 300), 300);
    assert_eq!(r.recv_many(&mut batch, usize::MAX), 700);
    assert_eq!(batch.len(), 1000);
}

fn a_buffer_with_room_stays_where_it_is<W: World>() {
    let (s, r) = bounded(8);
    let mut batch = Vec::with_capacity(8);
    let (place, capacity) = (batch.as_ptr(), batch.capacity());
    for round in 0..50 {
        (0..8).for_each(|i| s.send(round * 8 + i).unwrap());
        assert_eq!(r.recv_many(&mut batch, 8), 8);
        assert_eq!((batch.as_ptr(), batch.capacity()), (place, capacity));
        batch.clear();
    }
}

fn what_was_received_is_dropped_once<W: World>() {
    let census = Census::default();
    for flavor in [Flavor::Array(7), Flavor::List] {
        let (s, r) = flavor.make();
        let census = census.clone();
        let messages = census.clone();
        let sender = W::spawn(move || (0..500).for_each(|i| s.send(messages.message(i)).unwrap()));
        let mut received = 0;
        let mut batch = Vec::new();
        loop {
            let count = r.recv_many(&mut batch, received % 9 + 1);
            if count == 0 {
                break;
            }
            received += count;
            if received % 3 == 0 {
                batch.clear();
            }
        }
        sender.join();
        assert_eq!(received, 500);
        drop(batch);
        assert_eq!(census.alive(), 0);
    }
}

fn batches_of_many_consumers<W: World>() {
    const SENDERS: usize = 4;
    let each = rounds(4_000);
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make();
        let tally = Tally::new(SENDERS * each);
        let receivers: Vec<_> = (1..5)
            .map(|limit| {
                let (r, tally) = (r.clone(), tally.clone());
                W::spawn(move || {
                    let mut last = [None; SENDERS];
                    let mut batch = Vec::new();
                    loop {
                        let count = r.recv_many(&mut batch, limit * limit);
                        assert!(count <= limit * limit);
                        assert_eq!(batch.len(), count);
                        if count == 0 {
                            return;
                        }
                        for (sender, i) in batch.drain(..) {
                            assert!(last[sender] < Some(i), "out of order");
                            last[sender] = Some(i);
                            tally.count(sender * each + i);
                        }
                    }
                })
            })
            .collect();
        drop(r);
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let s = s.clone();
                W::spawn(move || (0..each).for_each(|i| s.send((sender, i)).unwrap()))
            })
            .collect();
        drop(s);
        join_all(senders);
        join_all(receivers);
        tally.assert_all_came_out();
    }
}

fn from_the_clock<W: World>() {
    let mut batch = Vec::new();
    assert_eq!(after(Duration::ZERO).recv_many(&mut batch, 5), 1);
    assert_eq!(tick(Duration::from_millis(1)).recv_many(&mut batch, 1), 1);
    let count = tick(Duration::ZERO).recv_many(&mut batch, 4);
    assert!((1..=4).contains(&count));
    assert_eq!(batch.len(), 2 + count);
}
