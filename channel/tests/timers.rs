//! Channels of the clock. Nothing here is timed but that nothing comes too early.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use common::{NEVER, World, join_all, ms, rounds};
use hueless_channel::{
    Receiver, RecvTimeoutError, Select, TryRecvError, after, at, bounded, never, select,
    select_biased, tick, unbounded,
};

tests_in_all_worlds!(
    one_message_and_not_too_early,
    that_very_instant,
    deadlines_that_have_passed,
    deadlines_that_never_come,
    time_limits_within_which_nothing_is_due,
    clones_share_the_message,
    ticks_are_shared_and_keep_their_distance,
    ticks_that_come_late_do_not_burst,
    a_receiver_that_keeps_up_gets_a_regular_clock,
    ticks_without_a_pause,
    in_selects_of_each_kind,
    the_same_timer_in_several_cases,
    cases_that_are_due_are_ready,
    a_message_and_a_timer_at_the_same_time,
    a_timer_races_a_message,
    the_first_timer_wins,
    an_operation_that_is_dropped_takes_the_time_with_it,
    what_can_be_asked,
);

/// Receives in one of the ways there are.
fn recv_somehow(r: &Receiver<Instant>, way: usize) -> Instant {
    let (_s, nothing) = bounded::<i32>(0);
    let nothing = &nothing;
    match way % 8 {
        0 => r.recv().unwrap(),
        1 => r.recv_timeout(NEVER).unwrap(),
        2 => select! { recv(r) -> msg => msg.unwrap() },
        3 => select! {
            recv(nothing) -> _ => unreachable!(),
            recv(r) -> msg => msg.unwrap(),
        },
        4 => select_biased! {
            recv(r) -> msg => msg.unwrap(),
            recv(never::<i32>()) -> _ => unreachable!(),
            recv(nothing) -> _ => unreachable!(),
            default(NEVER) => panic!("much too late"),
        },
        5 => {
            let mut list = Select::new();
            list.recv(nothing);
            list.recv(r);
            let operation = list.select();
            assert_eq!(operation.index(), 1);
            operation.recv(r).unwrap()
        }
        6 => {
            let mut list = Select::new();
            list.recv(r);
            list.recv(nothing);
            loop {
                assert_eq!(list.ready(), 0);
                // Another one may have been faster.
                if let Ok(msg) = r.try_recv() {
                    return msg;
                }
            }
        }
        _ => r.iter().next().unwrap(),
    }
}

fn one_message_and_not_too_early<W: World>() {
    for way in 0..8 {
        let start = Instant::now();
        let r = after(ms(3));
        let due = recv_somehow(&r, way);
        let now = Instant::now();
        assert!(due >= start + ms(3), "way {way}");
        assert!(now >= due, "way {way}");
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(r.recv_timeout(ms(1)), Err(RecvTimeoutError::Timeout));
    }
}

fn that_very_instant<W: World>() {
    for way in 0..8 {
        let when = Instant::now() + ms(2);
        assert_eq!(recv_somehow(&at(when), way), when);
        assert!(Instant::now() >= when);
    }
}

fn deadlines_that_have_passed<W: World>() {
    let now = Instant::now();
    for way in 0..8 {
        let past = now - ms(5);
        assert_eq!(recv_somehow(&at(past), way), past);
        recv_somehow(&after(Duration::ZERO), way);
    }
    assert!(at(now).try_recv().is_ok());
    assert!(after(Duration::ZERO).recv_timeout(Duration::ZERO).is_ok());
    assert!(after(Duration::ZERO).recv_deadline(now - ms(5)).is_ok());
    select! {
        recv(at(now)) -> msg => assert_eq!(msg, Ok(now)),
        recv(never::<()>()) -> _ => unreachable!(),
        default => panic!("it was due"),
    }
}

