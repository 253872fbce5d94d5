//! Cancellation beside neighbours that unwind, in destructors, and where a worker's thread is kept.

#[macro_use]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hueless_runtime::cancel::shield;
use hueless_runtime::runtime::{Builder, Runtime};
use hueless_runtime::{
    join, run, scope, sleep, spawn, task, timeout, try_map_concurrent, yield_now,
};

in_all_modes!(
    who_is_cancelled_beside_an_unwinding_neighbour_unwinds_after_it,
    a_limit_that_passes_beside_an_unwinding_neighbour_is_not_lost,
    a_run_beside_an_unwinding_neighbour_is_cancelled,
    a_join_beside_an_unwinding_neighbour_is_cancelled,
    a_limit_passes_inside_no_park,
    what_a_task_that_never_began_holds_is_dropped_in_peace,
    what_nobody_wants_of_a_cancelled_task_is_dropped_in_peace,
    structure_in_destructors_is_complete,
    an_outer_limit_reaches_a_scope_whose_inner_one_has_passed,
    children_that_are_cut_off_leave_no_half_result,
    runtimes_may_go_while_their_tasks_are_cancelled,
);

/// Calls a function when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn one_worker(new: fn() -> Builder) -> Runtime {
    new().workers(1).build().unwrap()
}

/// Runs `f` while a neighbour on the same worker is cancelled and parks in a destructor, until the
/// function that `f` gets is called.
fn beside_unwinding<T: Send>(new: fn() -> Builder, f: impl FnOnce(&dyn Fn()) -> T + Send) -> T {
    one_worker(new).run(|| {
        let (parks, goes_on) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let (said, told) = (parks.clone(), goes_on.clone());
        let neighbour = spawn(move || {
            let _parks = OnDrop(|| {
                said.store(true, Ordering::Relaxed);
                while !told.load(Ordering::Relaxed) {
                    yield_now();
                }
            });
            sleep(Duration::MAX);
        });
        yield_now();
        neighbour.cancel();
        while !parks.load(Ordering::Relaxed) {
            yield_now();
        }
        let result = f(&|| goes_on.store(true, Ordering::Relaxed));
        goes_on.store(true, Ordering::Relaxed);
        assert!(neighbour.join().unwrap_err().is_cancelled());
        result
    })
}

fn who_is_cancelled_beside_an_unwinding_neighbour_unwinds_after_it(new: fn() -> Builder) {
    beside_unwinding(new, |end| {
        let cancelled = spawn(|| {
            task::current().cancel();
            sleep(Duration::MAX);
        });
        yield_now();
        end();
        assert!(cancelled.join().unwrap_err().is_cancelled());
    });
}

fn a_limit_that_passes_beside_an_unwinding_neighbour_is_not_lost(new: fn() -> Builder) {
    beside_unwinding(new, |end| {
        let limited = spawn(|| {
            timeout(Duration::from_millis(1), || {
                let began = Instant::now();
                while began.elapsed() < Duration::from_millis(3) {
                    yield_now();
                }
                sleep(Duration::MAX);
            })
        });
        while !limited.is_finished() {
            yield_now();
            end();
        }
        assert!(limited.join().unwrap().is_err());
    });
}

fn a_run_beside_an_unwinding_neighbour_is_cancelled(new: fn() -> Builder) {
    beside_unwinding(new, |end| {
        let waits = spawn(|| run(|| sleep(Duration::MAX)));
        for _ in 0..10 {
            yield_now();
        }
        end();
        waits.cancel();
        assert!(waits.join().unwrap_err().is_cancelled());
    });
}

fn a_join_beside_an_unwinding_neighbour_is_cancelled(new: fn() -> Builder) {
    beside_unwinding(new, |end| {
        let waits = spawn(|| join(|| sleep(Duration::MAX), || sleep(Duration::MAX)));
        for _ in 0..10 {
            yield_now();
        }
        waits.cancel();
        for _ in 0..10 {
            yield_now();
        }
        end();
        assert!(waits.join().unwrap_err().is_cancelled());
    });
}

