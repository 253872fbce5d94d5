//! Tasks: spawned, joined, detached, panicking.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::Builder;
use hueless_runtime::{blocking, run, sleep, spawn, task, yield_now};

#[macro_use]
mod common;

in_all_modes!(
    a_join_gives_the_result,
    run_may_borrow,
    many_tasks_all_run,
    a_panic_reaches_its_join_and_no_further,
    run_hands_the_panic_on,
    sleeps_are_never_early,
    a_join_can_be_limited,
    blocking_borrows_and_hands_panics_back,
    a_blocking_limit_queues,
    a_task_has_a_name_and_a_number,
    captures_and_results_are_dropped_once,
);

#[test]
fn the_global_runtime_starts_by_itself() {
    assert_eq!(spawn(|| 6 * 7).join().unwrap(), 42);
    let mut numbers = vec![3, 1, 2];
    run(|| numbers.sort());
    assert_eq!(numbers, [1, 2, 3]);
    let caught = catch_unwind(|| run(|| -> () { panic!("through") }));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "through");
    let named = task::Builder::new().name("named").spawn(task::current);
    assert_eq!(named.unwrap().join().unwrap().name(), Some("named"));
}

fn a_join_gives_the_result(new: fn() -> Builder) {
    let runtime = new().build().unwrap();
    assert_eq!(runtime.spawn(|| 6 * 7).join().unwrap(), 42);
    assert_eq!(runtime.run(|| spawn(|| 1).join().unwrap() + 1), 2);
    assert_eq!(runtime.run(|| run(|| 3)), 3);
}

fn run_may_borrow(new: fn() -> Builder) {
    let mut numbers = vec![3, 1, 2];
    new().build().unwrap().run(|| numbers.sort());
    assert_eq!(numbers, [1, 2, 3]);
}

