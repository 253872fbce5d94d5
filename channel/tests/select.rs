//! `select!`: exactly one case, fairly chosen, whatever happens at the same time.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Arrivals, Census, Flavor, NEVER, Random, World, join_all, ms, rounds};
use hueless_channel::{
    RecvError, SendError, TryRecvError, bounded, select, select_biased, unbounded,
};

tests_in_both_worlds!(
    ready_case_is_selected,
    default_runs_when_nothing_is_ready,
    disconnected_is_ready,
    timeouts,
    waits_for_a_receive,
    waits_for_a_send,
    exactly_one_commit,
    losers_keep_their_messages,
    timeout_races_peers,
    disconnect_wakes_selects,
    both_directions_of_one_channel,
    never_meets_itself,
    same_channel_twice,
    many_cases,
    crossed_selects_do_not_block_each_other,
    default_never_runs_while_a_case_is_ready,
    timeout_never_comes_while_a_case_is_ready,
    random_among_ready_cases,
    random_among_waiting_cases,
    biased_takes_the_first,
    select_stress_over_flavors,
);

const FLAVORS: [Flavor; 4] = [
    Flavor::Zero,
    Flavor::Array(1),
    Flavor::Array(3),
    Flavor::List,
];

fn ready_case_is_selected<W: World>() {
    let (s1, r1) = unbounded();
    let (_s2, r2) = unbounded::<i32>();
    let (s3, r3) = bounded(1);
    s1.send(1).unwrap();
    select! {
        recv(r1) -> msg => assert_eq!(msg, Ok(1)),
        recv(r2) -> _ => panic!("nothing was sent"),
    }
    select! {
        recv(r2) -> _ => panic!("nothing was sent"),
        send(s3, 3) -> res => assert_eq!(res, Ok(())),
    }
    select! {
        recv(r1) -> _ => panic!("it has been received"),
        recv(r3) -> msg => assert_eq!(msg, Ok(3)),
        recv(r2) -> _ => panic!("nothing was sent"),
    }
}

fn default_runs_when_nothing_is_ready<W: World>() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make::<i32>();
        let (s2, r2) = bounded::<i32>(0);
        let ran = select! {
            recv(r) -> _ => false,
            recv(r2) -> _ => false,
            send(s2, 1) -> _ => false,
            default => true,
        };
        assert!(ran);
        drop(s);
    }
}

fn disconnected_is_ready<W: World>() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make::<i32>();
        let (_s2, r2) = flavor.make::<i32>();
        drop(s);
        select! {
            recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
            recv(r2) -> _ => panic!("nothing was sent"),
        }
        select! {
            recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
            default => panic!("a case was ready"),
        }
        let (s, r) = flavor.make::<i32>();
        drop(r);
        select! {
            send(s, 7) -> res => assert_eq!(res, Err(SendError(7))),
            recv(r2) -> _ => panic!("nothing was sent"),
        }
        select! {
            send(s, 7) -> res => assert_eq!(res, Err(SendError(7))),
            default(NEVER) => panic!("a case was ready"),
        }
    }
}

fn timeouts<W: World>() {
    let (_s1, r1) = bounded::<i32>(0);
    let (s2, _r2) = bounded::<i32>(0);
    for wait in [Duration::ZERO, ms(10)] {
        let start = Instant::now();
        select! {
            recv(r1) -> _ => panic!("nothing was sent"),
            send(s2, 1) -> _ => panic!("nobody receives"),
            default(wait) => {}
        }
        assert!(start.elapsed() >= wait);
        let start = Instant::now();
        select! {
            recv(r1) -> _ => panic!("nothing was sent"),
            default(wait) => {}
        }
        assert!(start.elapsed() >= wait);
        let start = Instant::now();
        select! { default(wait) => {} }
        assert!(start.elapsed() >= wait);
    }
    let sender = W::spawn(move || _s1.send(5));
    select! {
        recv(r1) -> msg => assert_eq!(msg, Ok(5)),
        send(s2, 1) -> _ => panic!("nobody receives"),
        default(Duration::MAX) => panic!("for ever is over"),
    }
    sender.join().unwrap();
}