fn a_limit_passes_inside_no_park(new: fn() -> Builder) {
    let late = one_worker(new).run(|| {
        task::no_park(|| {
            timeout(Duration::from_millis(1), || {
                loop {
                    sleep(Duration::from_millis(1));
                }
            })
        })
    });
    assert!(late.map(|never: ()| never).is_err());
}

fn what_a_task_that_never_began_holds_is_dropped_in_peace(new: fn() -> Builder) {
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    one_worker(new).run(|| {
        let held = OnDrop(move || {
            sleep(Duration::from_micros(100));
            count.fetch_add(1, Ordering::Relaxed);
        });
        let handle = spawn(move || drop(held));
        handle.cancel();
        assert!(handle.join().unwrap_err().is_cancelled());
    });
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

fn what_nobody_wants_of_a_cancelled_task_is_dropped_in_peace(new: fn() -> Builder) {
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    one_worker(new).run(|| {
        drop(spawn(move || {
            task::current().cancel();
            OnDrop(move || {
                sleep(Duration::from_micros(100));
                count.fetch_add(1, Ordering::Relaxed);
            })
        }));
        while dropped.load(Ordering::Relaxed) == 0 {
            yield_now();
        }
    });
}

fn structure_in_destructors_is_complete(new: fn() -> Builder) {
    let runtime = one_worker(new);
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let (tell, told) = crossbeam_channel::bounded(1);
    let handle = runtime.spawn(move || {
        let one = || count.fetch_add(1, Ordering::Relaxed);
        let _structured = OnDrop(|| {
            join(one, one);
            scope(|s| {
                s.spawn(one);
            });
            let mapped = try_map_concurrent(0..2, 1, |n| {
                one();
                Ok::<_, ()>(n)
            });
            assert_eq!(mapped, Ok(vec![0, 1]));
        });
        tell.send(()).unwrap();
        sleep(Duration::MAX);
    });
    told.recv().unwrap();
    handle.cancel();
    assert!(handle.join().unwrap_err().is_cancelled());
    assert_eq!(ran.load(Ordering::Relaxed), 5);
}

fn an_outer_limit_reaches_a_scope_whose_inner_one_has_passed(new: fn() -> Builder) {
    let nested = || {
        let done = AtomicBool::new(false);
        let outer = timeout(Duration::from_millis(20), || {
            scope(|s| {
                s.spawn(|| {
                    let _done = OnDrop(|| done.store(true, Ordering::Relaxed));
                    sleep(Duration::MAX);
                });
                let _ = timeout(Duration::from_millis(2), || {
                    scope(|s| {
                        s.spawn(|| {
                            shield(|| {
                                while !done.load(Ordering::Relaxed) {
                                    yield_now();
                                }
                            });
                        });
                    });
                });
            });
        });
        assert!(outer.is_err());
    };
    nested();
    one_worker(new).run(nested);
}

/// A runtime that ends cancels the children too; the caller does not take that for a result.
fn children_that_are_cut_off_leave_no_half_result(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let (tell, told) = crossbeam_channel::bounded(1);
    let handle = runtime.spawn(move || {
        try_map_concurrent(0..4, 4, |n| {
            let _ = tell.try_send(());
            sleep(Duration::MAX);
            Ok::<_, ()>(n)
        })
    });
    told.recv().unwrap();
    drop(runtime);
    assert!(handle.join().is_err());
}

fn runtimes_may_go_while_their_tasks_are_cancelled(new: fn() -> Builder) {
    for _ in 0..50 {
        let runtime = new().workers(2).build().unwrap();
        let handles: Vec<_> = (0..4)
            .map(|_| runtime.spawn(|| sleep(Duration::MAX)))
            .collect();
        let canceller = std::thread::spawn(move || {
            for handle in handles {
                handle.cancel();
                assert!(handle.join().unwrap_err().is_cancelled());
            }
        });
        drop(runtime);
        canceller.join().unwrap();
    }
}
