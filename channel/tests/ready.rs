//! `ready`: whoever watches learns of everything that makes an operation possible, and takes no part.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Arrivals, Census, Flavor, Handle, NEVER, World, join_all, ms, rounds};
use hueless_channel::{
    Receiver, RecvError, Select, SendError, Sender, TryRecvError, TrySendError, after, bounded,
    never, select, tick,
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
