//! Loom models of the table: tasks (which are threads here) that wait in it, threads that wait in the kernel,
//! and who wakes either.

use std::time::Instant;

use hueless_runtime::park::Wait;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::{Table, Waited};

/// A word, and the two places where it is waited for.
struct Place {
    word: AtomicU32,
    table: Table,
    kernel: Kernel,
}

/// The kernel's futex, of one address.
struct Kernel {
    state: Mutex<Sleepers>,
    woken: Condvar,
}

#[derive(Default)]
struct Sleepers {
    waiting: u32,
    /// Of those, how many may go.
    free: u32,
}

const ADDRESS: usize = 64;

impl Place {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(0),
            table: Table::new(),
            kernel: Kernel {
                state: Mutex::new(Sleepers::default()),
                woken: Condvar::new(),
            },
        })
    }

    /// Waits in the table until the word is no longer zero, as a task.
    fn wait_as_task(&self) {
        while self.word.load(Ordering::Acquire) == 0 {
            self.wait_once(None);
        }
    }

    fn wait_once(&self, deadline: Option<Instant>) -> Waited {
        let wait = Wait::begin_shielded();
        // Relaxed: as the real one.
        let is_as_expected = || self.word.load(Ordering::Relaxed) == 0;
        self.table
            .wait(wait, ADDRESS, false, is_as_expected, deadline)
    }

    /// Waits in the kernel until the word is no longer zero, as a thread.
    fn wait_as_thread(&self) {
        while self.word.load(Ordering::Acquire) == 0 {
            let _blocks = self.table.block(ADDRESS);
            let mut state = self.kernel.state.lock().unwrap();
            if self.word.load(Ordering::Relaxed) != 0 {
                return;
            }
            state.waiting += 1;
            while state.free == 0 {
                state = self.kernel.woken.wait(state).unwrap();
            }
            state.free -= 1;
        }
    }

    /// Sets the word, in the way that orders least.
    fn set(&self) {
        self.word.store(1, Ordering::Release);
    }

    fn wake(&self, most: u32) -> isize {
        let wakes = self.table.wake(ADDRESS, most, |left| {
            let mut state = self.kernel.state.lock().unwrap();
            let woken = left.min(state.waiting);
            state.waiting -= woken;
            state.free += woken;
            self.kernel.woken.notify_all();
            woken as isize
        });
        wakes.woken
    }
}

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    // In full some take hours.
    model.preemption_bound = Some(3);
    model.check(f);
}

#[test]
fn nobody_sleeps_through_a_wake() {
    model(|| {
        let place = Place::new();
        let there = place.clone();
        let task = thread::spawn(move || there.wait_as_task());
        place.set();
        assert!(place.wake(1) <= 1);
        task.join().unwrap();
        assert_eq!(place.wake(1), 0);
    });
}

#[test]
fn two_wakes_wake_a_task_and_a_thread() {
    model(|| {
        let place = Place::new();
        let (one, other) = (place.clone(), place.clone());
        let task = thread::spawn(move || one.wait_as_task());
        let thread = thread::spawn(move || other.wait_as_thread());
        place.set();
        place.wake(1);
        place.wake(1);
        task.join().unwrap();
        thread.join().unwrap();
    });
}

/// The task is woken and goes on only when the thread has, for which its worker's thread waits: so one wake is to wake
/// both.
#[test]
fn a_thread_is_woken_beside_a_task_that_cannot_go_on() {
    model(|| {
        let place = Place::new();
        let (one, other) = (place.clone(), place.clone());
        let task = thread::spawn(move || one.wait_as_task());
        let thread = thread::spawn(move || other.wait_as_thread());
        place.set();
        place.wake(1);
        thread.join().unwrap();
        place.wake(1);
        task.join().unwrap();
    });
}

#[test]
fn a_wake_of_all_wakes_tasks_and_threads() {
    model(|| {
        let place = Place::new();
        let (one, other) = (place.clone(), place.clone());
        let task = thread::spawn(move || one.wait_as_task());
        let thread = thread::spawn(move || other.wait_as_thread());
        place.set();
        place.wake(i32::MAX as u32);
        task.join().unwrap();
        thread.join().unwrap();
    });
}

#[test]
fn two_wakers_wake_two() {
    model(|| {
        let place = Place::new();
        let (one, other) = (place.clone(), place.clone());
        let first = thread::spawn(move || one.wait_as_task());
        let waker = thread::spawn(move || {
            other.set();
            other.wake(1);
        });
        place.set();
        place.wake(1);
        first.join().unwrap();
        waker.join().unwrap();
    });
}

#[test]
fn a_wake_is_not_lost_to_one_whose_time_is_up() {
    model(|| {
        let place = Place::new();
        let (one, other) = (place.clone(), place.clone());
        // In a model its time is up at once, unless the wake comes first.
        let hasty = thread::spawn(move || {
            let waited = one.wait_once(Some(Instant::now()));
            // As std's locks: who was woken hands on what he does not use.
            if waited == Waited::Woken {
                one.wake(1);
            }
        });
        let patient = thread::spawn(move || other.wait_as_task());
        place.set();
        place.wake(1);
        hasty.join().unwrap();
        patient.join().unwrap();
    });
}
