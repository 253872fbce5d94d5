//! What is done once, and values that are set once.

#[macro_use]
#[path = "common/worlds.rs"]
mod worlds;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hueless_runtime::sync::{LazyLock, Once, OnceLock};
use worlds::{NEVER, World, join_all};

fn it_is_done_once_and_all_see_it<W: World>() {
    for _ in 0..20 {
        let shared = Arc::new((Once::new(), AtomicUsize::new(0)));
        let crowd = W::crowd(8, {
            let shared = shared.clone();
            move |number| {
                if number % 4 == 3 {
                    shared.0.wait();
                } else {
                    shared.0.call_once(|| {
                        // Others find it under way.
                        W::linger();
                        shared.1.fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert!(shared.0.is_completed());
                assert_eq!(shared.1.load(Ordering::Relaxed), 1);
            }
        });
        join_all(crowd);
    }
}

fn a_panic_leaves_it_to_the_next<W: World>() {
    let once = Arc::new(Once::new());
    let there = once.clone();
    let first = W::spawn(move || {
        let attempt = || {
            there.call_once(|| {
                W::linger();
                resume_unwind(Box::new("no"));
            })
        };
        catch_unwind(AssertUnwindSafe(attempt)).is_err()
    });
    assert!(first.join());
    assert!(!once.is_completed() && !once.wait_timeout(Duration::from_millis(1)));
    let there = once.clone();
    let waiting = W::spawn(move || there.wait_timeout(NEVER));
    W::linger();
    once.call_once_force(|state| assert!(state.is_poisoned()));
    assert!(waiting.join());
    once.call_once(|| unreachable!("it is done"));
}

/// Those who wait while it unwinds go on: one of them does it.
fn a_panic_wakes_those_who_wait<W: World>() {
    let shared = Arc::new((Once::new(), AtomicUsize::new(0)));
    let crowd = W::crowd(4, {
        let shared = shared.clone();
        move |_| {
            let attempt = || {
                shared.0.call_once(|| {
                    W::linger();
                    if shared.1.fetch_add(1, Ordering::Relaxed) == 0 {
                        resume_unwind(Box::new("the first one"));
                    }
                })
            };
            catch_unwind(AssertUnwindSafe(attempt)).is_err()
        }
    });
    let failed = join_all(crowd).into_iter().filter(|failed| *failed).count();
    assert_eq!((failed, shared.1.load(Ordering::Relaxed)), (1, 2));
}

fn a_value_is_set_once_and_waited_for<W: World>() {
    let lock = Arc::new(OnceLock::new());
    assert!(lock.wait_timeout(Duration::from_millis(1)).is_none());
    let waiting = W::crowd(3, {
        let lock = lock.clone();
        move |_| *lock.wait()
    });
    let setting = W::crowd(3, {
        let lock = lock.clone();
        move |number| lock.set(number).is_ok()
    });
    let set = join_all(setting).into_iter().filter(|set| *set).count();
    let seen = join_all(waiting);
    assert_eq!(set, 1);
    assert!(seen.iter().all(|value| Some(value) == lock.get()));
    assert_eq!(lock.get_or_init(|| unreachable!()), &seen[0]);
}

fn an_initialiser_may_fail_or_panic<W: World>() {
    let lock: Arc<OnceLock<String>> = Arc::new(OnceLock::new());
    let there = lock.clone();
    let attempts = W::spawn(move || {
        assert_eq!(there.get_or_try_init(|| Err("no")), Err("no"));
        let attempt = || _ = there.get_or_init(|| resume_unwind(Box::new(())));
        assert!(catch_unwind(AssertUnwindSafe(attempt)).is_err());
        assert!(there.get().is_none());
        there.get_or_init(|| "value".to_owned()).clone()
    });
    assert_eq!(attempts.join(), "value");
    assert_eq!(lock.wait(), "value");
}

fn a_lazy_value_is_made_once<W: World>() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let lazy = Arc::new(LazyLock::new(move || {
        W::linger();
        count.fetch_add(1, Ordering::Relaxed) + 7
    }));
    assert_eq!(format!("{lazy:?}"), "LazyLock(<uninit>)");
    let crowd = W::crowd(6, {
        let lazy = lazy.clone();
        move |_| **lazy
    });
    assert!(join_all(crowd).iter().all(|value| *value == 7));
    assert_eq!(made.load(Ordering::Relaxed), 1);
    assert_eq!(format!("{lazy:?}"), "LazyLock(7)");
}

fn a_lazy_value_that_panicked_panics_for_ever<W: World>() {
    let lazy = Arc::new(LazyLock::new(|| -> u32 { resume_unwind(Box::new("no")) }));
    for _ in 0..2 {
        let there = lazy.clone();
        let used = W::spawn(move || catch_unwind(AssertUnwindSafe(|| **there)).is_err());
        assert!(used.join());
    }
}

in_all_worlds!(
    it_is_done_once_and_all_see_it,
    a_panic_leaves_it_to_the_next,
    a_panic_wakes_those_who_wait,
    a_value_is_set_once_and_waited_for,
    an_initialiser_may_fail_or_panic,
    a_lazy_value_is_made_once,
    a_lazy_value_that_panicked_panics_for_ever,
);

#[test]
fn values_are_dropped_once() {
    let value = Arc::new(());
    let mut lock = OnceLock::from(value.clone());
    assert_eq!(lock, lock.clone());
    assert_eq!(format!("{lock:?}"), "OnceLock(())");
    let taken = lock.take();
    assert_eq!(format!("{lock:?}"), "OnceLock(<uninit>)");
    assert_eq!(lock.set(taken.unwrap()), Ok(()));
    assert!(lock.get_mut().is_some());
    drop(lock);
    assert_eq!(Arc::strong_count(&value), 1);
    assert_eq!(OnceLock::<u8>::default().into_inner(), None);
}
