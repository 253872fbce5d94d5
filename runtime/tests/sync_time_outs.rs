//! Very many waits whose time is up at about the moment that they would succeed: they leave no waiter in a
//! queue, no memory, and nothing locked.
//!
//! One test that does everything in turn, because it counts the memory of the whole program.

#[allow(unused_macros, reason = "one test goes through all worlds")]
#[path = "common/worlds.rs"]
mod worlds;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::time::Duration;

use hueless_runtime::now;
use hueless_runtime::sync::{Condvar, Mutex, Notify, RwLock, Semaphore};
use worlds::{Migrating, Mixed, NEVER, Tasks, Threads, World, join_all};

/// So many of each kind, in each world.
const WAITS: usize = if cfg!(debug_assertions) {
    10_000
} else {
    100_000
};
/// Who has waited before leaves so much more, at most: less than a byte for each wait in release mode.
/// What the threads of a crowd still hold when their results are there is in it.
const SLACK: isize = 64 << 10;

/// Counts the bytes that the program holds.
struct Counting;

static HELD: AtomicIsize = AtomicIsize::new(0);

// SAFETY: passes every call on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Relaxed: a figure.
        HELD.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // Relaxed: as above.
        HELD.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What is waited for, with how often that has come off.
trait Thing: Send + Sync + 'static {
    fn new() -> Self;
    /// One wait of at most `limit`; another way in each `round`. Lets others run once in a while.
    fn wait<W: World>(&self, round: usize, limit: Duration);
    /// When all have gone it is as if nobody had ever come, and it still works.
    fn check<W: World>(self: Arc<Self>);
}

/// Has a crowd wait for a thing `waits` times.
fn wait_often<W: World, T: Thing>(waits: usize) -> Arc<T> {
    const CROWD: usize = 4;
    let thing = Arc::new(T::new());
    let there = thing.clone();
    join_all(W::crowd(CROWD, move |number| {
        for round in 0..waits / CROWD {
            let limit = Duration::from_nanos(((number + round) % 7 * 500) as u64);
            there.wait::<W>(number + round, limit);
        }
    }));
    thing
}

fn leaves_nothing<W: World, T: Thing>() {
    println!(
        "{}, {}",
        std::any::type_name::<T>(),
        std::any::type_name::<W>()
    );
    W::run(|| {
        wait_often::<W, T>(WAITS / 10).check::<W>();
        // Relaxed: nobody is at it, but for the ends of threads.
        let before = HELD.load(Ordering::Relaxed);
        let thing = wait_often::<W, T>(WAITS);
        let more = HELD.load(Ordering::Relaxed) - before;
        assert!(more < SLACK, "{more} bytes more are held");
        thing.check::<W>();
    });
}

fn in_each_world<T: Thing>() {
    leaves_nothing::<Threads, T>();
    leaves_nothing::<Tasks, T>();
    leaves_nothing::<Migrating, T>();
    leaves_nothing::<Mixed, T>();
}

#[test]
fn waits_that_end_by_time_leave_nothing() {
    in_each_world::<(Mutex<usize>, AtomicUsize)>();
    in_each_world::<(RwLock<usize>, AtomicUsize)>();
    in_each_world::<Semaphore>();
    in_each_world::<(Mutex<usize>, Condvar)>();
    in_each_world::<Notify>();
}

/// Keeps what it has for a while, so that others wait.
fn linger<W: World>(round: usize) {
    if round.is_multiple_of(16) {
        W::yield_now();
    }
}

impl Thing for (Mutex<usize>, AtomicUsize) {
    fn new() -> Self {
        (Mutex::new(0), AtomicUsize::new(0))
    }

