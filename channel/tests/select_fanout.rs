//! Broadcast and watch channels as cases of a `select!`.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Arrivals, NEVER, World, join_all, ms, rounds};
use hueless_channel::{
    bounded, broadcast, broadcast::RecvError, select, select_biased, unbounded, watch,
};

tests_in_all_worlds!(
    a_single_case_is_a_receive,
    what_is_ready_is_selected,
    default_runs_when_nothing_is_ready,
    the_end_is_ready,
    each_wakes_a_select_that_waits,
    one_case_is_committed_and_nothing_is_lost,
    selects_on_one_receiver_share_its_messages,
    a_channel_twice_in_one_select,
    many_selects_wake_at_once,
    timeout_races_send,
    send_cases_beside_broadcasts,
);

fn a_single_case_is_a_receive<W: World>() {
    let (tx, rx) = broadcast(1);
    let (value, latest) = watch(0);
    select! {
        recv(rx) -> _ => panic!("nothing was sent"),
        default => {}
    }
    select! {
        recv(latest) -> _ => panic!("it has been seen"),
        default(ms(1)) => {}
    }
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    value.send(3).unwrap();
    select! { recv(rx) -> msg => assert_eq!(msg, Err(RecvError::Lagged(1))) }
    select! {
        recv(&rx) -> msg => assert_eq!(msg, Ok(2)),
        default => panic!("a message was there"),
    }
    select! {
        recv(&latest) -> value => assert_eq!(value, Ok(3)),
        default(NEVER) => panic!("a value was there"),
    }
    drop((tx, value));
    select! {
        recv(Arc::new(rx)) -> msg => assert_eq!(msg, Err(RecvError::Disconnected)),
        default(NEVER) => panic!("it was disconnected"),
    }
    select! {
        recv(latest) -> value => assert!(value.is_err()),
        default => panic!("it was disconnected"),
    }
}

fn what_is_ready_is_selected<W: World>() {
    let (tx, rx) = broadcast(2);
    let (value, latest) = watch(0);
    let (s, r) = bounded(1);
    let (mut messages, mut values, mut others) = (0, 0, 0);
    for round in 1..=300 {
        match round % 3 {
            0 => drop(tx.send(round).unwrap()),
            1 => value.send(round).unwrap(),
            _ => s.send(round).unwrap(),
        }
        select! {
            recv(rx) -> msg => {
                assert_eq!((msg, round % 3), (Ok(round), 0));
                messages += 1;
            }
            recv(latest) -> value => {
                assert_eq!((value, round % 3), (Ok(round), 1));
                values += 1;
            }
            recv(r) -> msg => {
                assert_eq!((msg, round % 3), (Ok(round), 2));
                others += 1;
            }
        }
    }
    assert_eq!((messages, values, others), (100, 100, 100));
    // All at once: each has its turn.
    for _ in 0..2 {
        tx.send(1).unwrap();
    }
    value.send(1).unwrap();
    s.send(1).unwrap();
    let mut seen = [0; 3];
    for _ in 0..4 {
        let case = select! {
            recv(rx) -> _ => 0,
            recv(latest) -> _ => 1,
            recv(r) -> _ => 2,
        };
        seen[case] += 1;
    }
    assert_eq!(seen, [2, 1, 1]);
    tx.send(1).unwrap();
    s.send(1).unwrap();
    let first = select_biased! {
        recv(latest) -> _ => 0,
        recv(rx) -> _ => 1,
        recv(r) -> _ => 2,
    };
    assert_eq!(first, 1);
}

fn default_runs_when_nothing_is_ready<W: World>() {
    let (_tx, rx) = broadcast::<u8>(1);
    let (_value, latest) = watch(0);
    for wait in [Duration::ZERO, ms(1)] {
        select! {
            recv(rx) -> _ => panic!("nothing was sent"),
            recv(latest) -> _ => panic!("nothing was sent"),
            default(wait) => {}
        }
    }
    select! {
        recv(rx) -> _ => panic!("nothing was sent"),
        recv(latest) -> _ => panic!("nothing was sent"),
        default => {}
    }
}

fn the_end_is_ready<W: World>() {
    let (tx, rx) = broadcast::<u8>(1);
    let (value, latest) = watch(0);
    drop(tx);
    select! {
        recv(rx) -> msg => assert_eq!(msg, Err(RecvError::Disconnected)),
        recv(latest) -> _ => panic!("nothing was sent"),
    }
    let (_tx, rx) = broadcast::<u8>(1);
    value.close();
    select! {
        recv(rx) -> _ => panic!("nothing was sent"),
        recv(latest) -> value => assert!(value.is_err()),
    }
    // Of one that is awaited.
    let (tx, rx) = broadcast::<u8>(1);
    let (value, latest) = watch(0);
    let arrivals = Arrivals::default();
    let waiting = (0..2).map(|_| {
        let (rx, latest, arrivals) = (rx.clone(), latest.clone(), arrivals.clone());
        W::spawn(move || {
            arrivals.arrive();
            select! {
                recv(rx) -> msg => assert_eq!(msg, Err(RecvError::Disconnected)),
                recv(latest) -> _ => panic!("nothing was sent"),
            }
            arrivals.arrive();
            select! {
                recv(latest) -> value => assert!(value.is_err()),
                default(NEVER) => panic!("it is over"),
            }
        })
    });
    let waiting = waiting.collect();
    arrivals.wait::<W>(2);
    rx.close();
    arrivals.wait::<W>(4);
    drop((tx, value));
    join_all::<()>(waiting);
}

