//! Workers that do not react: what others take over, and what is reported.

#[macro_use]
mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use common::migrating;
use hueless_runtime::runtime::{Builder, Runtime, Stall};
use hueless_runtime::{sleep, spawn, task, yield_now};

in_all_modes!(
    a_new_task_runs_while_the_only_worker_is_blocked,
    a_chain_of_blocking_calls_ends_and_its_spares_go,
    spares_are_bounded_and_nothing_is_lost,
    tasks_that_spin_on_each_other_all_make_progress,
    a_task_spawned_on_a_spare_at_the_end_is_told,
);

/// Blocks this OS thread until somebody says so.
fn block_on_std(gate: &Arc<Mutex<mpsc::Receiver<()>>>) {
    let _ = gate.lock().unwrap().recv();
}

/// How many OS threads of hueless's workers and spares there are.
fn spares(runtime: &Runtime) -> usize {
    let metrics = runtime.metrics();
    metrics.workers.iter().filter(|w| w.is_spare).count()
}

/// A task blocks its thread until a task that it has spawned sends: with one worker only a spare can
/// run that.
fn a_new_task_runs_while_the_only_worker_is_blocked(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        for _ in 0..3 {
            let (send, receive) = mpsc::channel();
            spawn(move || send.send(7).unwrap());
            assert_eq!(receive.recv(), Ok(7));
        }
    });
    assert!(runtime.metrics().take_overs >= 1);
}

/// RELIABILITY 7: a chain of tasks, each of which blocks its thread until the next has run.
fn a_chain_of_blocking_calls_ends_and_its_spares_go(new: fn() -> Builder) {
    fn chain(depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        let (send, receive) = mpsc::channel();
        spawn(move || send.send(chain(depth - 1) + 1).unwrap());
        receive.recv().unwrap()
    }
    let runtime = new().workers(2).build().unwrap();
    assert_eq!(runtime.run(|| chain(10)), 10);
    assert!(spares(&runtime) >= 1, "{}", runtime.metrics());
    // They stay for a second, in case that they are needed again.
    while spares(&runtime) != 0 {
        std::thread::yield_now();
    }
    assert_eq!(runtime.run(|| 1), 1);
}

/// Beyond the bound on spares tasks wait; when the calls end all run.
fn spares_are_bounded_and_nothing_is_lost(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let ran = Arc::new(AtomicUsize::new(0));
    let blocked: Vec<_> = (0..40)
        .map(|_| {
            let (gate, ran) = (gate.clone(), ran.clone());
            runtime.spawn(move || {
                ran.fetch_add(1, Ordering::Relaxed);
                block_on_std(&gate);
            })
        })
        .collect();
    while spares(&runtime) < 16 {
        std::thread::yield_now();
    }
    // The worker and its spares are all stuck.
    while runtime.metrics().workers.iter().any(|w| !w.is_stuck) {
        std::thread::yield_now();
    }
    assert_eq!(spares(&runtime), 16);
    assert_eq!(ran.load(Ordering::Relaxed), 17);
    drop(open);
    for handle in blocked {
        handle.join().unwrap();
    }
    assert_eq!(ran.load(Ordering::Relaxed), 40);
}

