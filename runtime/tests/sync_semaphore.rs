//! The semaphore.

#[macro_use]
#[path = "common/worlds.rs"]
mod worlds;

use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::Builder;
use hueless_runtime::sync::{Mutex, Semaphore};
use worlds::{NEVER, Tasks, World, join_all};

fn so_many_at_a_time<W: World>() {
    let shared = Arc::new((Semaphore::new(3), AtomicUsize::new(0)));
    let crowd = W::crowd(8, {
        let shared = shared.clone();
        move |number| {
            for _ in 0..500 {
                let permit = shared.0.acquire_many(1 + number % 3);
                let inside = shared.1.fetch_add(permit.permits(), Ordering::Relaxed);
                assert!(inside + permit.permits() <= 3);
                W::yield_now();
                shared.1.fetch_sub(permit.permits(), Ordering::Relaxed);
            }
        }
    });
    join_all(crowd);
    assert_eq!(shared.0.available_permits(), 3);
}

/// Nobody passes one who wants many, whatever is free.
fn who_waits_for_many_is_not_passed<W: World>() {
    let semaphore = Arc::new(Semaphore::new(2));
    let there = semaphore.clone();
    let greedy = W::spawn(move || there.acquire_many(3).forget());
    // Once somebody waits nothing is to be had.
    W::until(|| semaphore.try_acquire().is_none());
    let there = semaphore.clone();
    let limit = Duration::from_millis(5);
    let modest = W::spawn(move || there.acquire_timeout(limit).is_some());
    assert!(!modest.join());
    assert_eq!(semaphore.available_permits(), 2);
    semaphore.add_permits(1);
    greedy.join();
    assert_eq!(semaphore.available_permits(), 0);
}

fn a_waiter_that_gives_up_lets_the_next_pass<W: World>() {
    let semaphore = Arc::new(Semaphore::new(1));
    let there = semaphore.clone();
    let greedy = W::spawn(move || {
        let limit = Duration::from_millis(30);
        there.acquire_many_timeout(2, limit).is_some()
    });
    W::until(|| semaphore.try_acquire().is_none());
    let there = semaphore.clone();
    let modest = W::spawn(move || there.acquire_timeout(NEVER).is_some());
    assert!(modest.join());
    assert!(!greedy.join());
    assert_eq!(semaphore.available_permits(), 1);
}

fn time_outs_lose_no_permit<W: World>() {
    const EACH: usize = 25_000;
    let semaphore = Arc::new(Semaphore::new(3));
    let crowd = W::crowd(4, {
        let semaphore = semaphore.clone();
        move |number| {
            for round in 0..EACH {
                let limit = Duration::from_nanos(((number + round) % 7 * 500) as u64);
                let permit = semaphore.acquire_many_timeout(1 + round % 3, limit);
                if round % 16 == 0 {
                    W::yield_now();
                }
                drop(permit);
            }
        }
    });
    join_all(crowd);
    assert_eq!(semaphore.available_permits(), 3);
    assert!(semaphore.try_acquire_many(3).is_some());
}

fn permits_can_be_added_kept_split_and_sent<W: World>() {
    let semaphore = Arc::new(Semaphore::new(0));
    let begun = Instant::now();
    assert!(
        semaphore
            .acquire_timeout(Duration::from_millis(2))
            .is_none()
    );
    assert!(begun.elapsed() >= Duration::from_millis(2));
    assert!(semaphore.acquire_owned_timeout(Duration::ZERO).is_none());
    assert!(semaphore.acquire_deadline(begun).is_none());
    let there = semaphore.clone();
    let waiting = W::spawn(move || there.acquire_many_owned(4));
    semaphore.add_permits(5);
    let mut permit = waiting.join();
    let part = permit.split(3).expect("of four");
    assert!(permit.split(2).is_none());
    assert_eq!((permit.permits(), part.permits()), (1, 3));
    // An owned permit goes where it is wanted.
    W::spawn(move || drop(part)).join();
    assert_eq!(semaphore.available_permits(), 4);
    permit.forget();
    assert_eq!(semaphore.available_permits(), 4);
    assert_eq!(semaphore.acquire_many(0).permits(), 0);
    assert!(semaphore.try_acquire_owned().is_some());
}

