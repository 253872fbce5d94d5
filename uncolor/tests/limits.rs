//! Where std's waits block the thread all the same, and what becomes of those that park when something ends.

#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use hueless_runtime::runtime::Builder;
use hueless_runtime::task::no_park;

#[path = "../../runtime/tests/child/mod.rs"]
mod child;
mod common;

use child::{assert_passed, in_child};
use common::{NEVER, in_each_runtime, run, start, until};

/// A lock that a thread holds from when this returns until it has been told to let go, and a while longer.
fn held_by_a_thread() -> (Arc<Mutex<()>>, mpsc::Sender<()>) {
    let lock = Arc::new(Mutex::new(()));
    let (let_go, told) = mpsc::channel::<()>();
    let (tell, holds) = mpsc::channel();
    let theirs = lock.clone();
    std::thread::spawn(move || {
        let _held = theirs.lock();
        tell.send(()).unwrap();
        let _ = told.recv_timeout(NEVER);
        // So that whoever told it waits by now. If not, the test sees less.
        std::thread::sleep(Duration::from_millis(5));
    });
    holds.recv().unwrap();
    (lock, let_go)
}

/// The wake goes to a task whose worker sleeps in the same lock: it has to get one as well.
#[test]
fn who_blocks_its_thread_is_woken_beside_a_parked_task() {
    for _ in 0..20 {
        let (lock, let_go) = held_by_a_thread();
        run(&start(1, false), move || {
            let (begun, theirs) = (Arc::new(AtomicBool::new(false)), lock.clone());
            let begins = begun.clone();
            let parked = hueless_runtime::spawn(move || {
                begins.store(true, Ordering::Relaxed);
                drop(theirs.lock());
            });
            // It goes on as far as to its park, for there is one worker.
            until(|| begun.load(Ordering::Relaxed));
            let_go.send(()).unwrap();
            no_park(|| drop(lock.lock()));
            parked.join().unwrap();
        });
    }
}

/// How often other tasks of this worker run while `f` does, on a runtime with one.
fn turns_of_others(builder: Builder, f: impl FnOnce() + Send + 'static) -> usize {
    let runtime = builder.workers(1).build().unwrap();
    let (tell, told) = mpsc::channel();
    run(&runtime, move || {
        let turns = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let neighbour = {
            let (turns, stop) = (turns.clone(), stop.clone());
            hueless_runtime::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    turns.fetch_add(1, Ordering::Relaxed);
                    hueless_runtime::yield_now();
                }
            })
        };
        until(|| turns.load(Ordering::Relaxed) != 0);
        let before = turns.load(Ordering::Relaxed);
        f();
        tell.send(turns.load(Ordering::Relaxed) - before).unwrap();
        stop.store(true, Ordering::Relaxed);
        neighbour.join().unwrap();
    });
    told.recv().unwrap()
}

/// Waits for a lock.
fn wait() {
    let (lock, let_go) = held_by_a_thread();
    let_go.send(()).unwrap();
    drop(lock.lock().unwrap());
}

#[test]
fn others_run_while_a_task_waits_for_a_lock() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let (lock, let_go) = held_by_a_thread();
            let begun = Arc::new(AtomicBool::new(false));
            let begins = begun.clone();
            let neighbour = hueless_runtime::spawn(move || {
                // With one worker: only once the other one has left its stack.
                until(|| begun.load(Ordering::Relaxed));
                let_go.send(()).unwrap();
            });
            begins.store(true, Ordering::Relaxed);
            drop(lock.lock().unwrap());
            neighbour.join().unwrap();
        });
    });
}

#[test]
fn nobody_runs_inside_no_park() {
    assert_eq!(turns_of_others(Builder::new(), || no_park(wait)), 0);
    let sleep = || no_park(|| std::thread::sleep(Duration::from_millis(5)));
    assert_eq!(turns_of_others(Builder::new(), sleep), 0);
}

#[test]
fn nobody_runs_while_something_unwinds() {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            wait();
        }
    }
    let unwind = || {
        let caught = std::panic::catch_unwind(|| {
            let _waits = Waits;
            std::panic::resume_unwind(Box::new("boom"));
        });
        assert!(caught.is_err());
    };
    assert_eq!(turns_of_others(Builder::new(), unwind), 0);
}

#[test]
fn a_thread_is_parked_not_a_task() {
    let receive = || {
        let (send, received) = mpsc::channel();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            send.send(7).unwrap();
        });
        assert_eq!(received.recv(), Ok(7));
    };
    assert_eq!(turns_of_others(Builder::new(), receive), 0);
}

#[test]
fn a_runtime_can_be_told_not_to() {
    assert_eq!(turns_of_others(Builder::new().park_std(false), wait), 0);
}

#[test]
fn the_environment_can_say_so() {
    let case = || assert_eq!(turns_of_others(Builder::new(), wait), 0);
    let off = [("HUELESS_STD", "off")];
    assert_passed(in_child("the_environment_can_say_so", &off, case));
}

#[test]
fn a_lock_that_is_waited_for_stalls_where_it_is_off() {
    let case = || {
        let (stalled, stalls) = mpsc::channel();
        let runtime = Builder::new()
            .workers(1)
            .on_stall(move |stall| drop(stalled.send(stall.system_call.clone())))
            .build()
            .unwrap();
        let (lock, let_go) = held_by_a_thread();
        let task = runtime.spawn(move || {
            let neighbour = hueless_runtime::spawn(hueless_runtime::yield_now);
            hueless_runtime::yield_now();
            drop(lock.lock());
            neighbour.join().unwrap();
        });
        let stall = stalls.recv_timeout(NEVER).unwrap();
        assert!(format!("{stall:?}").contains("futex"), "{stall:?}");
        let_go.send(()).unwrap();
        task.join().unwrap();
    };
    let name = "a_lock_that_is_waited_for_stalls_where_it_is_off";
    assert_passed(in_child(name, &[("HUELESS_STD", "off")], case));
}

