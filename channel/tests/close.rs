//! `close`: nothing enters any more, what is there can be received, everybody who waits learns it.

#[path = "common/closing.rs"]
mod closing;
mod common;

use std::time::Duration;

use closing::{ENDS, assert_closed, recv_somehow, send_somehow};
use common::{Arrivals, Census, Flavor, Tally, World, join_all, rounds};
use hueless_channel::{
    RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, after, bounded, never, select,
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
    every_message_comes_out_once,
    drains_race,
    channels_of_the_clock_stay_open,
);

/// Sends numbers from zero on until there is no room, or `most`. Returns how many.
fn fill(s: &Sender<usize>, most: usize) -> usize {
    (0..most).find(|i| s.try_send(*i).is_err()).unwrap_or(most)
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
