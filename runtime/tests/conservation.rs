//! No worker idles while work lies about that it may take. How long such work waits is measured by
//! the workload `conserve`; here it is only seen to that it does not wait for the busy worker.

#[macro_use]
mod common;

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::{checkpoint, spawn, yield_now};

in_all_modes!(
    tasks_run_while_their_spawner_computes,
    tasks_from_outside_run_while_a_worker_computes,
    nobody_waits_behind_a_chain_of_computing_tasks,
    new_tasks_do_not_wait_for_a_slice_each,
);

fn two_workers(new: fn() -> Builder) -> Runtime {
    new().workers(2).build().unwrap()
}

/// Counts tasks that run, and says whether that was while somebody was computing.
#[derive(Clone, Default)]
struct Trace {
    ran: Arc<AtomicUsize>,
    too_late: Arc<AtomicUsize>,
    computing: Arc<AtomicBool>,
}

impl Trace {
    fn task(&self) -> impl FnOnce() + Send + 'static {
        let trace = self.clone();
        move || {
            if !trace.computing.load(Ordering::SeqCst) {
                trace.too_late.fetch_add(1, Ordering::SeqCst);
            }
            trace.ran.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Computes without a checkpoint until `count` tasks have run.
    fn compute_until(&self, count: usize) {
        while self.ran.load(Ordering::SeqCst) < count {
            spin_loop();
        }
    }
}

/// Spawned before the computing begins and during it, singly and in groups.
fn tasks_run_while_their_spawner_computes(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let trace = Trace::default();
    let seen = trace.clone();
    runtime.run(move || {
        for _ in 0..5 {
            let before = trace.ran.load(Ordering::SeqCst);
            spawn(trace.task());
            trace.computing.store(true, Ordering::SeqCst);
            let mut spawned = before + 1;
            for group in [1, 1, 2, 7, 1, 100, 1] {
                for _ in 0..group {
                    spawn(trace.task());
                }
                spawned += group;
                trace.compute_until(spawned);
            }
            trace.computing.store(false, Ordering::SeqCst);
            yield_now();
        }
    });
    assert_eq!(seen.ran.load(Ordering::SeqCst), 5 * 114);
    assert_eq!(seen.too_late.load(Ordering::SeqCst), 0);
}

fn tasks_from_outside_run_while_a_worker_computes(new: fn() -> Builder) {
    let runtime = two_workers(new);
    let trace = Trace::default();
    let there = trace.clone();
    let hog = runtime.spawn(move || {
        there.computing.store(true, Ordering::SeqCst);
        there.compute_until(1000);
        there.computing.store(false, Ordering::SeqCst);
    });
    while !trace.computing.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    for _ in 0..1000 {
        runtime.spawn(trace.task());
    }
    hog.join().unwrap();
    assert_eq!(trace.too_late.load(Ordering::SeqCst), 0);
}

/// Each task spawns the next and computes until that has begun: so each has to begin elsewhere.
fn nobody_waits_behind_a_chain_of_computing_tasks(new: fn() -> Builder) {
    fn link(left: usize) {
        if left == 0 {
            return;
        }
        let begun = Arc::new(AtomicBool::new(false));
        let begins = begun.clone();
        let next = spawn(move || {
            begins.store(true, Ordering::SeqCst);
            link(left - 1);
        });
        while !begun.load(Ordering::SeqCst) {
            spin_loop();
        }
        next.join().unwrap();
    }
    two_workers(new).run(|| link(200));
}

/// A task that computes for its slice each time has new tasks beside it: after each of its slices
/// all that wait have a turn, not one.
fn new_tasks_do_not_wait_for_a_slice_each(new: fn() -> Builder) {
    const TASKS: usize = 300;
    let runtime = new().workers(1).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let hog = runtime.spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            checkpoint();
        }
    });
    let before = runtime.metrics();
    runtime.run(|| {
        let tasks: Vec<_> = (0..TASKS).map(|i| spawn(move || i)).collect();
        let sum: usize = tasks.into_iter().map(|task| task.join().unwrap()).sum();
        assert_eq!(sum, TASKS * (TASKS - 1) / 2);
    });
    let slices = runtime.metrics().since(&before).hints;
    stop.store(true, Ordering::Relaxed);
    hog.join().unwrap();
    assert!(slices < TASKS as u64 / 3, "{slices} slices");
}
