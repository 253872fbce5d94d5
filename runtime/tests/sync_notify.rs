//! Notifications.

#[macro_use]
#[path = "common/worlds.rs"]
mod worlds;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::sync::{Mutex, Notify};
use worlds::{NEVER, World, join_all};

fn one_notification_is_kept<W: World>() {
    let notify = Arc::new(Notify::new());
    for _ in 0..3 {
        notify.notify_one();
    }
    let there = notify.clone();
    let other = W::spawn(move || {
        there.wait();
        let begun = Instant::now();
        assert!(!there.wait_timeout(Duration::from_millis(2)));
        assert!(begun.elapsed() >= Duration::from_millis(2));
        assert!(!there.wait_deadline(begun));
        assert!(!there.wait_timeout(Duration::ZERO));
    });
    other.join();
    notify.notify_one();
    assert!(notify.wait_timeout(Duration::ZERO));
}

/// Those who wait already are woken, and who comes later is not.
fn all_who_wait_are_woken_and_nobody_else<W: World>() {
    let notify = Arc::new(Notify::new());
    let waiting = Arc::new(AtomicUsize::new(0));
    let crowd = W::crowd(6, {
        let (notify, waiting) = (notify.clone(), waiting.clone());
        move |_| {
            let listener = notify.listen();
            waiting.fetch_add(1, Ordering::Relaxed);
            assert!(listener.wait_timeout(NEVER));
        }
    });
    W::until(|| waiting.load(Ordering::Relaxed) == 6);
    notify.notify_waiters();
    join_all(crowd);
    assert!(
        !notify.wait_timeout(Duration::from_millis(1)),
        "nothing was kept"
    );
}

/// Each notification for one is received once, though some of those who wait give up.
fn none_is_lost_to_one_that_gives_up<W: World>() {
    const ALL: usize = if cfg!(debug_assertions) { 2000 } else { 20_000 };
    let shared = Arc::new((Notify::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
    let crowd = W::crowd(4, {
        let shared = shared.clone();
        move |number| {
            let (notify, received, _) = &*shared;
            let mut round = number;
            while received.load(Ordering::Acquire) < ALL {
                round += 1;
                let limit = Duration::from_nanos((round % 7 * 500) as u64);
                let told = match round % 3 {
                    0 => notify.listen().wait_timeout(limit),
                    1 => {
                        // Dropped, with a notification or without.
                        drop(notify.listen());
                        continue;
                    }
                    _ => notify.wait_timeout(limit),
                };
                if told {
                    received.fetch_add(1, Ordering::Release);
                }
                W::yield_now();
            }
        }
    });
    for sent in 0..ALL {
        shared.0.notify_one();
        // One at a time, since one only is kept.
        W::until(|| shared.1.load(Ordering::Acquire) > sent);
    }
    join_all(crowd);
    assert_eq!(shared.1.load(Ordering::Relaxed), ALL);
    assert!(!shared.0.wait_timeout(Duration::ZERO));
}

fn first_come_first_served<W: World>() {
    let notify = Arc::new(Notify::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    let waiting = Arc::new(AtomicUsize::new(0));
    let mut crowd = Vec::new();
    for number in 0..4 {
        let (there, order, counted) = (notify.clone(), order.clone(), waiting.clone());
        crowd.push(W::spawn(move || {
            let listener = there.listen();
            counted.fetch_add(1, Ordering::Relaxed);
            listener.wait();
            order.lock().push(number);
        }));
        W::until(|| waiting.load(Ordering::Relaxed) == number + 1);
        W::linger();
    }
    for number in 0..4 {
        notify.notify_one();
        W::until(|| order.lock().len() == number + 1);
    }
    join_all(crowd);
    assert_eq!(*order.lock(), [0, 1, 2, 3]);
}

fn a_listener_hears_what_comes_after_it<W: World>() {
    let notify = Arc::new(Notify::new());
    let (first, second) = (notify.listen(), notify.listen());
    let there = notify.clone();
    W::spawn(move || there.notify_one()).join();
    assert!(
        !second.wait_timeout(Duration::from_millis(1)),
        "it was for the first"
    );
    assert!(first.wait_timeout(Duration::ZERO));
    // One that is told and dropped passes it on to the next that waits.
    let (first, second) = (notify.listen(), notify.listen());
    notify.notify_one();
    drop(first);
    second.wait();
    // With nobody there it is kept.
    let only = notify.listen();
    notify.notify_one();
    drop(only);
    // And taken by one that begins to listen.
    let only = notify.listen();
    assert!(!notify.wait_timeout(Duration::ZERO));
    drop(only);
    assert!(notify.wait_timeout(Duration::ZERO));
    // What was for all is not passed on.
    let only = notify.listen();
    notify.notify_waiters();
    drop(only);
    assert!(!notify.wait_timeout(Duration::ZERO));
}

/// A listener may be waited for elsewhere than where it was made.
fn a_listener_can_be_sent<W: World>() {
    let notify: &'static Notify = Box::leak(Box::new(Notify::new()));
    let listener = notify.listen();
    let other = W::spawn(move || listener.wait_timeout(NEVER));
    W::linger();
    notify.notify_one();
    assert!(other.join());
    // SAFETY: made by `Box::leak` above, and nobody uses it any more.
    drop(unsafe { Box::from_raw(std::ptr::from_ref(notify).cast_mut()) });
}

in_all_worlds!(
    one_notification_is_kept,
    all_who_wait_are_woken_and_nobody_else,
    none_is_lost_to_one_that_gives_up,
    first_come_first_served,
    a_listener_hears_what_comes_after_it,
    a_listener_can_be_sent,
);
