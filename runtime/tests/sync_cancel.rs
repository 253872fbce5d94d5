//! Tasks that are cancelled while they wait for each other, here by the end of their runtime: they unwind,
//! and what others wait for is as if they had never come.

#[macro_use]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::sync::{
    Barrier, Condvar, Mutex, Notify, Once, OnceLock, RwLock, Semaphore, WaitGroup,
};

const NEVER: Duration = Duration::from_secs(60);

fn runtime(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().expect("threads are to be had")
}

/// One of each.
struct Things {
    mutex: Mutex<()>,
    lock: RwLock<()>,
    read: RwLock<()>,
    semaphore: Semaphore,
    changed: Condvar,
    free: Mutex<()>,
    notify: Notify,
    group: WaitGroup,
    barrier: Barrier,
    once: Once,
    value: OnceLock<()>,
    running: Once,
    go_on: Notify,
    begun: AtomicUsize,
    unwound: AtomicUsize,
}

/// Counts when it is dropped.
struct Told(Arc<Things>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.unwound.fetch_add(1, Ordering::Relaxed);
    }
}

const WAITS: [fn(&Things); 22] = [
    |things| drop(things.mutex.lock()),
    |things| drop(things.mutex.lock_timeout(NEVER)),
    |things| drop(things.lock.read()),
    |things| drop(things.lock.write()),
    |things| drop(things.lock.write_timeout(NEVER)),
    |things| drop(things.read.write()),
    |things| drop(things.read.write_timeout(NEVER)),
    |things| drop(things.semaphore.acquire_many(2)),
    |things| drop(things.semaphore.acquire_many(3)),
    |things| drop(things.semaphore.acquire_many_timeout(4, NEVER)),
    |things| drop(things.changed.wait(things.free.lock())),
    |things| drop(things.changed.wait_while(things.free.lock(), |()| true)),
    |things| drop(things.changed.wait_timeout(things.free.lock(), NEVER)),
    |things| things.notify.wait(),
    |things| _ = things.notify.wait_timeout(NEVER),
    |things| things.notify.listen().wait(),
    |things| things.group.wait(),
    |things| _ = things.barrier.wait(),
    |things| things.once.wait(),
    |things| _ = things.once.wait_timeout(NEVER),
    |things| {
        things
            .running
            .call_once(|| unreachable!("somebody is at it"))
    },
    |things| _ = things.value.wait(),
];

fn whoever_waits_unwinds_and_leaves_nothing(new: fn() -> Builder) {
    const EACH: usize = 5;
    let things = Arc::new(Things {
        mutex: Mutex::new(()),
        lock: RwLock::new(()),
        read: RwLock::new(()),
        semaphore: Semaphore::new(1),
        changed: Condvar::new(),
        free: Mutex::new(()),
        notify: Notify::new(),
        group: WaitGroup::new(),
        barrier: Barrier::new(EACH + 2),
        once: Once::new(),
        value: OnceLock::new(),
        running: Once::new(),
        go_on: Notify::new(),
        begun: AtomicUsize::new(0),
        unwound: AtomicUsize::new(0),
    });
    // This thread holds what they wait for.
    let held = things.mutex.lock();
    let written = things.lock.write();
    let reading = things.read.read();
    things.group.add(1);
    let running = std::thread::spawn({
        let things = things.clone();
        move || {
            things.running.call_once(|| {
                things.begun.fetch_add(1, Ordering::Relaxed);
                things.go_on.wait();
            });
        }
    });
    while things.begun.load(Ordering::Relaxed) == 0 {
        std::thread::yield_now();
    }
    let runtime = runtime(new);
    for wait in WAITS {
        for _ in 0..EACH {
            let told = Told(things.clone());
            runtime.spawn(move || {
                told.0.begun.fetch_add(1, Ordering::Relaxed);
                wait(&told.0);
                unreachable!("nobody gives it");
            });
        }
    }
    let all = WAITS.len() * EACH;
    while things.begun.load(Ordering::Relaxed) <= all {
        std::thread::yield_now();
    }
    drop(runtime);
    assert_eq!(things.unwound.load(Ordering::Relaxed), all);

    drop((held, written));
    assert!(things.mutex.try_lock().is_some());
    assert!(things.lock.try_write().is_some());
    assert!(things.read.try_read().is_some(), "no writer waits any more");
    drop(reading);
    assert!(things.read.try_write().is_some());
    assert_eq!(things.semaphore.available_permits(), 1);
    assert!(
        things.semaphore.try_acquire().is_some(),
        "nobody waits any more"
    );
    assert!(things.free.try_lock().is_some());
    things.notify.notify_one();
    assert!(things.notify.wait_timeout(Duration::ZERO), "it was kept");
    things.group.done();
    things.group.wait();
    // Those who were cancelled have not come.
    assert!(
        things
            .barrier
            .wait_timeout(Duration::from_millis(1))
            .is_none()
    );
    things.once.call_once(|| ());
    assert_eq!(things.value.set(()), Ok(()));
    things.go_on.notify_one();
    running.join().unwrap();
    assert!(things.running.is_completed());
}

