//! `ready`: many who watch, beside many who send and receive.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Flavor, NEVER, Random, Tally, World, in_each_mode, join_all, ms, rounds};
use hueless_channel::{
    RecvError, Select, SendError, TryRecvError, bounded, never, select, unbounded,
};

tests_in_all_worlds!(
    many_watchers_lose_no_message,
    watchers_on_both_sides,
    watchers_of_many_channels,
    watchers_beside_those_who_wait,
    watching_rendezvous_senders,
    watching_rendezvous_receivers,
);

/// Consumers watch and try, producers send in all ways.
fn many_watchers_lose_no_message<W: World>() {
    const PRODUCERS: usize = 3;
    let each = rounds(3_000);
    for flavor in [Flavor::Array(1), Flavor::Array(3), Flavor::List] {
        let (s, r) = flavor.make();
        let tally = Tally::new(PRODUCERS * each);
        let consumers: Vec<_> = (0..5)
            .map(|_| {
                let (r, tally) = (r.clone(), tally.clone());
                W::spawn(move || {
                    let mut list = Select::new();
                    list.recv(&r);
                    loop {
                        list.ready();
                        match r.try_recv() {
                            Ok(msg) => tally.count(msg),
                            Err(TryRecvError::Empty) => {}
                            Err(TryRecvError::Disconnected) => return,
                        }
                    }
                })
            })
            .collect();
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let s = s.clone();
                W::spawn(move || {
                    for i in 0..each {
                        let msg = producer * each + i;
                        match i % 3 {
                            0 => s.send(msg).unwrap(),
                            1 => select! {
                                send(s, msg) -> res => res.unwrap(),
                                recv(never::<()>()) -> _ => unreachable!(),
                            },
                            _ => s.send_timeout(msg, NEVER).unwrap(),
                        }
                    }
                })
            })
            .collect();
        drop((s, r));
        join_all(producers);
        join_all(consumers);
        tally.assert_all_came_out();
    }
}

fn watchers_on_both_sides<W: World>() {
    const PRODUCERS: usize = 4;
    let each = rounds(2_000);
    for flavor in [Flavor::Array(1), Flavor::Array(3), Flavor::List] {
        let (s, r) = flavor.make();
        let tally = Tally::new(PRODUCERS * each);
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let s = s.clone();
                W::spawn(move || {
                    let mut list = Select::new();
                    list.send(&s);
                    for i in 0..each {
                        while s.try_send(producer * each + i).is_err() {
                            list.ready();
                        }
                    }
                })
            })
            .collect();
        let consumers: Vec<_> = (0..4)
            .map(|_| {
                let (r, tally) = (r.clone(), tally.clone());
                W::spawn(move || {
                    let mut list = Select::new();
                    list.recv(&r);
                    loop {
                        match r.try_recv() {
                            Ok(msg) => tally.count(msg),
                            Err(TryRecvError::Empty) => assert_eq!(list.ready(), 0),
                            Err(TryRecvError::Disconnected) => return,
                        }
                    }
                })
            })
            .collect();
        drop((s, r));
        join_all(producers);
        join_all(consumers);
        tally.assert_all_came_out();
    }
}

fn watchers_of_many_channels<W: World>() {
    const CHANNELS: usize = 12;
    let each = rounds(800);
    let flavors = [Flavor::Array(1), Flavor::List, Flavor::Array(2)];
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..CHANNELS).map(|i| flavors[i % 3].make()).unzip();
    let receivers = Arc::new(receivers);
    let tally = Tally::new(CHANNELS * each);
    let consumers: Vec<_> = (0..3)
        .map(|_| {
            let (receivers, tally) = (receivers.clone(), tally.clone());
            W::spawn(move || {
                let mut list = Select::new();
                receivers.iter().for_each(|r| {
                    list.recv(r);
                });
                let mut open = CHANNELS;
                while open > 0 {
                    let index = list.ready();
                    match receivers[index].try_recv() {
                        Ok(msg) => tally.count(msg),
                        Err(TryRecvError::Empty) => {}
                        Err(TryRecvError::Disconnected) => {
                            list.remove(index);
                            open -= 1;
                        }
                    }
                }
            })
        })
        .collect();
    let producers: Vec<_> = senders
        .into_iter()
        .enumerate()
        .map(|(i, s)| W::spawn(move || (0..each).for_each(|n| s.send(i * each + n).unwrap())))
        .collect();
    join_all(producers);
    join_all(consumers);
    tally.assert_all_came_out();
}

/// Some watch, some wait, some select; all get what they need.
fn watchers_beside_those_who_wait<W: World>() {
    const PRODUCERS: usize = 3;
    let each = rounds(2_000);
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make();
        let tally = Tally::new(PRODUCERS * each);
        let consumers: Vec<_> = (0..4)
            .map(|seed| {
                let (r, tally) = (r.clone(), tally.clone());
                W::spawn(move || {
                    let mut random = Random::new(seed);
                    let mut list = Select::new();
                    list.recv(&r);
                    loop {
                        let received = match random.below(4) {
                            0 => r.recv().map_err(TryRecvError::from),
                            1 => select! {
                                recv(r) -> msg => msg.map_err(TryRecvError::from),
                                recv(never::<()>()) -> _ => unreachable!(),
                            },
                            _ => {
                                let _ = list.ready_timeout(Duration::from_micros(100));
                                r.try_recv()
                            }
                        };
                        match received {
                            Ok(msg) => tally.count(msg),
                            Err(TryRecvError::Empty) => {}
                            Err(TryRecvError::Disconnected) => return,
                        }
                    }
                })
            })
            .collect();
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let s = s.clone();
                W::spawn(move || {
                    let mut random = Random::new(70 + producer as u64);
                    let mut list = Select::new();
                    list.send(&s);
                    for i in 0..each {
                        let msg = producer * each + i;
                        match random.below(3) {
                            0 => s.send(msg).unwrap(),
                            1 => loop {
                                let _ = list.ready_timeout(Duration::from_micros(100));
                                if s.try_send(msg).is_ok() {
                                    break;
                                }
                            },
                            _ => list.select().send(&s, msg).unwrap(),
                        }
                    }
                })
            })
            .collect();
        drop((s, r));
        join_all(producers);
        join_all(consumers);
        tally.assert_all_came_out();
    }
}