fn each_wakes_a_select_that_waits<W: World>() {
    for case in 0..3 {
        let (tx, rx) = broadcast(1);
        let (value, latest) = watch(0);
        let (s, r) = bounded(0);
        let arrivals = Arrivals::default();
        let arrived = arrivals.clone();
        let waiting = W::spawn(move || {
            arrived.arrive();
            select! {
                recv(rx) -> msg => (0, msg.unwrap()),
                recv(latest) -> value => (1, value.unwrap()),
                recv(r) -> msg => (2, msg.unwrap()),
            }
        });
        arrivals.wait::<W>(1);
        match case {
            0 => assert_eq!(tx.send(7), Ok(1)),
            1 => value.send(7).unwrap(),
            _ => s.send(7).unwrap(),
        }
        assert_eq!(waiting.join(), (case, 7));
    }
}

/// Two broadcasts, a watch and a rendezvous channel at once: what comes is exactly what was sent.
fn one_case_is_committed_and_nothing_is_lost<W: World>() {
    const SELECTING: usize = 3;
    let count = rounds(1200);
    let (tx1, rx1) = broadcast(2 * count);
    let (tx2, rx2) = broadcast(2 * count);
    let (value, latest) = watch(0);
    let (s, r) = bounded(0);
    let met = Arc::new(AtomicUsize::new(0));
    let selecting = (0..SELECTING).map(|_| {
        let (rx1, rx2, latest, r) = (rx1.clone(), rx2.clone(), latest.clone(), r.clone());
        let met = met.clone();
        W::spawn(move || {
            let (mut next1, mut next2, mut last) = (0, 0, 0);
            // What takes the place of those that are disconnected.
            let (_tx, never) = broadcast(1);
            let (_value, unchanging) = watch(0);
            let mut open = 4;
            let (mut rx1, mut rx2, mut latest, mut r) = (rx1, rx2, latest, r);
            while open > 0 {
                select! {
                    recv(rx1) -> msg => match msg {
                        Ok(n) => {
                            assert_eq!(n, next1);
                            next1 += 1;
                        }
                        Err(err) => {
                            assert!(err.is_disconnected());
                            open -= 1;
                            rx1 = never.clone();
                        }
                    },
                    recv(rx2) -> msg => match msg {
                        Ok(n) => {
                            assert_eq!(n, next2);
                            next2 += 1;
                        }
                        Err(err) => {
                            assert!(err.is_disconnected());
                            open -= 1;
                            rx2 = never.clone();
                        }
                    },
                    recv(latest) -> value => match value {
                        Ok(n) => {
                            assert!(n > last);
                            last = n;
                        }
                        Err(_) => {
                            open -= 1;
                            latest = unchanging.clone();
                        }
                    },
                    recv(r) -> msg => match msg {
                        Ok(()) => drop(met.fetch_add(1, Ordering::Relaxed)),
                        Err(_) => {
                            open -= 1;
                            r = hueless_channel::never();
                        }
                    },
                }
            }
            (next1, next2, last)
        })
    });
    let selecting = selecting.collect();
    drop((rx1, rx2, latest, r));
    let senders = vec![
        W::spawn(move || {
            for n in 0..count {
                assert_eq!(tx1.send(n), Ok(SELECTING));
                if n % 3 == 0 {
                    W::yield_now();
                }
            }
        }),
        W::spawn(move || {
            for n in 0..count {
                assert_eq!(tx2.send(n), Ok(SELECTING));
                if n % 5 == 0 {
                    W::yield_now();
                }
            }
        }),
        W::spawn(move || {
            for n in 1..=count {
                value.send(n).unwrap();
                if n % 4 == 0 {
                    W::yield_now();
                }
            }
        }),
        W::spawn(move || (0..count).for_each(|_| s.send(()).unwrap())),
    ];
    join_all::<()>(senders);
    assert_eq!(join_all(selecting), [(count, count, count); SELECTING]);
    assert_eq!(met.load(Ordering::Relaxed), count);
}

fn selects_on_one_receiver_share_its_messages<W: World>() {
    let count = rounds(2000);
    let (tx, rx) = broadcast(count);
    let rx = Arc::new(rx);
    let (_s, never) = unbounded::<()>();
    let workers = (0..4).map(|_| {
        let (rx, never) = (rx.clone(), never.clone());
        W::spawn(move || {
            let mut seen = Vec::new();
            loop {
                select! {
                    recv(rx) -> msg => match msg {
                        Ok(n) => seen.push(n),
                        Err(err) => {
                            assert!(err.is_disconnected());
                            return seen;
                        }
                    },
                    recv(never) -> _ => unreachable!(),
                }
            }
        })
    });
    let workers = workers.collect();
    for n in 0..count {
        tx.send(n).unwrap();
        if n % 4 == 0 {
            W::yield_now();
        }
    }
    drop(tx);
    let mut all = join_all::<Vec<usize>>(workers).concat();
    all.sort();
    assert!(all.into_iter().eq(0..count));
}