/// The end comes while permits, locks and notifications are being handed over.
fn nothing_is_lost_to_a_hand_over_that_comes_too_late(new: fn() -> Builder) {
    const ROUNDS: usize = 40;
    for round in 0..ROUNDS {
        let semaphore = Arc::new(Semaphore::new(3));
        let mutex = Arc::new(Mutex::new(0usize));
        let lock = Arc::new(RwLock::new(0usize));
        let (tokens, taken) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let turns = Arc::new(AtomicUsize::new(0));
        let runtime = runtime(new);
        for number in 0..8 {
            let (semaphore, mutex, lock) = (semaphore.clone(), mutex.clone(), lock.clone());
            let (tokens, taken, turns) = (tokens.clone(), taken.clone(), turns.clone());
            runtime.spawn(move || {
                loop {
                    match number % 4 {
                        0 => drop(semaphore.acquire_many(1 + round % 3)),
                        1 => {
                            let mut count = mutex.lock();
                            hueless_runtime::yield_now();
                            *count += 1;
                        }
                        2 => {
                            *lock.write() += 1;
                            drop(lock.read());
                        }
                        _ => {
                            tokens.wait();
                            taken.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    turns.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let ended = Arc::new(AtomicUsize::new(0));
        // A thread beside them contends, and gives tokens one at a time.
        let beside = std::thread::spawn({
            let (semaphore, mutex, lock) = (semaphore.clone(), mutex.clone(), lock.clone());
            let (tokens, taken, ended) = (tokens.clone(), taken.clone(), ended.clone());
            move || {
                let mut given = 0;
                while ended.load(Ordering::SeqCst) == 0 {
                    drop(semaphore.acquire());
                    *mutex.lock() += 1;
                    *lock.write() += 1;
                    if taken.load(Ordering::SeqCst) == given {
                        tokens.notify_one();
                        given += 1;
                    }
                }
                given
            }
        });
        while turns.load(Ordering::Relaxed) < round {
            std::thread::yield_now();
        }
        drop(runtime);
        ended.store(1, Ordering::SeqCst);
        let given = beside.join().unwrap();
        let kept = usize::from(tokens.wait_timeout(Duration::ZERO));
        assert_eq!(
            taken.load(Ordering::SeqCst) + kept,
            given,
            "a token is lost"
        );
        assert_eq!(semaphore.available_permits(), 3);
        assert!(semaphore.try_acquire_many(3).is_some());
        assert!(mutex.try_lock().is_some());
        assert!(lock.try_write().is_some());
    }
}

/// Unwinding tasks lock, acquire and notify in their destructors.
fn destructors_of_cancelled_tasks_may_use_them_all(new: fn() -> Builder) {
    struct Cleans(Arc<(Mutex<usize>, Semaphore, Notify)>);
    impl Drop for Cleans {
        fn drop(&mut self) {
            let _permit = self.0.1.acquire();
            let mut count = self.0.0.lock();
            hueless_runtime::yield_now();
            *count += 1;
            self.0.2.notify_one();
        }
    }
    let shared = Arc::new((Mutex::new(0), Semaphore::new(2), Notify::new()));
    let runtime = runtime(new);
    let begun = Arc::new(AtomicUsize::new(0));
    let nothing = Arc::new(Semaphore::new(0));
    for _ in 0..10 {
        let (cleans, begun, nothing) = (Cleans(shared.clone()), begun.clone(), nothing.clone());
        runtime.spawn(move || {
            let _cleans = cleans;
            begun.fetch_add(1, Ordering::Relaxed);
            drop(nothing.acquire());
        });
    }
    while begun.load(Ordering::Relaxed) < 10 {
        std::thread::yield_now();
    }
    drop(runtime);
    assert_eq!(*shared.0.lock(), 10);
    assert_eq!(shared.1.available_permits(), 2);
    assert!(shared.2.wait_timeout(Duration::ZERO));
}

in_all_modes!(
    whoever_waits_unwinds_and_leaves_nothing,
    nothing_is_lost_to_a_hand_over_that_comes_too_late,
    destructors_of_cancelled_tasks_may_use_them_all,
);
