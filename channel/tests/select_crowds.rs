//! `select!` in a crowd: fairly chosen, linearizable, nothing lost among many.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Flavor, Random, World, join_all, rounds};
use hueless_channel::{RecvError, after, bounded, select, select_biased, unbounded};

tests_in_all_worlds!(
    exactly_one_commit,
    crossed_selects_do_not_block_each_other,
    default_never_runs_while_a_case_is_ready,
    timeout_never_comes_while_a_case_is_ready,
    random_among_ready_cases,
    random_among_waiting_cases,
    random_among_channels_and_clocks,
    random_among_new_channels,
    biased_takes_the_first,
    select_stress_over_flavors,
);

const FLAVORS: [Flavor; 4] = [
    Flavor::Zero,
    Flavor::Array(1),
    Flavor::Array(3),
    Flavor::List,
];

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

/// Two channels and two clocks, all of them ready all the time: each has its quarter, within 8 standard
/// deviations.
fn random_among_channels_and_clocks<W: World>() {
    const COUNT: usize = 4_000;
    let (s1, r1) = unbounded();
    let (s2, r2) = unbounded();
    let mut hits = [0; 4];
    for _ in 0..COUNT {
        // Never empty.
        s1.send(()).unwrap();
        s2.send(()).unwrap();
        select! {
            recv(r1) -> _ => hits[0] += 1,
            recv(r2) -> _ => hits[1] += 1,
            recv(after(Duration::ZERO)) -> _ => hits[2] += 1,
            recv(after(Duration::ZERO)) -> _ => hits[3] += 1,
        }
    }
    assert!(
        hits.iter()
            .all(|hits: &usize| hits.abs_diff(COUNT / 4) < 220),
        "{hits:?}"
    );
}

/// Channels that are new each time, and lie where those before them lay.
fn random_among_new_channels<W: World>() {
    let mut hits = [0; 3];
    for _ in 0..300 {
        let channels = [bounded(1), bounded(1), unbounded()];
        for (s, _) in &channels {
            s.send(()).unwrap();
        }
        select! {
            recv(channels[0].1) -> _ => hits[0] += 1,
            recv(channels[1].1) -> _ => hits[1] += 1,
            recv(channels[2].1) -> _ => hits[2] += 1,
        }
    }
    // A fair choice misses this with a probability below 1e-9.
    assert!(hits.iter().all(|hits| *hits > 50), "{hits:?}");
}
