//! Messages of every kind arrive whole, and are dropped once.

use std::any::Any;
use std::fmt::Display;
use std::sync::Arc;

use hueless_channel::{bounded, select, unbounded};

use crate::common::{Census, Counted, World, join_all, rounds};

crate::tests_in_all_worlds!(
    messages_without_a_size_are_counted,
    messages_behind_a_trait_arrive_as_they_are,
    what_is_on_the_heap_passes_through_many_hands,
    what_selects_pass_on_is_dropped_once,
);

/// Go's `zerosize`.
fn messages_without_a_size_are_counted<W: World>() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Nothing([u64; 0]);
    let nothing = Nothing([]);
    for (s, r) in [bounded(2), unbounded()] {
        s.send(nothing).unwrap();
        s.send(nothing).unwrap();
        assert_eq!((s.len(), s.is_full()), (2, s.capacity() == Some(2)));
        let sending = W::spawn(move || (0..1_000).for_each(|_| s.send(nothing).unwrap()));
        assert_eq!(
            r.iter().inspect(|msg| assert_eq!(*msg, nothing)).count(),
            1_002
        );
        sending.join();
    }
    let (s, r) = bounded(0);
    let sending = W::spawn(move || select! { send(s, nothing) -> res => res });
    assert_eq!(select! { recv(r) -> msg => msg }, Ok(nothing));
    assert_eq!(sending.join(), Ok(()));
}

/// Go's `TestChanSendInterface`.
fn messages_behind_a_trait_arrive_as_they_are<W: World>() {
    trait Message: Any + Display + Send {}
    impl<T: Any + Display + Send> Message for T {}

    for capacity in [0, 1, 3] {
        let (s, r) = bounded::<Box<dyn Message>>(capacity);
        let sending = W::spawn(move || {
            s.send(Box::new(1_u8)).unwrap();
            select! {
                send(s, Box::new("two".to_owned())) -> res => res.unwrap(),
                send(s, Box::new("two".to_owned())) -> res => res.unwrap(),
            }
            let mut waiting: Box<dyn Message> = Box::new(3.5_f32);
            while let Err(error) = s.try_send(waiting) {
                waiting = error.into_inner();
                W::yield_now();
            }
        });
        let texts: Vec<_> = r.iter().map(|msg| msg.to_string()).collect();
        assert_eq!(texts, ["1", "two", "3.5"]);
        sending.join();
    }
}

/// Go's `TestChanSendBarrier`: each hand makes something new of what it gets.
fn what_is_on_the_heap_passes_through_many_hands<W: World>() {
    const HANDS: usize = 50;
    let count = rounds(400);
    let lines: Vec<_> = [0, 0, 1, 100]
        .into_iter()
        .map(|capacity| {
            let (first, mut from) = bounded::<Arc<Vec<usize>>>(capacity);
            let hands: Vec<_> = (0..HANDS)
                .map(|hand| {
                    let (s, next) = bounded(capacity);
                    let from = std::mem::replace(&mut from, next);
                    W::spawn(move || {
                        for seen in from {
                            let mut seen = Arc::unwrap_or_clone(seen);
                            seen.push(hand);
                            s.send(Arc::new(seen)).unwrap();
                        }
                    })
                })
                .collect();
            let feeding = W::spawn(move || {
                (0..count).for_each(|_| first.send(Arc::new(Vec::new())).unwrap());
            });
            let reading = W::spawn(move || {
                let mut got = 0;
                for seen in from {
                    assert!(Arc::unwrap_or_clone(seen).into_iter().eq(0..HANDS));
                    got += 1;
                }
                assert_eq!(got, count);
            });
            (hands, feeding, reading)
        })
        .collect();
    for (hands, feeding, reading) in lines {
        feeding.join();
        join_all(hands);
        reading.join();
    }
}

/// Go's `TestChanSendSelectBarrier`.
fn what_selects_pass_on_is_dropped_once<W: World>() {
    const HANDS: usize = 20;
    let count = rounds(2_000);
    let census = Census::default();
    let (s1, r1) = bounded::<Counted>(0);
    let (s2, r2) = bounded::<Counted>(2);
    let handles: Vec<_> = (0..HANDS)
        .map(|hand| {
            let (s1, r1, s2, r2) = (s1.clone(), r1.clone(), s2.clone(), r2.clone());
            let census = census.clone();
            W::spawn(move || {
                let mut kept = 0;
                for i in 0..count {
                    select! {
                        send(s1, census.message(i)) -> res => assert!(res.is_ok()),
                        send(s2, census.message(i)) -> res => assert!(res.is_ok()),
                        recv(r1) -> msg => kept += msg.unwrap_or_else(|_| unreachable!()).value,
                        recv(r2) -> msg => {
                            let msg = msg.unwrap_or_else(|_| unreachable!());
                            if hand % 2 == 0 {
                                kept += msg.value;
                            } else if let Err(msg) = s2.try_send(msg) {
                                kept += msg.into_inner().value;
                            }
                        }
                    }
                }
                kept
            })
        })
        .collect();
    // The last of them may wait for a peer that has ended already.
    let stop = {
        let (s2, r2, census) = (s2.clone(), r2.clone(), census.clone());
        let (end_s, end_r) = bounded::<()>(0);
        let helping = W::spawn(move || {
            loop {
                select! {
                    recv(r2) -> _ => {}
                    send(s2, census.message(0)) -> _ => {}
                    recv(end_r) -> _ => break,
                }
            }
        });
        (helping, end_s)
    };
    assert!(join_all(handles).into_iter().sum::<usize>() > 0);
    let (helping, end) = stop;
    drop(end);
    helping.join();
    drop((s1, r1, s2, r2));
    assert_eq!(census.alive(), 0);
}
