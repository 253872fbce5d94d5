//! `ready`: whoever watches learns of everything that makes an operation possible, and takes no part.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{
    Arrivals, Census, Flavor, Handle, NEVER, Random, Tally, World, in_each_mode, join_all, ms,
    rounds,
};
use hueless_channel::{
    Receiver, RecvError, Select, SendError, Sender, TryRecvError, TrySendError, after, bounded,
    never, select, tick, unbounded,
};

tests_in_all_worlds!(
    what_brings_a_message,
    what_brings_room,
    who_waits_to_receive_is_noticed,
    who_waits_to_send_is_noticed,
    a_select_that_waits_is_noticed,
    disconnection_and_close,
    the_clock,
    all_who_watch_are_told,
    watchers_never_meet,
    watchers_take_nothing,
    a_gain_of_others_does_not_end_the_wait,
    time_limits_hold_while_others_are_faster,
    fast_operations_come_back_after_a_watch,
    many_watchers_lose_no_message,
    watchers_on_both_sides,
    watchers_of_many_channels,
    watchers_beside_those_who_wait,
    watching_rendezvous_senders,
    watching_rendezvous_receivers,
);

/// Begins to watch elsewhere, and answers what the operation came to that was ready then.
fn watch_recv<W: World>(r: &Receiver<usize>) -> Handle<Option<usize>> {
    let arrivals = Arrivals::default();
    let watching = {
        let (r, arrivals) = (r.clone(), arrivals.clone());
        W::spawn(move || {
            let (_s, nothing) = bounded::<()>(0);
            let mut list = Select::new();
            list.recv(&nothing);
            list.recv(&r);
            arrivals.arrive();
            loop {
                assert_eq!(list.ready_timeout(NEVER), Ok(1));
                match r.try_recv() {
                    Err(TryRecvError::Empty) => {}
                    received => return received.ok(),
                }
            }
        })
    };
    arrivals.wait::<W>(1);
    watching
}

fn watch_send<W: World>(s: &Sender<usize>, msg: usize) -> Handle<Option<usize>> {
    let arrivals = Arrivals::default();
    let watching = {
        let (s, arrivals) = (s.clone(), arrivals.clone());
        W::spawn(move || {
            let (_s, nothing) = bounded::<()>(0);
            let mut list = Select::new();
            list.recv(&nothing);
            list.send(&s);
            arrivals.arrive();
            loop {
                assert_eq!(list.ready_timeout(NEVER), Ok(1));
                match s.try_send(msg) {
                    Ok(()) => return None,
                    Err(TrySendError::Disconnected(msg)) => return Some(msg),
                    Err(TrySendError::Full(_)) => {}
                }
            }
        })
    };
    arrivals.wait::<W>(1);
    watching
}

/// Commits a receive and gives it back.
fn select_and_undo(r: &Receiver<usize>) {
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut list = Select::new();
        list.recv(r);
        let _operation = list.select();
        resume_unwind(Box::new("quiet"))
    }));
    assert!(unwound.is_err());
}

fn what_brings_a_message<W: World>() {
    type Bring = fn(&Sender<usize>);
    let ways: [Bring; 6] = [
        |s| s.send(5).unwrap(),
        |s| s.try_send(5).unwrap(),
        |s| s.send_timeout(5, NEVER).unwrap(),
        |s| select! { send(s, 5) -> res => res.unwrap() },
        |s| {
            let mut list = Select::new();
            list.send(s);
            list.select().send(s, 5).unwrap();
        },
        |s| select! { send(s, 5) -> res => res.unwrap(), recv(never::<()>()) -> _ => {} },
    ];
    for flavor in [Flavor::Array(1), Flavor::Array(3), Flavor::List] {
        for bring in ways {
            let (s, r) = flavor.make();
            let watching = watch_recv::<W>(&r);
            bring(&s);
            assert_eq!(watching.join(), Some(5));
        }
        // A message that is given back.
        let (s, r) = flavor.make();
        s.send(5).unwrap();
        let mut list = Select::new();
        list.recv(&r);
        let operation = list.select();
        let watching = watch_recv::<W>(&r);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(operation)));
        assert!(dropped.is_err());
        assert_eq!(watching.join(), Some(5));
    }
}