fn deadlines_that_never_come<W: World>() {
    for r in [
        after(Duration::MAX),
        tick(Duration::MAX),
        after(Duration::from_secs(1 << 33)),
        tick(Duration::from_secs(1 << 33)),
        at(Instant::now() + Duration::from_secs(1 << 33)),
        never(),
    ] {
        assert_eq!(r.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(r.recv_timeout(ms(1)), Err(RecvTimeoutError::Timeout));
        assert!(r.recv_deadline(Instant::now()).is_err());
        select! {
            recv(r) -> _ => panic!("too early"),
            default => {}
        }
        select! {
            recv(r) -> _ => panic!("too early"),
            recv(r) -> _ => panic!("too early"),
            default(ms(1)) => {}
        }
        // Whoever waits for it is not kept from anything else.
        let (s, other) = bounded(0);
        let sender = W::spawn(move || s.send(1));
        select! {
            recv(r) -> _ => panic!("too early"),
            recv(other) -> msg => assert_eq!(msg, Ok(1)),
        }
        sender.join().unwrap();
        let mut list = Select::new();
        list.recv(&r);
        assert!(list.try_ready().is_err() && list.ready_timeout(ms(1)).is_err());
        assert!(list.try_select().is_err() && list.select_timeout(ms(1)).is_err());
    }
    let last = tick(Duration::from_nanos(1));
    assert!(last.recv_timeout(Duration::MAX).is_ok());
}

fn time_limits_within_which_nothing_is_due<W: World>() {
    let r = after(NEVER);
    let start = Instant::now();
    assert_eq!(r.recv_timeout(ms(2)), Err(RecvTimeoutError::Timeout));
    assert!(start.elapsed() >= ms(2));
    select! {
        recv(r) -> _ => panic!("too early"),
        recv(never::<()>()) -> _ => unreachable!(),
        default(ms(2)) => {}
    }
    assert!(start.elapsed() >= ms(4));
    let mut list = Select::new();
    list.recv(&r);
    assert!(list.ready_timeout(ms(2)).is_err());
    assert!(list.select_timeout(ms(2)).is_err());
    assert!(list.ready_deadline(start).is_err() && list.select_deadline(start).is_err());
    assert!(start.elapsed() >= ms(8));
}

fn clones_share_the_message<W: World>() {
    for round in 0..rounds(40) {
        let r = after(Duration::from_micros(round as u64 * 30));
        let takers: Vec<_> = (0..4)
            .map(|i| {
                let r = r.clone();
                W::spawn(move || match i {
                    0 => r.recv_timeout(ms(20)).ok(),
                    1 => select! {
                        recv(r) -> msg => msg.ok(),
                        recv(never::<()>()) -> _ => unreachable!(),
                        default(ms(20)) => None,
                    },
                    2 => {
                        let mut list = Select::new();
                        list.recv(&r);
                        list.select_timeout(ms(20))
                            .ok()
                            .map(|op| op.recv(&r).unwrap())
                    }
                    _ => {
                        let mut list = Select::new();
                        list.recv(&r);
                        let _ = list.ready_timeout(ms(20));
                        r.try_recv().ok()
                    }
                })
            })
            .collect();
        let taken = join_all(takers).into_iter().flatten().count();
        assert_eq!(taken, 1);
    }
}

fn ticks_are_shared_and_keep_their_distance<W: World>() {
    let period = Duration::from_micros(300);
    let start = Instant::now();
    let r = tick(period);
    let takers: Vec<_> = (0..4)
        .map(|taker| {
            let r = r.clone();
            W::spawn(move || (0..8).map(|i| recv_somehow(&r, i + taker)).collect())
        })
        .collect();
    let mut ticks: Vec<Instant> = join_all::<Vec<_>>(takers).into_iter().flatten().collect();
    ticks.sort();
    assert!(ticks[0] >= start + period);
    for pair in ticks.windows(2) {
        assert!(
            pair[1] >= pair[0] + period,
            "none is received twice, none is early"
        );
    }
}

fn ticks_that_come_late_do_not_burst<W: World>() {
    let period = ms(2);
    for way in 0..8 {
        let start = Instant::now();
        let r = tick(period);
        // Several of them are missed.
        at(start + 10 * period).recv().unwrap();
        let late = Instant::now();
        let first = recv_somehow(&r, way);
        assert!(
            first < late - 8 * period,
            "the message tells when it was due"
        );
        let second = recv_somehow(&r, way);
        assert!(second >= late + period, "a full period later, way {way}");
        let third = recv_somehow(&r, way);
        assert!(third >= second + period);
    }
}

fn a_receiver_that_keeps_up_gets_a_regular_clock<W: World>() {
    let period = ms(5);
    let mut regular = 0;
    for way in 0..8 {
        let r = tick(period);
        let mut begun = Instant::now();
        let mut last = recv_somehow(&r, way);
        for _ in 0..4 {
            let returned = Instant::now();
            let next = recv_somehow(&r, way);
            // The last one's receiver was there by then, some time in between.
            assert!(next >= last.max(begun) + period, "way {way}");
            assert!(next <= last.max(returned) + period, "way {way}");
            regular += usize::from(next == last + period);
            (begun, last) = (returned, next);
        }
    }
    assert!(regular > 0, "the receiver was never in time, 32 times");
}

fn ticks_without_a_pause<W: World>() {
    let r = tick(Duration::ZERO);
    for way in 0..16 {
        recv_somehow(&r, way);
    }
    let (s, other) = unbounded();
    s.send(1).unwrap();
    let mut hits = 0;
    while !other.is_empty() {
        select! {
            recv(r) -> msg => hits += usize::from(msg.is_ok()),
            recv(other) -> msg => assert_eq!(msg, Ok(1)),
        }
        assert!(
            hits < 1_000,
            "a fair choice misses this with a probability of 2^-1000"
        );
    }
}

fn in_selects_of_each_kind<W: World>() {
    let (s, r) = bounded::<i32>(1);
    s.send(0).unwrap();
    let (s0, r0) = bounded::<i32>(0);
    for _ in 0..3 {
        let start = Instant::now();
        select! {
            send(s, 1) -> _ => panic!("there is no room"),
            recv(r0) -> _ => panic!("nobody sends"),
            send(s0, 1) -> _ => panic!("nobody receives"),
            recv(after(ms(1))) -> due => assert!(due.unwrap() >= start + ms(1)),
        }
        assert!(start.elapsed() >= ms(1));
    }
    drop(r);
    select! {
        send(s, 1) -> res => assert!(res.is_err()),
        recv(after(NEVER)) -> _ => panic!("too early"),
    }
}

fn the_same_timer_in_several_cases<W: World>() {
    for _ in 0..10 {
        let r = after(Duration::from_micros(200));
        let clone = r.clone();
        let hits: usize = (0..2)
            .map(|_| {
                select! {
                    recv(r) -> msg => usize::from(msg.is_ok()),
                    recv(r) -> msg => usize::from(msg.is_ok()),
                    recv(clone) -> msg => usize::from(msg.is_ok()),
                    default(ms(2)) => 0,
                }
            })
            .sum();
        // Neither twice nor lost.
        assert_eq!(hits + usize::from(r.try_recv().is_ok()), 1);
    }
}

fn cases_that_are_due_are_ready<W: World>() {
    let r = after(ms(1));
    let mut list = Select::new();
    list.recv(&r);
    for _ in 0..3 {
        // Nothing is taken.
        assert_eq!(list.ready(), 0);
        assert_eq!(list.try_ready(), Ok(0));
        assert_eq!(list.ready_timeout(Duration::ZERO), Ok(0));
    }
    assert!(r.try_recv().is_ok());
    assert!(list.try_ready().is_err());
}

/// Both are there: each select takes one of them, and leaves the other.
fn a_message_and_a_timer_at_the_same_time<W: World>() {
    let mut firsts = [0; 2];
    for round in 0..200 {
        let (s, r) = unbounded();
        s.send(round).unwrap();
        let time = at(Instant::now());
        let mut got = Vec::new();
        for _ in 0..2 {
            select! {
                recv(r) -> msg => got.push(msg.unwrap()),
                recv(time) -> due => got.push(due.map(|_| usize::MAX).unwrap()),
                default => panic!("one is left"),
            }
        }
        select! {
            recv(r) -> _ => panic!("it was received"),
            recv(time) -> _ => panic!("it was received"),
            default => {}
        }
        firsts[usize::from(got[0] == usize::MAX)] += 1;
        got.sort_unstable();
        assert_eq!(got, [round, usize::MAX]);
    }
    // A fair choice misses this with a probability below 1e-20.
    assert!(firsts.iter().all(|hits| *hits > 25), "{firsts:?}");
    for _ in 0..50 {
        let (s, r) = bounded(1);
        s.send(1).unwrap();
        select_biased! {
            recv(after(Duration::ZERO)) -> _ => {}
            recv(r) -> _ => panic!("the first one is ready"),
        }
        assert_eq!(r.try_recv(), Ok(1));
    }
}

/// The message comes about when the timer is due; whichever is selected, the other is still there.
fn a_timer_races_a_message<W: World>() {
    for round in 0..rounds(400) {
        let when = Instant::now() + Duration::from_micros(round as u64 % 60);
        let time = at(when);
        let (s, r) = bounded(round % 3);
        let sender =
            W::spawn(move || s.send_timeout(round, Duration::from_micros(round as u64 % 70)));
        let by_list = round % 2 == 0;
        let (from_timer, from_channel) = if by_list {
            let mut list = Select::new();
            list.recv(&time);
            list.recv(&r);
            let operation = list.select();
            match operation.index() {
                0 => (operation.recv(&time).is_ok(), None),
                _ => (false, operation.recv(&r).ok()),
            }
        } else {
            select! {
                recv(time) -> due => (due.is_ok(), None),
                recv(r) -> msg => (false, msg.ok()),
            }
        };
        if from_timer {
            assert!(Instant::now() >= when);
        }
        let sent = sender.join().is_ok();
        let left = r.try_recv().ok();
        let received = from_channel.or(left);
        assert_eq!(received, sent.then_some(round));
        assert!(from_channel.is_none() || left.is_none());
        assert_eq!(time.recv_timeout(ms(1)).is_ok(), !from_timer);
    }
}

fn the_first_timer_wins<W: World>() {
    for order in 0..2 {
        let start = Instant::now();
        let timers = [at(start + ms(1)), at(start + NEVER)];
        let (soon, late) = (&timers[order], &timers[1 - order]);
        let due = select! {
            recv(soon) -> due => due,
            recv(late) -> due => due,
        };
        assert_eq!(due, Ok(start + ms(1)));
        // A limit that comes first, and one that comes later.
        select! {
            recv(late) -> due => assert_eq!((due, order), (Ok(start + ms(1)), 9)),
            recv(soon) -> due => assert_eq!((due, order), (Ok(start + NEVER), 9)),
            default(ms(1)) => {}
        }
        select! {
            recv(at(start)) -> due => assert_eq!(due, Ok(start)),
            recv(late) -> _ => panic!("too early"),
            default(NEVER) => panic!("much too late"),
        }
    }
}

/// Commits a receive from `r` and does not complete it.
fn drop_operation(r: &Receiver<Instant>) {
    let mut list = Select::new();
    list.recv(r);
    let operation = list.select();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(operation))).is_err());
}