fn a_channel_twice_in_one_select<W: World>() {
    let count = rounds(1000);
    let (tx, rx) = broadcast(count);
    let twin = rx.clone();
    let receiver = W::spawn(move || {
        let mut next = [0; 2];
        while next != [count; 2] {
            // The same receiver and another one of its channel.
            let (index, n) = select! {
                recv(rx) -> msg => (0, msg),
                recv(twin) -> msg => (1, msg),
                recv(rx) -> msg => (0, msg),
            };
            assert_eq!(n, Ok(next[index]));
            next[index] += 1;
        }
    });
    for n in 0..count {
        assert_eq!(tx.send(n), Ok(2));
        if n % 2 == 0 {
            W::yield_now();
        }
    }
    receiver.join();
}

fn many_selects_wake_at_once<W: World>() {
    const WAITING: usize = 50;
    let (tx, rx) = broadcast(1);
    let (_s, never) = unbounded::<()>();
    let arrivals = Arrivals::default();
    let waiting = (0..WAITING).map(|_| {
        let (rx, never, arrivals) = (rx.clone(), never.clone(), arrivals.clone());
        W::spawn(move || {
            arrivals.arrive();
            select! {
                recv(never) -> _ => unreachable!(),
                recv(rx) -> msg => msg,
            }
        })
    });
    let waiting = waiting.collect();
    arrivals.wait::<W>(WAITING);
    assert_eq!(tx.send(6), Ok(WAITING + 1));
    assert!(join_all(waiting).into_iter().all(|msg| msg == Ok(6)));
}

fn timeout_races_send<W: World>() {
    for round in 0..rounds(400) as u64 {
        let (tx, rx) = broadcast(1);
        let (_value, latest) = watch(0);
        let sender = W::spawn(move || {
            W::yield_now();
            assert_eq!(tx.send(round), Ok(1));
        });
        let received = loop {
            select! {
                recv(rx) -> msg => break msg,
                recv(latest) -> _ => unreachable!(),
                default(Duration::from_micros(round % 50)) => W::yield_now(),
            }
        };
        assert_eq!(received, Ok(round));
        sender.join();
    }
}

/// A select that offers a message while it waits for a broadcast: neither holds the other up.
fn send_cases_beside_broadcasts<W: World>() {
    let count = rounds(800);
    let (tx, rx) = broadcast(count);
    let (s, r) = bounded(0);
    let offering = W::spawn(move || {
        let (mut sent, mut received) = (0, 0);
        while sent < count || received < count {
            select! {
                send(s, sent) -> res => {
                    res.unwrap();
                    sent += 1;
                }
                recv(rx) -> msg => {
                    if received < count {
                        assert_eq!(msg, Ok(received));
                        received += 1;
                    } else {
                        assert_eq!(msg, Err(RecvError::Disconnected));
                        W::yield_now();
                    }
                }
            }
        }
    });
    let taking = W::spawn(move || {
        let taken = r
            .iter()
            .zip(0..)
            .map(|(n, expected)| assert_eq!(n, expected));
        assert!(taken.count() >= count);
    });
    for n in 0..count {
        tx.send(n).unwrap();
        if n % 3 == 0 {
            W::yield_now();
        }
    }
    drop(tx);
    offering.join();
    taking.join();
}

/// Tasks that select are unwound, again and again: every message is seen once.
#[test]
fn nothing_is_lost_when_selects_are_unwound() {
    for round in 0..rounds(80) {
        let count = 50;
        let (tx, rx) = broadcast(count);
        let rx = Arc::new(rx);
        let (_value, latest) = watch(());
        let (seen_tx, seen) = bounded(count);
        let runtime = hueless_runtime::runtime::Builder::new()
            .workers(2)
            .build()
            .unwrap();
        for _ in 0..3 {
            let (rx, latest, seen_tx) = (rx.clone(), latest.clone(), seen_tx.clone());
            runtime.spawn(move || {
                loop {
                    select! {
                        recv(rx) -> msg => seen_tx.try_send(msg.unwrap()).unwrap(),
                        recv(latest) -> _ => unreachable!("it does not change"),
                    }
                }
            });
        }
        let sender = std::thread::spawn(move || {
            for n in 0..count {
                assert_eq!(tx.send(n), Ok(1));
            }
        });
        while seen.len() < round % count {
            std::thread::yield_now();
        }
        drop(runtime);
        sender.join().unwrap();
        let rest = rx.iter().map(Result::unwrap);
        let mut all: Vec<usize> = seen.try_iter().chain(rest).collect();
        all.sort();
        assert!(all.into_iter().eq(0..count));
    }
}