fn what_brings_room<W: World>() {
    type Take = fn(&Receiver<usize>);
    let ways: [Take; 8] = [
        |r| assert_eq!(r.recv(), Ok(0)),
        |r| assert_eq!(r.try_recv(), Ok(0)),
        |r| assert_eq!(r.recv_timeout(NEVER), Ok(0)),
        |r| select! { recv(r) -> msg => assert_eq!(msg, Ok(0)) },
        |r| select! { recv(r) -> msg => assert_eq!(msg, Ok(0)), recv(never::<()>()) -> _ => {} },
        |r| {
            let mut list = Select::new();
            list.recv(r);
            list.select().recv(r).unwrap();
        },
        |r| assert_eq!(r.recv_many(&mut Vec::new(), 1), 1),
        |r| assert_eq!(r.iter().next(), Some(0)),
    ];
    for capacity in [1, 3] {
        for (way, take) in ways.into_iter().enumerate() {
            let (s, r) = bounded(capacity);
            (0..capacity).for_each(|i| s.send(i).unwrap());
            let watching = watch_send::<W>(&s, 9);
            take(&r);
            assert_eq!(watching.join(), None, "way {way}");
            assert_eq!(r.try_iter().last(), Some(9));
        }
        // By a receive that is undone: the room stays.
        let (s, r) = bounded(capacity);
        (0..capacity).for_each(|i| s.send(i).unwrap());
        let watching = watch_send::<W>(&s, 9);
        select_and_undo(&r);
        assert_eq!(watching.join(), None);
        assert_eq!((r.recv(), r.len()), (Ok(0), capacity));
        // A slot that was reserved.
        let (s, r) = bounded(1);
        let mut list = Select::new();
        list.send(&s);
        let operation = list.select();
        let watching = watch_send::<W>(&s, 9);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(operation))).is_err());
        assert_eq!((watching.join(), r.try_recv()), (None, Ok(9)));
    }
}

fn who_waits_to_receive_is_noticed<W: World>() {
    type Receive = fn(&Receiver<usize>) -> Option<usize>;
    let ways: [Receive; 5] = [
        |r| r.recv().ok(),
        |r| r.recv_timeout(NEVER).ok(),
        |r| select! { recv(r) -> msg => msg.ok(), recv(never::<()>()) -> _ => None },
        |r| {
            let mut list = Select::new();
            list.recv(r);
            list.select().recv(r).ok()
        },
        |r| {
            let mut batch = Vec::new();
            r.recv_many(&mut batch, 3);
            batch.pop()
        },
    ];
    for receive in ways {
        let (s, r) = bounded(0);
        let watching = watch_send::<W>(&s, 9);
        assert_eq!(receive(&r), Some(9));
        assert_eq!(watching.join(), None);
    }
}

fn who_waits_to_send_is_noticed<W: World>() {
    type Send = fn(&Sender<usize>);
    let ways: [Send; 5] = [
        |s| s.send(9).unwrap(),
        |s| s.send_timeout(9, NEVER).unwrap(),
        |s| select! { send(s, 9) -> res => res.unwrap() },
        |s| select! { send(s, 9) -> res => res.unwrap(), recv(never::<()>()) -> _ => {} },
        |s| {
            let mut list = Select::new();
            list.send(s);
            list.select().send(s, 9).unwrap();
        },
    ];
    for send in ways {
        let (s, r) = bounded(0);
        let watching = watch_recv::<W>(&r);
        send(&s);
        assert_eq!(watching.join(), Some(9));
    }
}

fn a_select_that_waits_is_noticed<W: World>() {
    for watch_both in [false, true] {
        let (s, r) = bounded(0);
        let watching = {
            let (s, r) = (s.clone(), r.clone());
            W::spawn(move || {
                let mut list = Select::new();
                list.send(&s);
                if watch_both {
                    list.recv(&r);
                }
                loop {
                    let index = list.ready();
                    let done = match index {
                        0 => s.try_send(1).is_ok(),
                        _ => r.try_recv().is_ok(),
                    };
                    if done {
                        return index;
                    }
                }
            })
        };
        // In both directions: it never meets itself.
        let index = select! {
            send(s, 2) -> res => { res.unwrap(); 1 }
            recv(r) -> msg => { assert_eq!(msg, Ok(1)); 0 }
        };
        assert_eq!(watching.join(), index);
    }
}

