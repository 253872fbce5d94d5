//! Runtimes that end: nothing is lost, nothing is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::{blocking, sleep, spawn, yield_now};

#[macro_use]
mod common;

in_all_modes!(
    parked_tasks_unwind_and_their_joiners_learn_it,
    yielding_tasks_unwind_too,
    tasks_that_have_not_begun_are_dropped,
    a_blocking_job_is_awaited_and_its_frame_kept,
    a_destructor_that_blocks_while_unwinding_is_let_finish,
    a_runtime_dropped_by_its_own_task_ends,
    a_task_that_will_not_end_is_left_after_the_timeout,
    joins_and_spawns_between_runtimes_work,
);

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn two_workers(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

fn parked_tasks_unwind_and_their_joiners_learn_it(new: fn() -> Builder) {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = two_workers(new);
    let (started, all_started) = mpsc::channel();
    let handles: Vec<_> = (0..100)
        .map(|_| {
            let (counted, started) = (Counted(drops.clone()), started.clone());
            runtime.spawn(move || {
                let _counted = counted;
                started.send(()).unwrap();
                sleep(Duration::MAX);
            })
        })
        .collect();
    for _ in 0..100 {
        all_started.recv().unwrap();
    }
    drop(runtime);
    assert_eq!(drops.load(Ordering::SeqCst), 100);
    for handle in handles {
        assert!(handle.join().unwrap_err().is_cancelled());
    }
}

fn yielding_tasks_unwind_too(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let handles: Vec<_> = (0..10)
        .map(|_| {
            runtime.spawn(|| {
                loop {
                    yield_now();
                }
            })
        })
        .collect();
    drop(runtime);
    for handle in handles {
        let error: hueless_runtime::task::JoinError = handle.join().unwrap_err();
        assert!(error.is_cancelled());
    }
}

fn tasks_that_have_not_begun_are_dropped(new: fn() -> Builder) {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = new().workers(1).build().unwrap();
    let (hold, held) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    // Keeps the only worker busy until the stop has begun.
    let holder = runtime.spawn(move || {
        began.send(()).unwrap();
        let _ = held.recv();
    });
    has_begun.recv().unwrap();
    let handles: Vec<_> = (0..100)
        .map(|_| {
            let counted = Counted(drops.clone());
            runtime.spawn(move || drop(counted))
        })
        .collect();
    let stop = std::thread::spawn(move || drop(runtime));
    drop(hold);
    stop.join().unwrap();
    assert!(holder.is_finished());
    assert_eq!(drops.load(Ordering::SeqCst), 100);
    for handle in handles {
        assert!(handle.is_finished());
    }
}

fn a_blocking_job_is_awaited_and_its_frame_kept(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let (release, released) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    let handle = runtime.spawn(move || {
        let mut local = [0u8; 64];
        let frame = &mut local;
        blocking(move || {
            began.send(()).unwrap();
            let _ = released.recv();
            frame[63] = 1;
        });
        local[63]
    });
    has_begun.recv().unwrap();
    let stop = std::thread::spawn(move || drop(runtime));
    drop(release);
    stop.join().unwrap();
    assert_eq!(handle.join().unwrap(), 1);
}

fn a_destructor_that_blocks_while_unwinding_is_let_finish(new: fn() -> Builder) {
    struct Slow(Arc<AtomicUsize>);
    impl Drop for Slow {
        fn drop(&mut self) {
            assert!(std::thread::panicking());
            sleep(Duration::from_millis(2));
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let done = Arc::new(AtomicUsize::new(0));
    let runtime = two_workers(new);
    let (started, all_started) = mpsc::channel();
    for _ in 0..20 {
        let (slow, started) = (Slow(done.clone()), started.clone());
        runtime.spawn(move || {
            let _slow = slow;
            started.send(()).unwrap();
            sleep(Duration::MAX);
        });
    }
    for _ in 0..20 {
        all_started.recv().unwrap();
    }
    drop(runtime);
    assert_eq!(done.load(Ordering::SeqCst), 20);
}

fn a_runtime_dropped_by_its_own_task_ends(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let (put, take) = mpsc::channel::<Runtime>();
    let handle = runtime.spawn(move || drop(take.recv().unwrap()));
    put.send(runtime).unwrap();
    let _ = handle.join();
}

fn a_task_that_will_not_end_is_left_after_the_timeout(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let (release, released) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    let handle = runtime.spawn(move || {
        began.send(()).unwrap();
        // Blocks the worker itself: no cancellation reaches it.
        let _ = released.recv();
        5
    });
    has_begun.recv().unwrap();
    let start = Instant::now();
    runtime.shutdown_timeout(Duration::from_millis(20));
    assert!(start.elapsed() >= Duration::from_millis(20));
    drop(release);
    assert_eq!(handle.join().unwrap(), 5);
}

fn joins_and_spawns_between_runtimes_work(new: fn() -> Builder) {
    let (first, second) = (two_workers(new), two_workers(new));
    let sum: usize = first.run(|| {
        (0..100)
            .map(|i| {
                let there = second.spawn(move || {
                    spawn(move || {
                        yield_now();
                        i
                    })
                    .join()
                    .unwrap()
                });
                there.join().unwrap()
            })
            .sum()
    });
    assert_eq!(sum, 4950);
}
