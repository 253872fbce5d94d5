//! Tasks: spawned, joined, detached, panicking.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::Builder;
use hueless_runtime::{blocking, run, sleep, spawn, task, yield_now};

#[test]
fn a_join_gives_the_result() {
    assert_eq!(spawn(|| 6 * 7).join().unwrap(), 42);
    assert_eq!(run(|| spawn(|| 1).join().unwrap() + 1), 2);
}

#[test]
fn run_may_borrow() {
    let mut numbers = vec![3, 1, 2];
    run(|| numbers.sort());
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn many_tasks_all_run() {
    let count = Arc::new(AtomicUsize::new(0));
    run(|| {
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

#[test]
fn a_panic_reaches_its_join_and_no_further() {
    let number = std::hint::black_box(1);
    let error = spawn(move || panic!("boom {number}")).join().unwrap_err();
    assert!(error.is_panic());
    assert!(error.to_string().contains("panicked: boom 1"), "{error}");
    assert!(error.to_string().contains("tests/tasks.rs:"), "{error}");
    assert_eq!(*error.into_panic().downcast::<String>().unwrap(), "boom 1");
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}

#[test]
fn run_hands_the_panic_on() {
    let caught = std::panic::catch_unwind(|| run(|| -> () { panic!("through") }));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "through");
}

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

#[test]
fn sleeps_are_never_early() {
    run(|| {
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

#[test]
fn a_join_can_be_limited() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let handle = spawn(move || blocking(move || released.recv().is_err()));
    let handle = handle.join_timeout(Duration::from_millis(1)).unwrap_err();
    assert!(!handle.is_finished());
    let handle = run(|| handle.join_timeout(Duration::from_millis(1)).unwrap_err());
    drop(release);
    assert!(handle.join_timeout(Duration::MAX).unwrap().unwrap());
}

#[test]
fn blocking_borrows_and_hands_panics_back() {
    run(|| {
        let text = String::from("borrowed");
        assert_eq!(blocking(|| text.len()), 8);
        let caught = std::panic::catch_unwind(|| blocking(|| -> () { panic!("inside") }));
        assert!(caught.is_err());
        let handles: Vec<_> = (0..50)
            .map(|i| spawn(move || blocking(move || i * 2)))
            .collect();
        for (i, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.join().unwrap(), i * 2);
        }
    });
}

#[test]
fn a_blocking_limit_queues() {
    let runtime = Builder::new()
        .workers(1)
        .blocking_threads(1)
        .build()
        .unwrap();
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

#[test]
fn a_task_has_a_name_and_a_number() {
    let here = task::current();
    assert_eq!(here.name(), std::thread::current().name());
    let handle = task::Builder::new()
        .name("named")
        .stack_size(1 << 20)
        .spawn(|| {
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
            .spawn(|| ())
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

#[test]
fn captures_and_results_are_dropped_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = Builder::new().workers(2).build().unwrap();
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