fn disconnection_and_close<W: World>() {
    for flavor in Flavor::ALL {
        for way in 0..3 {
            let (s, r) = flavor.make();
            let watching = watch_recv::<W>(&r);
            match way {
                0 => drop(s),
                1 => drop(s.close()),
                _ => drop(r.close()),
            }
            assert_eq!(watching.join(), None);
            let mut list = Select::new();
            list.recv(&r);
            assert_eq!((list.ready(), list.try_ready()), (0, Ok(0)));
            assert_eq!(list.select().recv(&r), Err(RecvError));

            if flavor == Flavor::List {
                continue;
            }
            let (s, r) = flavor.make();
            while s.try_send(0).is_ok() {}
            let watching = watch_send::<W>(&s, 9);
            match way {
                0 => drop(r),
                1 => drop(s.close()),
                _ => drop(r.close()),
            }
            assert_eq!(watching.join(), Some(9));
            let mut list = Select::new();
            list.send(&s);
            assert_eq!((list.ready(), list.try_ready()), (0, Ok(0)));
            assert_eq!(list.select().send(&s, 1), Err(SendError(1)));
        }
    }
}

fn the_clock<W: World>() {
    let (_s, r) = bounded::<()>(0);
    let start = Instant::now();
    let (soon, ticks) = (after(ms(2)), tick(ms(5)));
    let mut list = Select::new();
    list.recv(&r);
    list.recv(&soon);
    assert_eq!(list.ready(), 1);
    assert!(start.elapsed() >= ms(2));
    soon.recv().unwrap();
    assert!(list.try_ready().is_err());
    list.recv(&ticks);
    for _ in 0..3 {
        assert_eq!(list.ready_timeout(NEVER), Ok(2));
        ticks.try_recv().unwrap();
    }
    assert!(start.elapsed() >= ms(15));
}

fn all_who_watch_are_told<W: World>() {
    const WATCHERS: usize = 10;
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make::<usize>();
        let arrivals = Arrivals::default();
        let watchers: Vec<_> = (0..WATCHERS)
            .map(|_| {
                let (r, arrivals) = (r.clone(), arrivals.clone());
                W::spawn(move || {
                    let mut list = Select::new();
                    list.recv(&r);
                    arrivals.arrive();
                    // Nobody takes it: each of them finds it.
                    assert_eq!(list.ready_timeout(NEVER), Ok(0));
                })
            })
            .collect();
        arrivals.wait::<W>(WATCHERS);
        if flavor == Flavor::Zero {
            let sender = W::spawn(move || s.send(1));
            join_all(watchers);
            assert_eq!(r.recv(), Ok(1));
            sender.join().unwrap();
        } else {
            s.send(1).unwrap();
            join_all(watchers);
            assert_eq!(r.try_recv(), Ok(1));
        }
    }
}

fn watchers_never_meet<W: World>() {
    let (s, r) = bounded::<usize>(0);
    let watchers: Vec<_> = (0..6)
        .map(|i| {
            let (s, r) = (s.clone(), r.clone());
            W::spawn(move || {
                let mut list = Select::new();
                if i % 3 != 0 {
                    list.send(&s);
                }
                if i % 3 != 1 {
                    list.recv(&r);
                }
                assert!(list.try_ready().is_err());
                assert!(list.ready_timeout(ms(5)).is_err());
                assert!(list.ready_deadline(Instant::now() + ms(5)).is_err());
                assert!(s.try_send(1).is_err() && r.try_recv().is_err());
            })
        })
        .collect();
    join_all(watchers);
    let mut list = Select::new();
    list.send(&s);
    list.recv(&r);
    list.send(&s);
    assert!(list.ready_timeout(ms(1)).is_err(), "nor itself");
}

