//! The mutex.

#[macro_use]
#[path = "common/worlds.rs"]
mod worlds;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::Builder;
use hueless_runtime::sync::{ArcMutexGuard, MappedMutexGuard, Mutex, MutexGuard};
use worlds::{NEVER, Tasks, World, join_all};

fn one_at_a_time<W: World>() {
    const EACH: usize = 2000;
    let shared = Arc::new((Mutex::new(0usize), AtomicUsize::new(0)));
    let crowd = W::crowd(8, {
        let shared = shared.clone();
        move |_| {
            for round in 0..EACH {
                let mut count = shared.0.lock();
                assert_eq!(shared.1.fetch_add(1, Ordering::Relaxed), 0);
                *count += 1;
                if round % 100 == 0 {
                    // Held across a switch.
                    W::yield_now();
                }
                shared.1.fetch_sub(1, Ordering::Relaxed);
            }
        }
    });
    join_all(crowd);
    assert_eq!(*shared.0.lock(), 8 * EACH);
    assert!(!shared.0.is_locked());
}

fn a_held_mutex_is_not_to_be_had<W: World>() {
    let mutex = Arc::new(Mutex::new(()));
    let guard = mutex.lock();
    let there = mutex.clone();
    let other = W::spawn(move || {
        assert!(there.try_lock().is_none());
        assert!(there.try_lock_arc().is_none());
        assert!(there.lock_timeout(Duration::ZERO).is_none());
        let begun = Instant::now();
        assert!(there.lock_timeout(Duration::from_millis(3)).is_none());
        assert!(begun.elapsed() >= Duration::from_millis(3));
        assert!(there.lock_deadline(begun).is_none());
        assert!(there.lock_arc_timeout(Duration::from_millis(1)).is_none());
        assert_eq!(format!("{there:?}"), "Mutex { data: <locked>, .. }");
    });
    other.join();
    drop(guard);
    assert!(mutex.lock_timeout(Duration::ZERO).is_some());
    assert!(mutex.lock_deadline(Instant::now()).is_some());
    assert!(mutex.lock_timeout(Duration::MAX).is_some());
    assert_eq!(format!("{mutex:?}"), "Mutex { data: (), .. }");
}

fn a_waiter_gets_it_in_time<W: World>() {
    let mutex = Arc::new(Mutex::new(()));
    let guard = mutex.lock();
    let there = mutex.clone();
    let other = W::spawn(move || there.lock_timeout(NEVER).is_some());
    W::linger();
    drop(guard);
    assert!(other.join());
}

/// A barger locks again at once, for ever: whoever waits has its turn all the same.
fn a_barger_does_not_starve_those_who_wait<W: World>() {
    let mutex = Arc::new(Mutex::new(()));
    let stop = Arc::new(AtomicBool::new(false));
    let bargers = W::crowd(2, {
        let (mutex, stop) = (mutex.clone(), stop.clone());
        move |_| {
            while !stop.load(Ordering::Relaxed) {
                let _guard = mutex.lock();
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_micros(20) {
                    std::hint::spin_loop();
                }
            }
        }
    });
    let crowd = W::crowd(4, {
        let mutex = mutex.clone();
        move |_| {
            for _ in 0..10 {
                assert!(mutex.lock_timeout(NEVER).is_some());
            }
        }
    });
    join_all(crowd);
    stop.store(true, Ordering::Relaxed);
    join_all(bargers);
}

fn time_outs_lose_nothing<W: World>() {
    const EACH: usize = if cfg!(debug_assertions) { 2500 } else { 25_000 };
    let shared = Arc::new((Mutex::new(0usize), AtomicUsize::new(0)));
    let crowd = W::crowd(4, {
        let shared = shared.clone();
        move |number| {
            for round in 0..EACH {
                // About as long as the others hold it.
                let limit = Duration::from_nanos(((number + round) % 7 * 500) as u64);
                if let Some(mut count) = shared.0.lock_timeout(limit) {
                    *count += 1;
                    shared.1.fetch_add(1, Ordering::Relaxed);
                    if round % 16 == 0 {
                        W::yield_now();
                    }
                }
            }
        }
    });
    join_all(crowd);
    let count = shared.0.try_lock().expect("nobody holds it any more");
    assert_eq!(*count, shared.1.load(Ordering::Relaxed));
}