/// RELIABILITY 8: as many tasks as workers spin until all have arrived, without any operation.
fn tasks_that_spin_on_each_other_all_make_progress(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    runtime.run(|| {
        let arrived = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..4)
            .map(|_| {
                let arrived = arrived.clone();
                spawn(move || {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    while arrived.load(Ordering::SeqCst) < 4 {
                        std::hint::spin_loop();
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.join().unwrap();
        }
    });
}

/// Under `migrate` a started task goes on elsewhere while its worker is blocked; Go's hand-off.
#[test]
fn a_started_task_goes_on_elsewhere_in_a_migrating_runtime() {
    let runtime = migrating().workers(1).build().unwrap();
    runtime.run(|| {
        let (send, receive) = mpsc::channel();
        let sleeper = spawn(move || {
            yield_now();
            sleep(Duration::from_millis(1));
            send.send(std::thread::current().id()).unwrap();
        });
        // The sleeper has begun on this worker.
        yield_now();
        let elsewhere = receive.recv().unwrap();
        assert_ne!(elsewhere, std::thread::current().id());
        sleeper.join().unwrap();
    });
}

/// Go's hand-off in its commonest form: a task wakes another, which then runs next here, and blocks
/// its thread until that one has run.
#[test]
fn what_runs_next_on_a_blocked_worker_goes_on_elsewhere() {
    for workers in [1, 2] {
        let runtime = migrating().workers(workers).build().unwrap();
        runtime.run(|| {
            let (send, receive) = mpsc::channel();
            let (began, has_begun) = mpsc::channel();
            let woken = spawn(move || {
                began.send(()).unwrap();
                task::park();
                send.send(()).unwrap();
            });
            while has_begun.try_recv().is_err() {
                yield_now();
            }
            woken.task().unpark();
            receive.recv().unwrap();
            woken.join().unwrap();
        });
    }
}

/// A hook that panics is a hook that has been called; stalls go on being seen.
#[test]
fn a_hook_that_panics_does_no_harm() {
    let (stalled, stalls) = mpsc::channel();
    let runtime = Builder::new()
        .workers(1)
        .on_stall(move |_| {
            stalled.send(()).unwrap();
            std::panic::resume_unwind(Box::new(()));
        })
        .build()
        .unwrap();
    for _ in 0..2 {
        let (open, gate) = mpsc::channel::<()>();
        let blocker = runtime.spawn(move || {
            let neighbour = spawn(yield_now);
            yield_now();
            let _ = gate.recv();
            neighbour.join().unwrap();
        });
        stalls.recv().unwrap();
        drop(open);
        blocker.join().unwrap();
    }
}

/// A destructor on a spare spawns while the runtime ends and nobody is stuck any more: the child is
/// told.
fn a_task_spawned_on_a_spare_at_the_end_is_told(new: fn() -> Builder) {
    struct SpawnsInDrop(mpsc::Sender<task::JoinHandle<()>>);
    impl Drop for SpawnsInDrop {
        fn drop(&mut self) {
            sleep(Duration::from_millis(2));
            self.0.send(spawn(|| ())).unwrap();
        }
    }
    let runtime = new().workers(1).build().unwrap();
    let (child, children) = mpsc::channel();
    runtime.run(|| {
        let (began, has_begun) = mpsc::channel();
        spawn(move || {
            let _drop = SpawnsInDrop(child);
            began.send(()).unwrap();
            sleep(Duration::MAX);
        });
        has_begun.recv().unwrap();
    });
    while runtime.metrics().workers.iter().any(|w| w.is_stuck) {
        std::thread::yield_now();
    }
    drop(runtime);
    assert!(children.recv().unwrap().join().unwrap_err().is_cancelled());
}

/// A task that parks while it unwinds is pinned to the spare it has come to: that stays.
#[test]
fn a_spare_stays_as_long_as_a_task_is_pinned_to_it() {
    struct ParksInDrop(mpsc::Sender<task::Task>, mpsc::Sender<bool>);
    impl Drop for ParksInDrop {
        fn drop(&mut self) {
            let here = std::thread::current().id();
            self.0.send(task::current()).unwrap();
            task::park();
            let same = here == std::thread::current().id() && std::thread::panicking();
            self.1.send(same).unwrap();
        }
    }
    let runtime = migrating().workers(1).build().unwrap();
    let (parked, has_parked) = mpsc::channel();
    let (told, same) = mpsc::channel();
    let unwinding = runtime.run(move || {
        let unwinding = spawn(move || {
            let _drop = ParksInDrop(parked, told);
            // From here on it may be anywhere.
            yield_now();
            std::panic::resume_unwind(Box::new(()));
        });
        // It has started here, and goes on on a spare while this thread is blocked.
        yield_now();
        let waiting = has_parked.recv().unwrap();
        (unwinding, waiting)
    });
    let (handle, waiting) = unwinding;
    // No worker is stuck now: the spare would leave after a second.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(spares(&runtime), 1);
    waiting.unpark();
    assert!(same.recv().unwrap());
    assert!(handle.join().unwrap_err().is_panic());
    while spares(&runtime) != 0 {
        std::thread::yield_now();
    }
}

fn with_stalls() -> (Builder, mpsc::Receiver<Stall>) {
    let (stalled, stalls) = mpsc::channel();
    let builder = Builder::new().workers(1).on_stall(move |stall| {
        let _ = stalled.send(stall.clone());
    });
    (builder, stalls)
}

#[test]
fn a_stall_is_reported_with_what_it_sits_in() {
    let (builder, stalls) = with_stalls();
    let runtime = builder.build().unwrap();
    let (open, gate) = mpsc::channel::<()>();
    let done = Arc::new(AtomicBool::new(false));
    let seen = done.clone();
    let neighbour = runtime.spawn(move || {
        while !seen.load(Ordering::Relaxed) {
            yield_now();
        }
    });
    let blocker = task::Builder::new()
        .name("blocker")
        .spawn_on(&runtime, move || {
            yield_now();
            let _ = gate.recv();
        })
        .unwrap();
    let stall = stalls.recv().unwrap();
    assert_eq!(stall.task, blocker.task().id());
    assert_eq!(stall.spawned_at.file(), file!());
    assert!(stall.waiting >= 1);
    if cfg!(target_os = "linux") {
        assert_eq!(stall.system_call.as_deref(), Some("futex"));
    }
    let text = stall.to_string();
    assert!(
        text.contains("blocker") && text.contains("take_over.rs"),
        "{text}"
    );
    done.store(true, Ordering::Relaxed);
    drop(open);
    blocker.join().unwrap();
    neighbour.join().unwrap();
    assert_eq!(runtime.metrics().stalls, 1);
    assert!(stalls.try_recv().is_err(), "one stall, one report");
}

#[test]
fn a_task_that_keeps_nobody_waiting_is_no_stall() {
    let (builder, stalls) = with_stalls();
    let runtime = builder.build().unwrap();
    runtime.run(|| std::thread::sleep(Duration::from_millis(400)));
    assert!(stalls.try_recv().is_err());
}

/// The neighbour that holds the lock is parked, so nobody of that worker is ready, nor ever will be.
#[cfg(target_os = "linux")]
#[test]
fn a_lock_that_a_parked_neighbour_may_hold_is_reported() {
    let (builder, stalls) = with_stalls();
    let runtime = builder.build().unwrap();
    let lock = Arc::new(Mutex::new(()));
    let (guarded, on) = (lock.clone(), Arc::new(AtomicBool::new(false)));
    let held = on.clone();
    let holder = runtime.spawn(move || {
        let _guard = guarded.lock().unwrap();
        held.store(true, Ordering::Relaxed);
        task::park();
    });
    while !on.load(Ordering::Relaxed) {
        std::thread::yield_now();
    }
    let waiter = runtime.spawn(move || drop(lock.lock()));
    let stall = stalls.recv().unwrap();
    assert_eq!((stall.task, stall.waiting), (waiter.task().id(), 0));
    assert_eq!(stall.parked, 1);
    let text = stall.to_string();
    assert!(
        text.contains("a parked task of this worker cannot go on"),
        "{text}"
    );
    // It waits for ever.
    std::mem::forget((runtime, holder, waiter));
}

/// It has been elsewhere for long when it comes to the lock.
#[cfg(target_os = "linux")]
#[test]
fn a_lock_that_is_come_to_late_is_reported_too() {
    let (builder, stalls) = with_stalls();
    let runtime = builder.build().unwrap();
    let (tell, told) = mpsc::channel();
    let holder = runtime.spawn(task::park);
    let waiter = runtime.spawn(move || {
        std::thread::sleep(Duration::from_millis(2500));
        let _: Result<(), _> = told.recv();
    });
    let stall = stalls.recv().unwrap();
    assert_eq!((stall.task, stall.parked), (waiter.task().id(), 1));
    drop(tell);
    holder.cancel();
}