fn many_tasks_all_run(new: fn() -> Builder) {
    let count = Arc::new(AtomicUsize::new(0));
    new().build().unwrap().run(|| {
        let handles: Vec<_> = (0..10_000)
            .map(|_| {
                let count = count.clone();
                spawn(move || {
                    yield_now();
                    count.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        for handle in handles {
            handle.join().unwrap();
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 10_000);
}

fn a_panic_reaches_its_join_and_no_further(new: fn() -> Builder) {
    let runtime = new().build().unwrap();
    let number = std::hint::black_box(1);
    let error = runtime
        .spawn(move || panic!("boom {number}"))
        .join()
        .unwrap_err();
    assert!(error.is_panic());
    assert!(error.to_string().contains("panicked: boom 1"), "{error}");
    assert!(error.to_string().contains("tests/tasks.rs:"), "{error}");
    assert_eq!(*error.into_panic().downcast::<String>().unwrap(), "boom 1");
    assert_eq!(runtime.spawn(|| 1).join().unwrap(), 1);
}

fn run_hands_the_panic_on(new: fn() -> Builder) {
    let runtime = new().build().unwrap();
    let through = AssertUnwindSafe(|| runtime.run(|| -> () { panic!("through") }));
    let caught = catch_unwind(through);
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "through");
}

/// The claim of the default mode only.
#[test]
fn a_task_keeps_its_thread_and_its_values_that_are_not_send() {
    let handles: Vec<_> = (0..100)
        .map(|_| {
            spawn(|| {
                let thread = std::thread::current().id();
                let value = Rc::new(7);
                for _ in 0..50 {
                    let copy = value.clone();
                    yield_now();
                    assert_eq!(*copy, 7);
                    assert_eq!(std::thread::current().id(), thread);
                }
                sleep(Duration::from_millis(1));
                assert_eq!(std::thread::current().id(), thread);
                Rc::strong_count(&value)
            })
        })
        .collect();
    for handle in handles {
        assert_eq!(handle.join().unwrap(), 1);
    }
}

fn sleeps_are_never_early(new: fn() -> Builder) {
    new().build().unwrap().run(|| {
        let handles: Vec<_> = (0..200u64)
            .map(|i| {
                spawn(move || {
                    let start = Instant::now();
                    let time = Duration::from_micros(i * 37 % 9000);
                    sleep(time);
                    assert!(start.elapsed() >= time);
                })
            })
            .collect();
        for handle in handles {
            handle.join().unwrap();
        }
    });
}

fn a_join_can_be_limited(new: fn() -> Builder) {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let runtime = new().build().unwrap();
    let handle = runtime.spawn(move || blocking(move || released.recv().is_err()));
    let handle = handle.join_timeout(Duration::from_millis(1)).unwrap_err();
    assert!(!handle.is_finished());
    let handle = runtime.run(|| handle.join_timeout(Duration::from_millis(1)).unwrap_err());
    drop(release);
    assert!(handle.join_timeout(Duration::MAX).unwrap().unwrap());
}

fn blocking_borrows_and_hands_panics_back(new: fn() -> Builder) {
    new().build().unwrap().run(|| {
        let text = String::from("borrowed");
        assert_eq!(blocking(|| text.len()), 8);
        let caught = catch_unwind(|| blocking(|| -> () { panic!("inside") }));
        assert!(caught.is_err());
        let handles: Vec<_> = (0..50)
            .map(|i| spawn(move || blocking(move || i * 2)))
            .collect();
        for (i, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.join().unwrap(), i * 2);
        }
    });
}

fn a_blocking_limit_queues(new: fn() -> Builder) {
    let runtime = new().workers(1).blocking_threads(1).build().unwrap();
    runtime.run(|| {
        let inside = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..20)
            .map(|_| {
                let inside = inside.clone();
                spawn(move || {
                    blocking(|| {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    })
                })
            })
            .collect();
        for handle in handles {
            handle.join().unwrap();
        }
    });
}

fn a_task_has_a_name_and_a_number(new: fn() -> Builder) {
    let runtime = new().build().unwrap();
    let here = task::current();
    assert_eq!(here.name(), std::thread::current().name());
    let handle = task::Builder::new()
        .name("named")
        .stack_size(1 << 20)
        .spawn_on(&runtime, || {
            (
                task::current().id(),
                task::current().name() == Some("named"),
            )
        })
        .unwrap();
    let id = handle.task().id();
    assert_ne!(id, here.id());
    assert_eq!(handle.join().unwrap(), (id, true));
    assert!(
        task::Builder::new()
            .stack_size(1 << 40)
            .spawn_on(&runtime, || ())
            .is_err()
    );
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn captures_and_results_are_dropped_once(new: fn() -> Builder) {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = new().workers(2).build().unwrap();
    for round in 0..200 {
        let (captured, result) = (Counted(drops.clone()), Counted(drops.clone()));
        let handle = runtime.spawn(move || {
            drop(captured);
            result
        });
        match round % 3 {
            0 => drop(handle),
            1 => drop(handle.join().unwrap()),
            _ => {
                while !handle.is_finished() {
                    std::thread::yield_now();
                }
                drop(handle);
            }
        }
    }
    drop(runtime);
    assert_eq!(drops.load(Ordering::SeqCst), 400);
}

/// Counts its drops, and where they happen.
struct Dropped<'a> {
    drops: &'a AtomicUsize,
    on_workers_stack: &'a AtomicUsize,
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        let here = task::current();
        // A thread's stand-in has the thread's name, and workers' threads are called so.
        if here.name().is_some_and(|name| name.starts_with("hueless-")) {
            self.on_workers_stack.fetch_add(1, Ordering::Relaxed);
        } else {
            hueless_runtime::yield_now();
        }
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn an_output_whose_handle_goes_as_the_task_ends_is_dropped_once_and_in_a_task() {
    const ROUNDS: usize = 20_000;
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    static ON_WORKERS_STACK: AtomicUsize = AtomicUsize::new(0);
    static ENDING: AtomicUsize = AtomicUsize::new(0);
    for round in 1..=ROUNDS {
        let handle = spawn(move || {
            ENDING.store(round, Ordering::Release);
            Dropped {
                drops: &DROPS,
                on_workers_stack: &ON_WORKERS_STACK,
            }
        });
        // The handle goes at any moment of the task's last steps.
        let mut looks = 0;
        while ENDING.load(Ordering::Acquire) != round {
            looks += 1;
            if looks % 1000 == 0 {
                std::thread::yield_now();
            }
        }
        for _ in 0..round % 64 {
            std::hint::spin_loop();
        }
        drop(handle);
    }
    while DROPS.load(Ordering::Relaxed) != ROUNDS {
        std::thread::yield_now();
    }
    assert_eq!(ON_WORKERS_STACK.load(Ordering::Relaxed), 0);
}

#[test]
fn joins_that_time_out_as_the_task_ends_lose_nothing() {
    const ROUNDS: usize = 300;
    run(|| {
        for round in 0..ROUNDS {
            let handle = spawn(move || {
                sleep(Duration::from_micros(200));
                round
            });
            let mut handle = Some(handle);
            while let Some(waiting) = handle.take() {
                match waiting.join_timeout(Duration::from_micros(150)) {
                    Ok(result) => assert_eq!(result.unwrap(), round),
                    Err(again) => handle = Some(again),
                }
            }
        }
    });
}