fn watchers_take_nothing<W: World>() {
    let census = Census::default();
    for flavor in [Flavor::Array(3), Flavor::List] {
        let (s, r) = flavor.make();
        (0..3).for_each(|i| s.send(census.message(i)).unwrap());
        let mut list = Select::new();
        list.recv(&r);
        for _ in 0..10 {
            assert_eq!((list.ready(), list.try_ready()), (0, Ok(0)));
            assert_eq!((r.len(), census.alive()), (3, 3));
        }
        assert_eq!(
            r.try_iter().map(|msg| msg.value).collect::<Vec<_>>(),
            [0, 1, 2]
        );
        let mut list = Select::new();
        list.send(&s);
        for _ in 0..10 {
            assert_eq!(list.ready(), 0);
        }
        // No slot is missing.
        (0..3).for_each(|i| s.try_send(census.message(i)).unwrap());
    }
    // Somebody who waits goes on waiting.
    let (s, r) = bounded(0);
    let sender = W::spawn(move || s.send(4));
    let mut list = Select::new();
    list.recv(&r);
    for _ in 0..10 {
        assert_eq!(list.ready(), 0);
    }
    assert_eq!(r.try_recv(), Ok(4));
    assert_eq!(sender.join(), Ok(()));
}

/// Messages come and go; the one that watches is not told of those that others have taken, or tries
/// and goes on.
fn a_gain_of_others_does_not_end_the_wait<W: World>() {
    let count = rounds(2_000);
    for flavor in [Flavor::Zero, Flavor::Array(1), Flavor::List] {
        let (s, r) = flavor.make();
        let taken = Arc::new(AtomicUsize::new(0));
        let watching = {
            let (r, taken) = (r.clone(), taken.clone());
            W::spawn(move || {
                let mut list = Select::new();
                list.recv(&r);
                loop {
                    list.ready();
                    match r.try_recv() {
                        Ok(_) => taken.fetch_add(1, Ordering::Relaxed),
                        Err(TryRecvError::Empty) => continue,
                        Err(TryRecvError::Disconnected) => return,
                    };
                }
            })
        };
        let taking = {
            let (r, taken) = (r.clone(), taken.clone());
            W::spawn(move || taken.fetch_add(r.iter().count(), Ordering::Relaxed))
        };
        drop(r);
        (0..count).for_each(|i| s.send(i).unwrap());
        drop(s);
        taking.join();
        watching.join();
        assert_eq!(taken.load(Ordering::Relaxed), count);
    }
}

fn time_limits_hold_while_others_are_faster<W: World>() {
    let (s, r) = bounded(1);
    let over = Arc::new(AtomicUsize::new(0));
    let busy = {
        let (r, over) = (r.clone(), over.clone());
        W::spawn(move || {
            while over.load(Ordering::Relaxed) == 0 {
                s.send(1).unwrap();
                r.recv().unwrap();
                W::yield_now();
            }
        })
    };
    let start = Instant::now();
    let mut list = Select::new();
    list.recv(&r);
    while start.elapsed() < ms(10) {
        let before = Instant::now();
        if list.ready_timeout(ms(1)).is_err() {
            assert!(before.elapsed() >= ms(1));
        }
    }
    over.store(1, Ordering::Relaxed);
    busy.join();
}

/// When nobody watches any more, the channel is as it was.
fn fast_operations_come_back_after_a_watch<W: World>() {
    for flavor in [Flavor::Array(2), Flavor::List] {
        let (s, r) = flavor.make();
        let mut list = Select::new();
        list.recv(&r);
        for i in 0..50 {
            assert!(list.ready_timeout(Duration::from_nanos(1)).is_err());
            assert_eq!((s.len(), s.is_full()), (0, false));
            s.send(i).unwrap();
            s.try_send(i).unwrap();
            assert_eq!((s.len(), s.is_full()), (2, flavor.capacity().is_some()));
            if flavor.capacity().is_some() {
                let mut full = Select::new();
                full.send(&s);
                assert!(full.ready_timeout(Duration::from_nanos(1)).is_err());
                assert_eq!(s.try_send(9), Err(TrySendError::Full(9)));
            }
            assert_eq!((r.recv(), r.try_recv()), (Ok(i), Ok(i)));
        }
    }
}

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