fn waits_for_a_receive<W: World>() {
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let (_s2, r2) = bounded::<i32>(0);
        let arrivals = Arrivals::default();
        let arrived = arrivals.clone();
        let selecting = W::spawn(move || {
            arrived.arrive();
            select! {
                recv(r) -> msg => msg,
                recv(r2) -> msg => msg,
            }
        });
        arrivals.wait::<W>(1);
        s.send(4).unwrap();
        assert_eq!(selecting.join(), Ok(4));
    }
}

fn waits_for_a_send<W: World>() {
    for flavor in [Flavor::Zero, Flavor::Array(1), Flavor::Array(3)] {
        let (s, r) = flavor.make();
        let (s2, _r2) = bounded::<i32>(0);
        while s.try_send(0).is_ok() {}
        let arrivals = Arrivals::default();
        let arrived = arrivals.clone();
        let selecting = W::spawn(move || {
            arrived.arrive();
            select! {
                send(s, 4) -> res => assert_eq!(res, Ok(())),
                send(s2, 5) -> _ => panic!("nobody receives"),
            }
        });
        arrivals.wait::<W>(1);
        assert_eq!(r.iter().find(|msg| *msg != 0), Some(4));
        selecting.join();
    }
}

/// Several selects and plain operations on the same channels: what is sent is received once.
fn exactly_one_commit<W: World>() {
    const CHANNELS: usize = 4;
    let count = rounds(1_000);
    for flavor in FLAVORS {
        let channels: Vec<_> = (0..CHANNELS).map(|_| flavor.make::<usize>()).collect();
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let r: Vec<_> = channels.iter().map(|(_, r)| r.clone()).collect();
                W::spawn(move || {
                    let mut sum = 0;
                    let mut open = [true; CHANNELS];
                    while open.contains(&true) {
                        // A disconnected channel is always ready.
                        let (i, msg) = select! {
                            recv(r[0]) -> msg => (0, msg),
                            recv(r[1]) -> msg => (1, msg),
                            recv(r[2]) -> msg => (2, msg),
                            recv(r[3]) -> msg => (3, msg),
                        };
                        match msg {
                            Ok(msg) => sum += msg,
                            Err(RecvError) => open[i] = false,
                        }
                    }
                    sum
                })
            })
            .collect();
        let senders: Vec<_> = channels
            .iter()
            .enumerate()
            .map(|(i, (s, _))| {
                let (s, other) = (s.clone(), channels[(i + 1) % CHANNELS].0.clone());
                W::spawn(move || {
                    for i in 0..count {
                        if i % 2 == 0 {
                            s.send(i).unwrap();
                        } else {
                            select! {
                                send(s, i) -> res => res.unwrap(),
                                send(other, i) -> res => res.unwrap(),
                            }
                        }
                    }
                })
            })
            .collect();
        drop(channels);
        join_all(senders);
        let sum: usize = join_all(receivers).iter().sum();
        assert_eq!(sum, CHANNELS * (0..count).sum::<usize>());
    }
}

fn losers_keep_their_messages<W: World>() {
    for round in 0..rounds(400) {
        let census = Census::default();
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let senders = [s1, s2].map(|s| {
            let census = census.clone();
            W::spawn(move || s.send(census.message(round)).map_err(|err| err.0))
        });
        let won = select! {
            recv(r1) -> msg => msg.is_ok_and(|msg| msg.value == round),
            recv(r2) -> msg => msg.is_ok_and(|msg| msg.value == round),
        };
        assert!(won);
        drop((r1, r2));
        let sent = senders.map(|sender| sender.join());
        assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 1);
        assert_eq!(census.alive(), 1, "the loser has its message back");
        drop(sent);
        assert_eq!(census.alive(), 0);
    }
}

fn timeout_races_peers<W: World>() {
    for round in 0..rounds(400) {
        let wait = Duration::from_micros(round as u64 % 40);
        let (s1, r1) = bounded(0);
        let (s2, r2) = bounded(0);
        let senders = [s1, s2].map(|s| W::spawn(move || s.send_timeout(1, wait)));
        let received = select! {
            recv(r1) -> msg => msg.is_ok(),
            recv(r2) -> msg => msg.is_ok(),
            default(wait) => false,
        };
        drop((r1, r2));
        let sent = senders.map(|sender| sender.join().is_ok());
        assert_eq!(
            sent.iter().filter(|sent| **sent).count(),
            usize::from(received)
        );
    }
}

