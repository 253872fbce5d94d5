//! The condition variable.

#[macro_use]
#[path = "common/worlds.rs"]
mod worlds;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hueless_runtime::sync::{Condvar, Mutex};
use worlds::{NEVER, World, join_all};

/// A queue with room for one, passed through by many: one lost wake-up and it stands still.
fn no_wake_up_is_lost<W: World>() {
    const EACH: usize = 500;
    struct Slot {
        full: Mutex<Option<usize>>,
        filled: Condvar,
        emptied: Condvar,
    }
    let slot = Arc::new(Slot {
        full: Mutex::new(None),
        filled: Condvar::new(),
        emptied: Condvar::new(),
    });
    let senders = W::crowd(3, {
        let slot = slot.clone();
        move |_| {
            for n in 0..EACH {
                let mut full = slot
                    .emptied
                    .wait_while(slot.full.lock(), |full| full.is_some());
                *full = Some(n);
                drop(full);
                slot.filled.notify_one();
            }
        }
    });
    let receivers = W::crowd(3, {
        let slot = slot.clone();
        move |_| {
            let mut sum = 0;
            for _ in 0..EACH {
                let mut full = slot.full.lock();
                let n = loop {
                    if let Some(n) = full.take() {
                        break n;
                    }
                    full = slot.filled.wait(full);
                };
                drop(full);
                slot.emptied.notify_one();
                sum += n;
            }
            sum
        }
    });
    join_all(senders);
    let sum: usize = join_all(receivers).into_iter().sum();
    assert_eq!(sum, 3 * EACH * (EACH - 1) / 2);
}

/// Some of those who wait give up all the time; each notification still reaches somebody.
fn no_wake_up_is_lost_to_one_that_gives_up<W: World>() {
    const ALL: usize = 400;
    let shared = Arc::new((Mutex::new(0usize), Condvar::new(), Mutex::new(0usize)));
    let takers = W::crowd(4, {
        let shared = shared.clone();
        move |number| {
            let (stock, added, taken) = &*shared;
            loop {
                let mut stock = stock.lock();
                if *taken.lock() == ALL {
                    return;
                }
                if *stock == 0 {
                    let limit = match number % 2 {
                        0 => Duration::from_micros(50),
                        _ => NEVER,
                    };
                    (stock, _) = added.wait_timeout(stock, limit);
                }
                if *stock != 0 {
                    *stock -= 1;
                    let mut taken = taken.lock();
                    *taken += 1;
                    if *taken == ALL {
                        added.notify_all();
                    }
                }
            }
        }
    });
    for round in 0..ALL {
        *shared.0.lock() += 1;
        shared.1.notify_one();
        if round % 8 == 0 {
            W::linger();
        }
    }
    join_all(takers);
    assert_eq!((*shared.0.lock(), *shared.2.lock()), (0, ALL));
}

fn all_are_woken<W: World>() {
    let shared = Arc::new((Mutex::new((0, false)), Condvar::new()));
    let crowd = W::crowd(8, {
        let shared = shared.clone();
        move |_| {
            let mut state = shared.0.lock();
            state.0 += 1;
            let state = shared.1.wait_while(state, |state| !state.1);
            assert!(state.1);
        }
    });
    W::until(|| shared.0.lock().0 == 8);
    shared.0.lock().1 = true;
    shared.1.notify_all();
    join_all(crowd);
}

fn one_is_woken_at_a_time_and_in_order<W: World>() {
    let shared = Arc::new((Mutex::new((0usize, Vec::new())), Condvar::new()));
    let crowd: Vec<_> = (0..4)
        .map(|number| {
            let there = shared.clone();
            let waiting = W::spawn(move || {
                let mut state = there.0.lock();
                state.0 += 1;
                let mut state = there.1.wait(state);
                state.1.push(number);
            });
            // The mutex is free again, so this one waits.
            W::until(|| shared.0.lock().0 == number + 1);
            waiting
        })
        .collect();
    for number in 0..4 {
        shared.1.notify_one();
        W::until(|| shared.0.lock().1.len() > number);
        W::linger();
        assert_eq!(shared.0.lock().1.len(), number + 1, "one was woken");
    }
    join_all(crowd);
    assert_eq!(shared.0.lock().1, [0, 1, 2, 3]);
}

fn a_time_out_is_told_and_has_the_mutex<W: World>() {
    let shared = Arc::new((Mutex::new(false), Condvar::new()));
    let limit = Duration::from_millis(2);
    let begun = Instant::now();
    let (guard, result) = shared.1.wait_timeout(shared.0.lock(), limit);
    assert!(result.timed_out() && begun.elapsed() >= limit);
    assert!(shared.0.is_locked());
    let (guard, result) = shared.1.wait_timeout_while(guard, limit, |ready| !*ready);
    assert!(result.timed_out());
    let (guard, result) = shared.1.wait_timeout_while(guard, limit, |ready| *ready);
    assert!(!result.timed_out());
    let (guard, result) = shared.1.wait_deadline(guard, begun);
    assert!(result.timed_out());
    // Notified in time, with the mutex for a while beyond it.
    let there = shared.clone();
    let notifier = W::spawn(move || {
        *there.0.lock() = true;
        there.1.notify_one();
    });
    let (guard, result) = shared.1.wait_timeout_while(guard, NEVER, |ready| !*ready);
    assert!(*guard && !result.timed_out());
    drop(guard);
    notifier.join();
}

fn a_notification_for_nobody_is_void<W: World>() {
    let shared = Arc::new((Mutex::new(()), Condvar::new()));
    shared.1.notify_one();
    shared.1.notify_all();
    let limit = Duration::from_millis(1);
    let there = shared.clone();
    let waited = W::spawn(move || there.1.wait_timeout(there.0.lock(), limit).1);
    assert!(waited.join().timed_out());
}

in_all_worlds!(
    no_wake_up_is_lost,
    no_wake_up_is_lost_to_one_that_gives_up,
    all_are_woken,
    one_is_woken_at_a_time_and_in_order,
    a_time_out_is_told_and_has_the_mutex,
    a_notification_for_nobody_is_void,
);
