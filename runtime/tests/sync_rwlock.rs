//! The reader-writer lock.

#[macro_use]
#[path = "common/worlds.rs"]
mod worlds;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use worlds::{NEVER, World, join_all};

fn writers_are_alone_and_readers_are_not<W: World>() {
    const EACH: usize = 1000;
    let shared = Arc::new((RwLock::new((0usize, 0usize)), AtomicUsize::new(0)));
    let crowd = W::crowd(8, {
        let shared = shared.clone();
        move |number| {
            for round in 0..EACH {
                if number % 2 == 0 {
                    let mut pair = shared.0.write();
                    assert_eq!(shared.1.fetch_add(1, Ordering::Relaxed), 0);
                    pair.0 += 1;
                    if round % 64 == 0 {
                        W::yield_now();
                    }
                    pair.1 += 1;
                    shared.1.fetch_sub(1, Ordering::Relaxed);
                } else {
                    let pair = shared.0.read();
                    if round % 64 == 0 {
                        W::yield_now();
                    }
                    assert_eq!(shared.1.load(Ordering::Relaxed), 0);
                    assert_eq!(pair.0, pair.1);
                }
            }
        }
    });
    join_all(crowd);
    assert_eq!(*shared.0.try_write().unwrap(), (4 * EACH, 4 * EACH));
}

fn readers_share<W: World>() {
    let lock = Arc::new(RwLock::new(1));
    let reader = lock.read();
    let there = lock.clone();
    let other = W::spawn(move || {
        assert!(there.try_write().is_none() && there.try_write_arc().is_none());
        assert!(there.write_timeout(Duration::from_millis(2)).is_none());
        assert!(there.write_deadline(Instant::now()).is_none());
        // Whoever gave up keeps nobody out.
        assert!(there.try_read().is_some() && there.try_read_arc().is_some());
        *there.read()
    });
    assert_eq!(other.join(), 1);
    drop(reader);
    assert!(!lock.is_locked());
}

fn a_writer_keeps_all_out<W: World>() {
    let lock = Arc::new(RwLock::new(1));
    let writer = lock.write();
    let there = lock.clone();
    let other = W::spawn(move || {
        assert!(there.try_read().is_none() && there.try_write().is_none());
        assert!(there.read_timeout(Duration::from_millis(2)).is_none());
        assert!(there.read_deadline(Instant::now()).is_none());
        assert!(there.write_timeout(Duration::from_millis(2)).is_none());
        assert_eq!(format!("{there:?}"), "RwLock { data: <locked>, .. }");
    });
    other.join();
    drop(writer);
    assert!(lock.read_timeout(Duration::ZERO).is_some());
    assert!(lock.write_timeout(Duration::ZERO).is_some());
    assert!(lock.read_timeout(Duration::MAX).is_some());
    assert!(lock.write_timeout(Duration::MAX).is_some());
}

