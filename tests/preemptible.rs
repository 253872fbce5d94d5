//! The attribute as programs use it. Which loops it finds is tested in `macros/tests/loops.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hueless::{preemptible, runtime, spawn, yield_now};

/// Loops that no operation of hueless is in: without the attribute they would never end, since the
/// one that ends them runs on the same worker.
#[preemptible]
fn wait_in_each_kind_of_loop(step: &AtomicUsize, next: impl Fn()) {
    next();
    while step.load(Ordering::Acquire) < 1 {}
    next();
    loop {
        if step.load(Ordering::Acquire) == 2 {
            break;
        }
    }
    next();
    for _ in 0_u64.. {
        if step.load(Ordering::Acquire) == 3 {
            break;
        }
    }
}

#[test]
fn loops_without_operations_let_neighbours_run() {
    let runtime = runtime::Builder::new().workers(1).build().unwrap();
    runtime.run(|| {
        let step = Arc::new(AtomicUsize::new(0));
        wait_in_each_kind_of_loop(&step, || {
            let step = step.clone();
            spawn(move || {
                yield_now();
                step.fetch_add(1, Ordering::Release);
            });
        });
    });
}

#[test]
fn loops_of_a_dropped_runtime_end() {
    #[preemptible]
    fn forever(begun: &AtomicBool) {
        loop {
            begun.store(true, Ordering::Release);
        }
    }
    let runtime = runtime::Builder::new().workers(1).build().unwrap();
    let begun = Arc::new(AtomicBool::new(false));
    let there = begun.clone();
    let handle = runtime.spawn(move || forever(&there));
    while !begun.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    drop(runtime);
    assert!(handle.join().unwrap_err().is_cancelled());
}

#[test]
fn it_does_nothing_outside_tasks() {
    #[preemptible]
    fn sum(n: u32) -> u32 {
        let mut sum = 0;
        for i in 0..n {
            sum += i;
        }
        sum
    }
    assert_eq!(sum(10), 45);
    assert_eq!(hueless::run(|| sum(10)), 45);
}