#[test]
fn a_wait_is_not_cancelled_what_follows_is() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            let lock = Arc::new(Mutex::new(0));
            let (theirs, begun) = (lock.clone(), Arc::new(AtomicBool::new(false)));
            let begins = begun.clone();
            let held = lock.lock().unwrap();
            let waits = hueless_runtime::spawn(move || {
                begins.store(true, Ordering::Relaxed);
                *theirs
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner()) += 1;
                hueless_runtime::yield_now();
                unreachable!("it is cancelled");
            });
            until(|| begun.load(Ordering::Relaxed));
            waits.cancel();
            for _ in 0..100 {
                hueless_runtime::yield_now();
            }
            assert!(!waits.is_finished());
            drop(held);
            assert!(waits.join().unwrap_err().is_cancelled());
            assert_eq!(*lock.lock().unwrap(), 1);
        });
    });
}

#[test]
fn a_runtime_that_ends_frees_those_whose_holder_unwinds() {
    for workers in [1, 3] {
        for migrates in [false, true] {
            let runtime = start(workers, migrates);
            let (lock, ended) = (Arc::new(Mutex::new(())), Arc::new(AtomicUsize::new(0)));
            for _ in 0..100 {
                let (lock, ended) = (lock.clone(), ended.clone());
                runtime.spawn(move || {
                    struct Ends(Arc<AtomicUsize>);
                    impl Drop for Ends {
                        fn drop(&mut self) {
                            self.0.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    let _ends = Ends(ended);
                    let _held = lock.lock();
                    hueless_runtime::sleep(NEVER);
                });
            }
            // Somebody holds it.
            while lock.try_lock().is_ok() {
                std::thread::yield_now();
            }
            let begun = Instant::now();
            drop(runtime);
            assert!(
                begun.elapsed() < Duration::from_secs(4),
                "{:?}",
                begun.elapsed()
            );
            // Those that had not begun were dropped as closures.
            assert!(ended.load(Ordering::Relaxed) >= 1);
            assert_eq!(Arc::strong_count(&lock), 1);
        }
    }
}

#[test]
fn a_runtime_that_ends_leaves_behind_what_nobody_wakes() {
    let case = || {
        let runtime = start(1, false);
        let place = Arc::new((Mutex::new(false), Condvar::new()));
        let (tell, told) = mpsc::channel();
        let theirs = place.clone();
        let task = runtime.spawn(move || {
            let (is_done, changed) = &*theirs;
            let is_done = is_done.lock().unwrap();
            tell.send("waits").unwrap();
            drop(changed.wait_while(is_done, |is_done| !*is_done).unwrap());
            tell.send("woken").unwrap();
        });
        assert_eq!(told.recv(), Ok("waits"));
        runtime.shutdown_timeout(Duration::from_millis(50));
        assert!(task.join().is_err());
        // It is where it was, and goes on if it is woken after all.
        *place.0.lock().unwrap() = true;
        place.1.notify_one();
        assert_eq!(told.recv_timeout(NEVER), Ok("woken"));
    };
    let name = "a_runtime_that_ends_leaves_behind_what_nobody_wakes";
    let output = in_child(name, &[], case);
    assert!(child::text(&output).contains("left behind"));
    assert_passed(output);
}

#[test]
fn a_forked_child_has_no_tasks() {
    in_each_runtime(|runtime| {
        run(runtime, || {
            // Somebody is in the table, so that a wake looks there.
            let lock = Arc::new(Mutex::new(()));
            let held = lock.lock().unwrap();
            let begun = Arc::new(AtomicBool::new(false));
            let waits = {
                let (lock, begun) = (lock.clone(), begun.clone());
                hueless_runtime::spawn(move || {
                    begun.store(true, Ordering::Relaxed);
                    drop(lock.lock());
                })
            };
            let stop = Arc::new(AtomicBool::new(false));
            let parent = std::process::id();
            let neighbours: Vec<_> = {
                let stop = stop.clone();
                common::crowd(10, move |_| {
                    while !stop.load(Ordering::Relaxed) {
                        if std::process::id() != parent {
                            // SAFETY: ends a process that must not have come here.
                            unsafe { libc::_exit(99) };
                        }
                        hueless_runtime::yield_now();
                    }
                })
            };
            until(|| begun.load(Ordering::Relaxed));
            let mut command = Command::new("true");
            let place = (Mutex::new(()), Condvar::new());
            let wait_in_child = move || {
                let guard = place.0.lock().unwrap();
                let (guard, result) = place
                    .1
                    .wait_timeout(guard, Duration::from_millis(2))
                    .unwrap();
                drop(guard);
                place.1.notify_all();
                std::thread::sleep(Duration::from_millis(1));
                assert!(result.timed_out());
                Ok(())
            };
            // SAFETY: locks that nobody else knows, and nothing allocates.
            let mut process = unsafe { command.pre_exec(wait_in_child) }.spawn().unwrap();
            assert!(process.wait().unwrap().success());
            drop(held);
            waits.join().unwrap();
            stop.store(true, Ordering::Relaxed);
            common::join_all(neighbours);
        });
    });
}