fn a_panic_unlocks_and_is_seen_only_if_asked_for<W: World>() {
    let mutex = Arc::new(Mutex::new((0, 0)));
    let there = mutex.clone();
    let other = W::spawn(move || {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut guard = there.lock();
            guard.0 = 1;
            resume_unwind(Box::new("torn"));
        }));
        assert!(panicked.is_err());
        assert!(!there.is_locked() && !there.is_poisoned());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            MutexGuard::poison_on_panic(&mut there.lock(), |pair| {
                pair.0 = 2;
                resume_unwind(Box::new("torn"));
            });
        }));
        assert!(panicked.is_err());
    });
    other.join();
    assert!(mutex.is_poisoned());
    assert_eq!(*mutex.lock(), (2, 0));
    mutex.clear_poison();
    let sum = MutexGuard::poison_on_panic(&mut mutex.lock(), |pair| pair.0 + pair.1);
    assert!(sum == 2 && !mutex.is_poisoned());
}

fn parts_keep_the_whole_locked<W: World>() {
    let mutex = Arc::new(Mutex::new((vec![1, 2], 3)));
    let list = MutexGuard::map(mutex.lock(), |value| &mut value.0);
    assert!(mutex.is_locked());
    let mut first = MappedMutexGuard::map(list, |list| &mut list[0]);
    *first = 7;
    let there = mutex.clone();
    assert!(W::spawn(move || there.try_lock().is_none()).join());
    drop(first);
    let guard = MutexGuard::try_map(mutex.lock(), |value| value.0.get_mut(5)).unwrap_err();
    assert_eq!(*guard, (vec![7, 2], 3));
    drop(guard);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        drop(MutexGuard::map(mutex.lock(), |_| -> &mut u32 {
            resume_unwind(Box::new(()))
        }));
    }));
    assert!(panicked.is_err() && !mutex.is_locked());
}

fn an_owned_guard_keeps_the_mutex<W: World>() {
    let mutex = Arc::new(Mutex::new(1));
    let mut guard = mutex.lock_arc();
    let there = mutex.clone();
    let other = W::spawn(move || *there.lock_arc());
    W::linger();
    *guard = 2;
    assert_eq!(
        Arc::as_ptr(ArcMutexGuard::mutex(&guard)),
        Arc::as_ptr(&mutex)
    );
    drop(mutex);
    drop(guard);
    assert_eq!(other.join(), 2);
}

in_all_worlds!(
    one_at_a_time,
    a_held_mutex_is_not_to_be_had,
    a_waiter_gets_it_in_time,
    a_barger_does_not_starve_those_who_wait,
    time_outs_lose_nothing,
    a_panic_unlocks_and_is_seen_only_if_asked_for,
    parts_keep_the_whole_locked,
    an_owned_guard_keeps_the_mutex,
);

#[test]
fn unsized_values_and_conversions() {
    let mutex: Arc<Mutex<[i32]>> = Arc::new(Mutex::new([1, 2, 3]));
    mutex.lock()[0] = 9;
    assert_eq!(&*mutex.lock_arc(), [9, 2, 3]);
    let mut mutex = Mutex::from(1);
    *mutex.get_mut() += 1;
    assert_eq!(
        format!("{:?} {}", mutex.lock(), mutex.try_lock().is_none()),
        "2 true"
    );
    assert_eq!(mutex.into_inner(), 2);
    assert_eq!(*Mutex::<u8>::default().lock(), 0);
}

/// With a seed the order is the same each time: patience is not a matter of time there.
#[test]
fn in_a_seeded_runtime_a_waiter_is_passed_once_at_most() {
    for seed in 1..20 {
        let runtime = Builder::new().workers(1).seed(seed).build().unwrap();
        let passed = runtime.run(|| {
            let shared = Arc::new((Mutex::new(()), AtomicBool::new(false)));
            let guard = shared.0.lock();
            let there = shared.clone();
            let waiter = hueless_runtime::spawn(move || {
                there.1.store(true, Ordering::Relaxed);
                drop(there.0.lock());
            });
            Tasks::until(|| shared.1.load(Ordering::Relaxed));
            Tasks::linger();
            drop(guard);
            let mut passed = 0;
            while let Some(_guard) = shared.0.try_lock() {
                if waiter.is_finished() {
                    break;
                }
                passed += 1;
                Tasks::linger();
            }
            waiter.join().unwrap();
            passed
        });
        assert!(passed <= 1, "{passed} times with seed {seed}");
    }
}
