//! `park` and `unpark`, between tasks and OS threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hueless_runtime::runtime::Builder;
use hueless_runtime::{blocking, sleep, spawn, task, yield_now};

#[macro_use]
mod common;

in_all_modes!(
    two_tasks_wake_each_other,
    a_task_and_a_thread_wake_each_other,
    an_early_unpark_is_remembered_once,
    a_task_that_has_not_begun_is_unparked_too,
    an_unpark_after_the_end_does_nothing,
    an_unpark_ends_no_other_wait,
    unparks_that_race_deadlines_are_not_lost,
    many_unparkers_wake_one_task,
    a_park_is_a_point_of_cancellation,
);

/// The number of rounds of a game of two, each of which takes its turn when the count is its own.
const ROUNDS: usize = 2000;

/// Plays one side: waits for its parity, counts on, wakes the other.
fn play(turn: &AtomicUsize, parity: usize, other: &task::Task) {
    for round in (parity..ROUNDS).step_by(2) {
        while turn.load(Ordering::Acquire) != round {
            task::park();
        }
        turn.store(round + 1, Ordering::Release);
        other.unpark();
    }
}

fn two_tasks_wake_each_other(new: fn() -> Builder) {
    for workers in [1, 2] {
        new().workers(workers).build().unwrap().run(|| {
            let turn = Arc::new(AtomicUsize::new(0));
            let (there, me) = (turn.clone(), task::current());
            let other = spawn(move || play(&there, 1, &me));
            play(&turn, 0, other.task());
            other.join().unwrap();
            assert_eq!(turn.load(Ordering::Relaxed), ROUNDS);
        });
    }
}

fn a_task_and_a_thread_wake_each_other(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let turn = Arc::new(AtomicUsize::new(0));
    let (there, me) = (turn.clone(), task::current());
    let other = runtime.spawn(move || play(&there, 1, &me));
    play(&turn, 0, other.task());
    other.join().unwrap();
    assert_eq!(turn.load(Ordering::Relaxed), ROUNDS);
}

/// Parks with and without a token; the same on a task and on a thread.
fn parks_once_for_many_unparks() {
    for _ in 0..3 {
        task::current().unpark();
    }
    task::park();
    let start = Instant::now();
    task::park_timeout(Duration::from_millis(2));
    assert!(start.elapsed() >= Duration::from_millis(2));
    task::current().unpark();
    task::park_timeout(Duration::MAX);
    task::park_timeout(Duration::ZERO);
}

fn an_early_unpark_is_remembered_once(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(parks_once_for_many_unparks);
    std::thread::spawn(parks_once_for_many_unparks)
        .join()
        .unwrap();
}

fn a_task_that_has_not_begun_is_unparked_too(new: fn() -> Builder) {
    new().workers(1).build().unwrap().run(|| {
        let handle = spawn(task::park);
        handle.task().unpark();
        handle.join().unwrap();
    });
}

fn an_unpark_after_the_end_does_nothing(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let handle = runtime.spawn(|| 3);
    let ended = handle.task().clone();
    assert_eq!(handle.join().unwrap(), 3);
    ended.unpark();
    ended.unpark();
    drop(runtime);
    ended.unpark();

    let ended = std::thread::spawn(task::current).join().unwrap();
    ended.unpark();
}

fn an_unpark_ends_no_other_wait(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let (began, has_begun) = mpsc::channel();
    let handle = runtime.spawn(move || {
        let start = Instant::now();
        began.send(()).unwrap();
        sleep(Duration::from_millis(10));
        assert!(start.elapsed() >= Duration::from_millis(10));
        let child = spawn(|| sleep(Duration::from_millis(2)));
        child.join().unwrap();
        blocking(|| ());
        yield_now();
        // The unparks in between have left one token.
        task::park();
    });
    has_begun.recv().unwrap();
    while !handle.is_finished() {
        handle.task().unpark();
        std::thread::yield_now();
    }
    handle.join().unwrap();
}

/// Whoever wins each race, an unpark is seen by the park that it meets or by the next one.
fn unparks_that_race_deadlines_are_not_lost(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let given = Arc::new(AtomicUsize::new(0));
    let taken = Arc::new(AtomicUsize::new(0));
    let (given_there, taken_there) = (given.clone(), taken.clone());
    let handle = runtime.spawn(move || {
        for round in 1..=ROUNDS {
            task::park_timeout(Duration::from_micros(round as u64 % 60));
            while given_there.load(Ordering::Acquire) < round {
                task::park();
            }
            taken_there.store(round, Ordering::Release);
        }
    });
    for round in 1..=ROUNDS {
        given.store(round, Ordering::Release);
        handle.task().unpark();
        while taken.load(Ordering::Acquire) < round {
            std::thread::yield_now();
        }
    }
    handle.join().unwrap();
}

fn many_unparkers_wake_one_task(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let left = Arc::new(AtomicUsize::new(4 * ROUNDS));
    let seen = left.clone();
    let handle = runtime.spawn(move || {
        while seen.load(Ordering::Acquire) != 0 {
            task::park();
        }
    });
    let unparkers: Vec<_> = (0..4)
        .map(|_| {
            let (left, sleeper) = (left.clone(), handle.task().clone());
            runtime.spawn(move || {
                for round in 0..ROUNDS {
                    left.fetch_sub(1, Ordering::AcqRel);
                    sleeper.unpark();
                    if round % 7 == 0 {
                        yield_now();
                    }
                }
            })
        })
        .collect();
    for unparker in unparkers {
        unparker.join().unwrap();
    }
    handle.join().unwrap();
}

fn a_park_is_a_point_of_cancellation(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let (began, has_begun) = mpsc::channel();
    let token_kept = Arc::new(AtomicBool::new(false));
    let kept = token_kept.clone();
    let handle = runtime.spawn(move || {
        began.send(()).unwrap();
        let ended = std::panic::catch_unwind(task::park);
        assert!(ended.is_err());
        // Cancelled for good: a token does not help any more.
        task::current().unpark();
        assert!(std::panic::catch_unwind(task::park).is_err());
        kept.store(true, Ordering::Relaxed);
        task::park_timeout(Duration::MAX);
    });
    has_begun.recv().unwrap();
    drop(runtime);
    assert!(token_kept.load(Ordering::Relaxed));
    assert!(handle.join().unwrap_err().is_cancelled());
}