in_all_worlds!(
    so_many_at_a_time,
    who_waits_for_many_is_not_passed,
    a_waiter_that_gives_up_lets_the_next_pass,
    time_outs_lose_no_permit,
    permits_can_be_added_kept_split_and_sent,
);

#[test]
fn there_are_not_more_permits_than_can_be_counted() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    assert!(catch_unwind(|| semaphore.add_permits(1)).is_err());
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert!(semaphore.try_acquire_many(usize::MAX).is_none());
    assert!(catch_unwind(|| drop(semaphore.acquire_many(usize::MAX))).is_err());
    assert!(catch_unwind(|| Semaphore::new(usize::MAX)).is_err());
}

/// Permits are added while all there can be are taken: what would be too many when those come back is lost.
#[test]
fn permits_that_come_back_are_not_more_than_can_be_counted() {
    const MAX: usize = Semaphore::MAX_PERMITS;
    let semaphore = Semaphore::new(MAX);
    let all = semaphore.acquire_many(MAX);
    assert!(catch_unwind(|| semaphore.add_permits(usize::MAX)).is_err());
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.add_permits(MAX);
    let all_again = semaphore.acquire_many(MAX);
    semaphore.add_permits(MAX - 1);
    for more_than_enough in [all, all_again] {
        drop(more_than_enough);
        assert_eq!(semaphore.available_permits(), MAX);
    }
    assert!(catch_unwind(|| semaphore.add_permits(1)).is_err());
    semaphore.add_permits(0);
    let all = semaphore.try_acquire_many(MAX).expect("all are free");
    assert!(semaphore.try_acquire().is_none());
    drop(all);
    assert_eq!(semaphore.available_permits(), MAX);
}

/// Somebody waits for all that there can be while too many are added.
#[test]
fn too_many_permits_do_not_disturb_who_waits() {
    const MAX: usize = Semaphore::MAX_PERMITS;
    let semaphore = Arc::new(Semaphore::new(MAX));
    let one = semaphore.acquire();
    let there = semaphore.clone();
    let greedy = std::thread::spawn(move || there.acquire_many(MAX).permits());
    while semaphore.try_acquire().is_some() {
        std::thread::yield_now();
    }
    assert!(catch_unwind(|| semaphore.add_permits(2)).is_err());
    assert_eq!(semaphore.available_permits(), MAX - 1);
    drop(one);
    assert_eq!(greedy.join().unwrap(), MAX);
    assert_eq!(semaphore.available_permits(), MAX);
}

/// On one worker, where who has begun to acquire waits by the time another runs.
#[test]
fn first_come_first_served_whatever_the_numbers() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let order = runtime.run(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let order = Arc::new(Mutex::new(Vec::new()));
        let waiting: Vec<_> = [3, 1, 2]
            .into_iter()
            .map(|n| {
                let begun = Arc::new(AtomicUsize::new(0));
                let (there, order, begins) = (semaphore.clone(), order.clone(), begun.clone());
                let waiter = hueless_runtime::spawn(move || {
                    begins.store(1, Ordering::Relaxed);
                    let permit = there.acquire_many(n);
                    order.lock().push(n);
                    permit.forget();
                });
                Tasks::until(|| begun.load(Ordering::Relaxed) == 1);
                waiter
            })
            .collect();
        for _ in 0..6 {
            semaphore.add_permits(1);
            Tasks::linger();
        }
        for waiter in waiting {
            waiter.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 0);
        order.lock().clone()
    });
    assert_eq!(order, [3, 1, 2]);
}