/// Readers overlap, so that there is always one: a writer gets in all the same.
fn readers_do_not_starve_a_writer<W: World>() {
    let lock = Arc::new(RwLock::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let readers = W::crowd(3, {
        let (lock, stop) = (lock.clone(), stop.clone());
        move |_| {
            while !stop.load(Ordering::Relaxed) {
                let one = lock.read();
                W::yield_now();
                drop(one);
            }
        }
    });
    for _ in 0..20 {
        *lock.write_timeout(NEVER).expect("a turn") += 1;
    }
    stop.store(true, Ordering::Relaxed);
    join_all(readers);
    assert_eq!(*lock.read(), 20);
}

/// Writers that write for ever let a reader in.
fn writers_do_not_starve_a_reader<W: World>() {
    let lock = Arc::new(RwLock::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let writers = W::crowd(3, {
        let (lock, stop) = (lock.clone(), stop.clone());
        move |_| {
            while !stop.load(Ordering::Relaxed) {
                *lock.write() += 1;
            }
        }
    });
    for _ in 0..20 {
        assert!(lock.read_timeout(NEVER).is_some(), "a turn");
    }
    stop.store(true, Ordering::Relaxed);
    join_all(writers);
}

/// A writer that waits keeps new readers out, and lets them in when it gives up.
fn a_writer_that_gives_up_lets_readers_in<W: World>() {
    let lock = Arc::new(RwLock::new(0));
    let reader = lock.read();
    let there = lock.clone();
    let writer = W::spawn(move || there.write_timeout(Duration::from_millis(30)).is_some());
    W::until(|| lock.try_read().is_none());
    let there = lock.clone();
    let late = W::spawn(move || there.read_timeout(NEVER).is_some());
    assert!(!writer.join());
    assert!(late.join());
    drop(reader);
    assert!(lock.try_write().is_some());
}

fn time_outs_lose_nothing<W: World>() {
    const EACH: usize = if cfg!(debug_assertions) { 2000 } else { 25_000 };
    let shared = Arc::new((RwLock::new(0usize), AtomicUsize::new(0)));
    let crowd = W::crowd(4, {
        let shared = shared.clone();
        move |number| {
            for round in 0..EACH {
                let limit = Duration::from_nanos(((number + round) % 7 * 500) as u64);
                if (number + round) % 3 == 0 {
                    if let Some(mut count) = shared.0.write_timeout(limit) {
                        *count += 1;
                        shared.1.fetch_add(1, Ordering::Relaxed);
                    }
                } else if let Some(count) = shared.0.read_timeout(limit) {
                    if round % 16 == 0 {
                        W::yield_now();
                    }
                    assert_eq!(*count, shared.1.load(Ordering::Relaxed));
                }
            }
        }
    });
    join_all(crowd);
    assert!(!shared.0.is_locked());
    let count = shared.0.try_write().expect("nobody holds it any more");
    assert_eq!(*count, shared.1.load(Ordering::Relaxed));
}

fn a_writer_can_go_on_as_a_reader<W: World>() {
    let lock = Arc::new(RwLock::new(0));
    let mut writer = lock.write();
    let there = lock.clone();
    let reader = W::spawn(move || *there.read());
    let there = lock.clone();
    let next = W::spawn(move || *there.write() += 1);
    W::linger();
    *writer = 5;
    let guard = RwLockWriteGuard::downgrade(writer);
    assert_eq!(*guard, 5);
    W::linger();
    assert_eq!(*guard, 5, "no writer in between");
    drop(guard);
    next.join();
    assert!(matches!(reader.join(), 5 | 6));
    assert_eq!(*lock.read(), 6);
}

fn guards_of_parts_and_owned_guards<W: World>() {
    let lock = Arc::new(RwLock::new((vec![1, 2], 3)));
    let part = RwLockReadGuard::map(lock.read(), |value| &value.0);
    assert!(lock.try_write().is_none());
    let there = lock.clone();
    let other = W::spawn(move || there.read_arc().1);
    assert_eq!(other.join() + part[0], 4);
    drop(part);
    let mut part = RwLockWriteGuard::map(lock.write(), |value| &mut value.1);
    *part = 4;
    drop(part);
    assert!(RwLockReadGuard::try_map(lock.read(), |value| value.0.get(9)).is_err());
    assert!(RwLockWriteGuard::try_map(lock.write(), |value| value.0.get_mut(1)).is_ok());
    let mut owned = lock.write_arc();
    owned.1 = 5;
    drop(lock);
    assert_eq!(owned.1, 5);
}

fn a_panic_unlocks_and_is_seen_only_if_asked_for<W: World>() {
    let lock = Arc::new(RwLock::new(0));
    for asks in [false, true] {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut guard = lock.write();
            if asks {
                RwLockWriteGuard::poison_on_panic(&mut guard, |_| resume_unwind(Box::new(())));
            }
            resume_unwind(Box::new(()));
        }));
        assert!(panicked.is_err());
        assert_eq!((lock.is_locked(), lock.is_poisoned()), (false, asks));
    }
    lock.clear_poison();
    assert!(!lock.is_poisoned());
    W::yield_now();
}

in_all_worlds!(
    writers_are_alone_and_readers_are_not,
    readers_share,
    a_writer_keeps_all_out,
    readers_do_not_starve_a_writer,
    writers_do_not_starve_a_reader,
    a_writer_that_gives_up_lets_readers_in,
    time_outs_lose_nothing,
    a_writer_can_go_on_as_a_reader,
    guards_of_parts_and_owned_guards,
    a_panic_unlocks_and_is_seen_only_if_asked_for,
);