fn disconnect_wakes_selects<W: World>() {
    const WAITERS: usize = 6;
    for flavor in FLAVORS {
        let (s, r) = flavor.make::<usize>();
        let (_s2, r2) = bounded::<usize>(0);
        let arrivals = Arrivals::default();
        let waiters: Vec<_> = (0..WAITERS)
            .map(|_| {
                let (r, r2, arrivals) = (r.clone(), r2.clone(), arrivals.clone());
                W::spawn(move || {
                    arrivals.arrive();
                    select! {
                        recv(r) -> msg => assert_eq!(msg, Err(RecvError)),
                        recv(r2) -> _ => panic!("nothing was sent"),
                    }
                })
            })
            .collect();
        arrivals.wait::<W>(WAITERS);
        drop(s);
        join_all(waiters);
    }
    for flavor in [Flavor::Zero, Flavor::Array(1)] {
        let (s, r) = flavor.make::<usize>();
        let (_s2, r2) = bounded::<usize>(0);
        while s.try_send(0).is_ok() {}
        let arrivals = Arrivals::default();
        let waiters: Vec<_> = (0..WAITERS)
            .map(|i| {
                let (s, r2, arrivals) = (s.clone(), r2.clone(), arrivals.clone());
                W::spawn(move || {
                    arrivals.arrive();
                    select! {
                        send(s, i) -> res => assert_eq!(res, Err(SendError(i))),
                        recv(r2) -> _ => panic!("nothing was sent"),
                    }
                })
            })
            .collect();
        arrivals.wait::<W>(WAITERS);
        drop(r);
        join_all(waiters);
    }
}

fn both_directions_of_one_channel<W: World>() {
    const SELECTS: usize = 20;
    let (s, r) = bounded(0);
    let selects: Vec<_> = (0..SELECTS)
        .map(|i| {
            let (s, r) = (s.clone(), r.clone());
            W::spawn(move || {
                select! {
                    recv(r) -> msg => assert_ne!(msg, Ok(i)),
                    send(s, i) -> res => assert_eq!(res, Ok(())),
                }
            })
        })
        .collect();
    join_all(selects);
    assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
}

fn never_meets_itself<W: World>() {
    let (s, r) = bounded(0);
    select! {
        send(s, 0) -> _ => panic!("nobody else receives"),
        recv(r) -> _ => panic!("nobody else sends"),
        send(s, 1) -> _ => panic!("nobody else receives"),
        recv(r) -> _ => panic!("nobody else sends"),
        default(ms(5)) => {}
    }
    // One slot: only the send is possible, then only the receive.
    let (s, r) = bounded(1);
    for i in 0..10 {
        select! {
            send(s, i) -> res => assert_eq!((i % 2, res), (0, Ok(()))),
            recv(r) -> msg => assert_eq!(msg, Ok(i - 1)),
        }
    }
}

fn same_channel_twice<W: World>() {
    let count = rounds(2_000);
    for flavor in FLAVORS {
        let (s, r) = flavor.make();
        let sender = W::spawn(move || {
            for i in 0..count {
                select! {
                    send(s, i) -> res => res.unwrap(),
                    send(s, i) -> res => res.unwrap(),
                }
            }
        });
        for i in 0..count {
            select! {
                recv(r) -> msg => assert_eq!(msg, Ok(i)),
                recv(r) -> msg => assert_eq!(msg, Ok(i)),
                recv(r) -> msg => assert_eq!(msg, Ok(i)),
            }
        }
        sender.join();
        assert_eq!(r.recv(), Err(RecvError));
    }
}