fn an_operation_that_is_dropped_takes_the_time_with_it<W: World>() {
    let r = at(Instant::now());
    drop_operation(&r);
    assert_eq!((r.len(), r.try_recv()), (0, Err(TryRecvError::Empty)));
    let r = tick(Duration::from_micros(100));
    drop_operation(&r);
    let second = r.recv().unwrap();
    assert!(r.recv().unwrap() >= second + Duration::from_micros(100));
}

fn what_can_be_asked<W: World>() {
    let now = Instant::now();
    let due = at(now);
    assert_eq!((due.len(), due.is_empty(), due.is_full()), (1, false, true));
    let later = at(now + NEVER);
    assert_eq!(
        (later.len(), later.is_empty(), later.is_full()),
        (0, true, false)
    );
    assert_eq!((due.capacity(), later.capacity()), (Some(1), Some(1)));
    due.recv().unwrap();
    assert_eq!((due.len(), due.is_empty(), due.is_full()), (0, true, false));
    assert!(due.same_channel(&due.clone()));
    assert!(!due.same_channel(&later) && !due.same_channel(&never()));
    assert!(never::<i32>().same_channel(&never()));
    let nothing = never::<i32>();
    assert_eq!(
        (nothing.len(), nothing.is_empty(), nothing.is_full()),
        (0, true, true)
    );
    assert_eq!(nothing.capacity(), Some(0));
}
