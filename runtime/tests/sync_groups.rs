//! Barriers and wait groups.

#[macro_use]
#[path = "common/worlds.rs"]
mod worlds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::sync::{Barrier, WaitGroup};
use worlds::{World, join_all};

fn a_barrier_has_one_leader_a_time<W: World>() {
    const SIZE: usize = 5;
    const ROUNDS: usize = 50;
    let shared = Arc::new((Barrier::new(SIZE), AtomicUsize::new(0)));
    let crowd = W::crowd(SIZE, {
        let shared = shared.clone();
        move |_| {
            let mut led = 0;
            for round in 0..ROUNDS {
                shared.1.fetch_add(1, Ordering::Relaxed);
                led += usize::from(shared.0.wait().is_leader());
                let arrived = shared.1.load(Ordering::Relaxed);
                assert!(arrived >= (round + 1) * SIZE, "all have come");
            }
            led
        }
    });
    let led: usize = join_all(crowd).into_iter().sum();
    assert_eq!(led, ROUNDS);
}

fn who_gives_up_has_not_come<W: World>() {
    let barrier = Arc::new(Barrier::new(2));
    let begun = Instant::now();
    assert!(barrier.wait_timeout(Duration::from_millis(2)).is_none());
    assert!(begun.elapsed() >= Duration::from_millis(2));
    assert!(barrier.wait_timeout(Duration::ZERO).is_none());
    let there = barrier.clone();
    let other = W::spawn(move || there.wait().is_leader());
    assert_ne!(barrier.wait().is_leader(), other.join());
    assert!(Barrier::new(0).wait().is_leader());
}

/// Some give up all the time; the barrier opens for as many as it is for, no less.
fn time_outs_do_not_count_twice<W: World>() {
    const SIZE: usize = 2;
    let shared = Arc::new((Barrier::new(SIZE), AtomicUsize::new(0), AtomicUsize::new(0)));
    let crowd = W::crowd(4, {
        let shared = shared.clone();
        move |number| {
            for round in 0..500 {
                let limit = Duration::from_nanos(((number + round) % 7 * 500) as u64);
                if let Some(result) = shared.0.wait_timeout(limit) {
                    shared.1.fetch_add(1, Ordering::Relaxed);
                    shared
                        .2
                        .fetch_add(usize::from(result.is_leader()), Ordering::Relaxed);
                }
            }
        }
    });
    join_all(crowd);
    let [passed, led] = [&shared.1, &shared.2].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(passed, SIZE * led);
}

fn a_group_is_waited_for<W: World>() {
    for size in [0, 1, 50] {
        let (group, done) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
        group.add(size);
        let waiting = W::crowd(3, {
            let (group, done) = (group.clone(), done.clone());
            move |_| {
                group.wait();
                assert_eq!(done.load(Ordering::Relaxed), size);
            }
        });
        let crowd = W::crowd(size, {
            let (group, done) = (group.clone(), done.clone());
            move |_| {
                done.fetch_add(1, Ordering::Relaxed);
                group.done();
            }
        });
        group.wait();
        assert_eq!(done.load(Ordering::Relaxed), size);
        join_all(waiting);
        join_all(crowd);
        assert!(group.wait_timeout(Duration::ZERO));
    }
}

fn a_group_can_be_used_again_while_others_wait<W: World>() {
    let group = WaitGroup::new();
    let crowd = W::crowd(4, {
        let group = group.clone();
        move |_| {
            for _ in 0..300 {
                group.add(1);
                W::yield_now();
                group.done();
                group.wait_timeout(Duration::from_micros(1));
            }
        }
    });
    join_all(crowd);
    assert!(group.wait_timeout(Duration::ZERO));
    assert_eq!(format!("{group:?}"), "WaitGroup { count: 0 }");
}

fn a_wait_for_a_group_can_be_given_up<W: World>() {
    let group = WaitGroup::new();
    group.add(1);
    let begun = Instant::now();
    assert!(!group.wait_timeout(Duration::from_millis(2)));
    assert!(begun.elapsed() >= Duration::from_millis(2));
    assert!(!group.wait_deadline(begun));
    let there = group.clone();
    W::spawn(move || there.done()).join();
    assert!(group.wait_deadline(begun));
}

fn more_done_than_added_is_told<W: World>() {
    let group = WaitGroup::new();
    group.add(1);
    group.done();
    let there = group.clone();
    let misuse = W::spawn(move || {
        let payload = catch_unwind(AssertUnwindSafe(|| there.done())).unwrap_err();
        payload.downcast_ref::<&str>().map(ToString::to_string)
    });
    let message = misuse.join().expect("a message");
    assert!(message.contains("more often than was added"), "{message}");
    group.wait();
    group.add(usize::MAX);
    assert!(catch_unwind(AssertUnwindSafe(|| group.add(1))).is_err());
}

/// What panics has done too.
fn tasks_of_a_group_are_waited_for<W: World>() {
    let (group, done) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
    for number in 0..20 {
        let done = done.clone();
        group.go(move || {
            done.fetch_add(1, Ordering::Relaxed);
            if number % 10 == 0 {
                std::panic::resume_unwind(Box::new("no harm"));
            }
        });
    }
    group.wait();
    assert_eq!(done.load(Ordering::Relaxed), 20);
    W::yield_now();
}

in_all_worlds!(
    a_barrier_has_one_leader_a_time,
    who_gives_up_has_not_come,
    time_outs_do_not_count_twice,
    a_group_is_waited_for,
    a_group_can_be_used_again_while_others_wait,
    a_wait_for_a_group_can_be_given_up,
    more_done_than_added_is_told,
    tasks_of_a_group_are_waited_for,
);