fn many_cases<W: World>() {
    let channels: Vec<_> = (0..16).map(|_| bounded::<usize>(0)).collect();
    for (i, (s, _)) in channels.iter().enumerate() {
        let s = s.clone();
        let sender = W::spawn(move || s.send(i));
        let c = &channels;
        let got = select! {
            recv(c[15].1) -> msg => (15, msg),
            recv(c[3].1) -> msg => (3, msg),
            recv(c[7].1) -> msg => (7, msg),
            recv(c[0].1) -> msg => (0, msg),
            recv(c[11].1) -> msg => (11, msg),
            recv(c[1].1) -> msg => (1, msg),
            recv(c[14].1) -> msg => (14, msg),
            recv(c[2].1) -> msg => (2, msg),
            recv(c[13].1) -> msg => (13, msg),
            recv(c[4].1) -> msg => (4, msg),
            recv(c[12].1) -> msg => (12, msg),
            recv(c[5].1) -> msg => (5, msg),
            recv(c[10].1) -> msg => (10, msg),
            recv(c[6].1) -> msg => (6, msg),
            recv(c[9].1) -> msg => (9, msg),
            recv(c[8].1) -> msg => (8, msg),
        };
        assert_eq!(got, (i, Ok(i)));
        sender.join().unwrap();
    }
}

/// Selects that name the same channels in opposite orders.
fn crossed_selects_do_not_block_each_other<W: World>() {
    let count = rounds(4_000);
    let (s1, r1) = bounded::<usize>(1);
    let (s2, r2) = bounded::<usize>(1);
    let selects: Vec<_> = (0..4)
        .map(|i| {
            let (s1, r1, s2, r2) = (s1.clone(), r1.clone(), s2.clone(), r2.clone());
            W::spawn(move || {
                for _ in 0..count {
                    if i % 2 == 0 {
                        select! {
                            send(s1, 1) -> _ => {}
                            recv(r2) -> _ => {}
                            send(s2, 1) -> _ => {}
                            recv(r1) -> _ => {}
                        }
                    } else {
                        select! {
                            recv(r1) -> _ => {}
                            send(s2, 1) -> _ => {}
                            recv(r2) -> _ => {}
                            send(s1, 1) -> _ => {}
                        }
                    }
                }
            })
        })
        .collect();
    join_all(selects);
}

/// In each round one message is moved, by way of a second one, from the first channel to the
/// second while the select looks: at every moment there is one.
fn default_never_runs_while_a_case_is_ready<W: World>() {
    for flavor in [Flavor::Array(1), Flavor::List] {
        let (s1, r1) = flavor.make();
        let (s2, r2) = flavor.make();
        let (begin_s, begin_r) = bounded::<()>(0);
        let (end_s, end_r) = bounded::<()>(0);
        let count = rounds(10_000);
        let mover = {
            let r1 = r1.clone();
            W::spawn(move || {
                for _ in 0..count {
                    begin_r.recv().unwrap();
                    s2.send(1).unwrap();
                    let _ = r1.try_recv();
                    end_r.recv().unwrap();
                }
            })
        };
        for _ in 0..count {
            begin_s.send(()).unwrap();
            s1.send(1).unwrap();
            select! {
                recv(r1) -> _ => {}
                recv(r2) -> _ => {}
                default => panic!("one of the channels had a message all the time"),
            }
            end_s.send(()).unwrap();
            let _ = (r1.try_recv(), r2.try_recv());
        }
        mover.join();
    }
}

fn timeout_never_comes_while_a_case_is_ready<W: World>() {
    let (s, r) = bounded(1);
    let (_s2, r2) = bounded::<i32>(0);
    for i in 0..rounds(2_000) {
        s.send(i).unwrap();
        select! {
            recv(r2) -> _ => panic!("nothing was sent"),
            recv(r) -> msg => assert_eq!(msg, Ok(i)),
            default(Duration::ZERO) => panic!("a case was ready"),
        }
    }
}

fn random_among_ready_cases<W: World>() {
    const COUNT: usize = 8_000;
    let (s1, r1) = unbounded();
    let (s2, r2) = bounded(COUNT);
    let (s3, _r3) = unbounded();
    for _ in 0..COUNT {
        s1.send(()).unwrap();
        s2.send(()).unwrap();
    }
    let mut hits = [0; 4];
    for _ in 0..COUNT {
        select! {
            recv(r1) -> _ => hits[0] += 1,
            send(s3, ()) -> _ => hits[1] += 1,
            recv(r2) -> _ => hits[2] += 1,
            recv(r2) -> _ => hits[3] += 1,
        }
    }
    // A fair choice misses this with a probability below 1e-60.
    assert!(hits.iter().all(|hits| *hits > COUNT / 8), "{hits:?}");
}