    fn wait<W: World>(&self, round: usize, limit: Duration) {
        let guard = match round % 2 {
            0 => self.0.lock_timeout(limit),
            _ => self.0.lock_deadline(now() + limit),
        };
        if let Some(mut count) = guard {
            *count += 1;
            linger::<W>(round);
            // Relaxed: under the lock.
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn check<W: World>(self: Arc<Self>) {
        let guard = self.0.try_lock().expect("nobody holds it");
        assert_eq!(*guard, self.1.load(Ordering::Relaxed));
        let there = self.clone();
        let next = W::spawn(move || there.0.lock_timeout(NEVER).is_some());
        W::linger();
        drop(guard);
        assert!(next.join());
        assert!(!self.0.is_locked());
    }
}

impl Thing for (RwLock<usize>, AtomicUsize) {
    fn new() -> Self {
        (RwLock::new(0), AtomicUsize::new(0))
    }

    fn wait<W: World>(&self, round: usize, limit: Duration) {
        if round.is_multiple_of(3) {
            if let Some(mut count) = self.0.write_timeout(limit) {
                *count += 1;
                linger::<W>(round);
                // Relaxed: under the lock.
                self.1.fetch_add(1, Ordering::Relaxed);
            }
        } else if let Some(count) = self.0.read_timeout(limit) {
            linger::<W>(round);
            assert_eq!(*count, self.1.load(Ordering::Relaxed));
        }
    }

    fn check<W: World>(self: Arc<Self>) {
        let guard = self.0.try_write().expect("nobody holds it");
        assert_eq!(*guard, self.1.load(Ordering::Relaxed));
        let there = self.clone();
        let reader = W::spawn(move || there.0.read_timeout(NEVER).is_some());
        W::linger();
        drop(guard);
        assert!(reader.join());
        let guard = self.0.try_read().expect("no writer waits");
        let there = self.clone();
        let writer = W::spawn(move || there.0.write_timeout(NEVER).is_some());
        W::linger();
        drop(guard);
        assert!(writer.join());
        assert!(!self.0.is_locked());
    }
}

impl Thing for Semaphore {
    fn new() -> Self {
        Self::new(3)
    }

    fn wait<W: World>(&self, round: usize, limit: Duration) {
        if let Some(permit) = self.acquire_many_timeout(1 + round % 3, limit) {
            linger::<W>(round);
            drop(permit);
        }
    }

    fn check<W: World>(self: Arc<Self>) {
        assert_eq!(self.available_permits(), 3);
        let all = self.try_acquire_many(3).expect("nobody waits");
        let there = self.clone();
        let next = W::spawn(move || there.acquire_timeout(NEVER).is_some());
        W::linger();
        drop(all);
        assert!(next.join());
        assert_eq!(self.available_permits(), 3);
    }
}

impl Thing for (Mutex<usize>, Condvar) {
    fn new() -> Self {
        (Mutex::new(0), Condvar::new())
    }

    fn wait<W: World>(&self, round: usize, limit: Duration) {
        let (mut count, _) = self.1.wait_timeout(self.0.lock(), limit);
        *count += 1;
        linger::<W>(round);
        drop(count);
        match round % 5 {
            0 | 3 => self.1.notify_one(),
            1 => self.1.notify_all(),
            _ => {}
        }
    }

    fn check<W: World>(self: Arc<Self>) {
        let count = self
            .0
            .try_lock()
            .map(|count| *count)
            .expect("nobody holds it");
        let there = self.clone();
        let waiter = W::spawn(move || {
            let (guard, result) =
                (there.1).wait_timeout_while(there.0.lock(), NEVER, |now| *now == count);
            drop(guard);
            result.timed_out()
        });
        W::linger();
        // One is enough: nobody else is in the queue who could take it.
        *self.0.lock() += 1;
        self.1.notify_one();
        assert!(!waiter.join());
        assert!(!self.0.is_locked());
    }
}

impl Thing for Notify {
    fn new() -> Self {
        Self::new()
    }

    fn wait<W: World>(&self, round: usize, limit: Duration) {
        let _ = match round % 3 {
            0 => self.listen().wait_timeout(limit),
            1 => self.wait_deadline(now() + limit),
            _ => self.wait_timeout(limit),
        };
        linger::<W>(round);
        match round % 5 {
            0 | 3 => self.notify_one(),
            1 => self.notify_waiters(),
            _ => {}
        }
    }

    fn check<W: World>(self: Arc<Self>) {
        // There may be one that is kept.
        let _ = self.wait_timeout(Duration::ZERO);
        // If somebody were left in the queue he would get it, and it would not be kept.
        self.notify_one();
        assert!(self.wait_timeout(Duration::ZERO));
        assert!(!self.wait_timeout(Duration::ZERO));
        let there = self.clone();
        let waiter = W::spawn(move || there.wait_timeout(NEVER));
        W::linger();
        self.notify_one();
        assert!(waiter.join());
        assert!(!self.wait_timeout(Duration::ZERO));
    }
}