fn watching_rendezvous_senders<W: World>() {
    const SENDERS: usize = 3;
    let each = rounds(1_500);
    let (s, r) = bounded(0);
    let tally = Tally::new(SENDERS * each);
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let s = s.clone();
            W::spawn(move || {
                for i in 0..each {
                    let msg = sender * each + i;
                    match i % 2 {
                        0 => s.send(msg).unwrap(),
                        _ => select! {
                            send(s, msg) -> res => res.unwrap(),
                            send(s, msg) -> res => res.unwrap(),
                        },
                    }
                }
            })
        })
        .collect();
    let watchers: Vec<_> = (0..3)
        .map(|_| {
            let (r, tally) = (r.clone(), tally.clone());
            W::spawn(move || {
                let mut list = Select::new();
                list.recv(&r);
                loop {
                    list.ready();
                    match r.try_recv() {
                        Ok(msg) => tally.count(msg),
                        Err(TryRecvError::Empty) => {}
                        Err(TryRecvError::Disconnected) => return,
                    }
                }
            })
        })
        .collect();
    drop((s, r));
    join_all(senders);
    join_all(watchers);
    tally.assert_all_came_out();
}

fn watching_rendezvous_receivers<W: World>() {
    const RECEIVERS: usize = 3;
    let each = rounds(1_500);
    let (s, r) = bounded(0);
    let received = Arc::new(AtomicUsize::new(0));
    let receivers: Vec<_> = (0..RECEIVERS)
        .map(|way| {
            let (r, received) = (r.clone(), received.clone());
            W::spawn(move || {
                loop {
                    let msg: Result<usize, _> = match way {
                        0 => r.recv(),
                        1 => select! { recv(r) -> msg => msg, recv(r) -> msg => msg },
                        _ => match r.recv_timeout(Duration::from_micros(50)) {
                            Err(err) if err.is_timeout() => continue,
                            received => received.map_err(|_| RecvError),
                        },
                    };
                    match msg {
                        Ok(_) => received.fetch_add(1, Ordering::Relaxed),
                        Err(RecvError) => return,
                    };
                }
            })
        })
        .collect();
    let watchers: Vec<_> = (0..3)
        .map(|_| {
            let s = s.clone();
            W::spawn(move || {
                let mut list = Select::new();
                list.send(&s);
                for i in 0..each {
                    loop {
                        list.ready();
                        if s.try_send(i).is_ok() {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    drop((s, r));
    join_all(watchers);
    join_all(receivers);
    assert_eq!(received.load(Ordering::Relaxed), 3 * each);
}

/// Watchers on a channel on which nothing happens sleep: they do not wake each other.
#[test]
fn watchers_of_nothing_sleep() {
    in_each_mode(1, || {
        let (s, r) = bounded::<usize>(0);
        let (_s2, r2) = unbounded::<usize>();
        let before = hueless_runtime::runtime::metrics();
        let watchers: Vec<_> = (0..4)
            .map(|i| {
                let (s, r, r2) = (s.clone(), r.clone(), r2.clone());
                hueless_runtime::spawn(move || {
                    let mut list = Select::new();
                    list.recv(&r2);
                    if i % 2 == 0 {
                        list.send(&s);
                    } else {
                        list.recv(&r);
                    }
                    assert!(list.ready_timeout(ms(20)).is_err());
                })
            })
            .collect();
        watchers
            .into_iter()
            .for_each(|watcher| watcher.join().unwrap());
        let during = hueless_runtime::runtime::metrics().since(&before);
        let switches: u64 = during.workers.iter().map(|worker| worker.switches).sum();
        assert!(
            switches < 50,
            "{switches} switches for four tasks that wait once"
        );
    });
}

/// Who begins to wait for the same as those who watch does not wake them: it brings them nothing.
#[test]
fn rivals_wake_nobody() {
    const EACH: u64 = 100;
    in_each_mode(1, || {
        for side in [true, false] {
            let (s, r) = bounded::<usize>(0);
            let begin = |watches: bool| {
                let (s, r) = (s.clone(), r.clone());
                let task = hueless_runtime::spawn(move || {
                    let mut list = Select::new();
                    match (side, watches) {
                        (true, true) => assert_eq!((list.recv(&r), list.ready()), (0, 0)),
                        (false, true) => assert_eq!((list.send(&s), list.ready()), (0, 0)),
                        (true, false) => assert_eq!(r.recv(), Err(RecvError)),
                        (false, false) => assert_eq!(s.send(1), Err(SendError(1))),
                    }
                });
                (0..3).for_each(|_| hueless_runtime::yield_now());
                task
            };
            let watchers: Vec<_> = (0..EACH).map(|_| begin(true)).collect();
            let before = hueless_runtime::runtime::metrics();
            let rivals: Vec<_> = (0..EACH).map(|_| begin(false)).collect();
            let during = hueless_runtime::runtime::metrics().since(&before);
            let switches: u64 = during.workers.iter().map(|worker| worker.switches).sum();
            assert!(switches < EACH * EACH / 4, "{switches} switches");
            s.close();
            for task in watchers.into_iter().chain(rivals) {
                task.join().unwrap();
            }
        }
    });
}