fn random_among_waiting_cases<W: World>() {
    let count = rounds(4_000);
    let (s, r) = bounded(0);
    let sender = W::spawn(move || (0..count).for_each(|_| s.send(()).unwrap()));
    let mut hits = [0; 3];
    for _ in 0..count {
        select! {
            recv(r) -> _ => hits[0] += 1,
            recv(r) -> _ => hits[1] += 1,
            recv(r) -> _ => hits[2] += 1,
        }
    }
    sender.join();
    // A fair choice misses this with a probability below 1e-20.
    assert!(hits.iter().all(|hits| *hits > count / 6), "{hits:?}");
}

fn biased_takes_the_first<W: World>() {
    let (s1, r1) = unbounded();
    let (s2, r2) = unbounded();
    for _ in 0..100 {
        s1.send(()).unwrap();
        s2.send(()).unwrap();
    }
    let mut hits = [0; 2];
    for _ in 0..150 {
        select_biased! {
            recv(r1) -> _ => hits[0] += 1,
            recv(r2) -> _ => hits[1] += 1,
            default => panic!("a case was ready"),
        }
    }
    assert_eq!(hits, [100, 50]);
}

/// Random selects over channels of all flavors: sums agree in the end.
fn select_stress_over_flavors<W: World>() {
    let count = rounds(3_000);
    let (sz, rz) = bounded::<usize>(0);
    let (sa, ra) = bounded::<usize>(1);
    let (sl, rl) = unbounded::<usize>();
    let sent = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..4)
        .map(|seed| {
            let (sz, sa, sl, sent) = (sz.clone(), sa.clone(), sl.clone(), sent.clone());
            W::spawn(move || {
                let mut random = Random::new(seed);
                for i in 1..=count {
                    let done = match random.below(4) {
                        0 => select! {
                            send(sz, i) -> res => res.is_ok(),
                            send(sa, i) -> res => res.is_ok(),
                            default => false,
                        },
                        1 => select! {
                            send(sz, i) -> res => res.is_ok(),
                            send(sa, i) -> res => res.is_ok(),
                            default(Duration::from_micros(30)) => false,
                        },
                        2 => select! {
                            send(sa, i) -> res => res.is_ok(),
                            send(sz, i) -> res => res.is_ok(),
                            send(sl, i) -> res => res.is_ok(),
                        },
                        _ => sz.send_timeout(i, Duration::from_micros(30)).is_ok(),
                    };
                    sent.fetch_add(if done { i } else { 0 }, Ordering::Relaxed);
                }
            })
        })
        .collect();
    drop((sz, sa, sl));
    let receivers: Vec<_> = (10..13)
        .map(|seed| {
            let (rz, ra, rl) = (rz.clone(), ra.clone(), rl.clone());
            W::spawn(move || {
                let mut random = Random::new(seed);
                let mut sum = 0;
                let mut open = [true; 3];
                while open.contains(&true) {
                    let (channel, msg) = match random.below(3) {
                        0 => select! {
                            recv(rz) -> msg => (0, msg),
                            recv(ra) -> msg => (1, msg),
                            default => continue,
                        },
                        1 => select! {
                            recv(rl) -> msg => (2, msg),
                            recv(rz) -> msg => (0, msg),
                            default(Duration::from_micros(30)) => continue,
                        },
                        _ => select! {
                            recv(ra) -> msg => (1, msg),
                            recv(rz) -> msg => (0, msg),
                            recv(rl) -> msg => (2, msg),
                        },
                    };
                    match msg {
                        Ok(msg) => sum += msg,
                        Err(RecvError) => open[channel] = false,
                    }
                }
                sum
            })
        })
        .collect();
    join_all(senders);
    let received: usize = join_all(receivers).iter().sum();
    assert_eq!(received, sent.load(Ordering::Relaxed));
}
