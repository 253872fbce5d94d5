//! Sets of tasks that come home one by one.

mod child;
#[macro_use]
mod common;

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;

use hueless_runtime::runtime::Builder;
use hueless_runtime::task::{JoinSet, task_local};
use hueless_runtime::{blocking_operation, sleep, spawn, timeout, yield_now};

in_all_modes!(
    tasks_come_home_in_the_order_of_their_ends,
    a_set_that_is_dropped_cancels,
    tasks_that_are_left_behind_come_home_as_errors,
    a_set_of_ended_tasks_is_emptied_without_waiting,
    a_task_comes_home_once_its_locals_have_gone,
);

/// Calls `f` on this thread and in a task.
fn in_both(new: fn() -> Builder, f: impl Fn() + Send + Sync) {
    f();
    for workers in [1, 3] {
        let runtime = new().workers(workers).build().unwrap();
        runtime.run(&f);
    }
}

fn tasks_come_home_in_the_order_of_their_ends(new: fn() -> Builder) {
    in_both(new, || {
        let mut set = JoinSet::new();
        assert!(set.join_next().is_none() && set.try_join_next().is_none());
        let (release, released) = crossbeam_channel::bounded::<()>(1);
        set.spawn(move || {
            while released.try_recv().is_err() {
                yield_now();
            }
            1
        });
        set.spawn(|| 2);
        assert_eq!(set.len(), 2);
        assert_eq!(set.join_next().unwrap().unwrap(), 2);
        assert!(set.try_join_next().is_none());
        release.send(()).unwrap();
        assert_eq!(set.join_next().unwrap().unwrap(), 1);
        assert!(set.join_next().is_none() && set.is_empty());
        set.spawn(|| panic!("in the set"));
        assert!(set.join_next().unwrap().unwrap_err().is_panic());
        set.spawn(|| {
            sleep(Duration::MAX);
            0
        });
        set.cancel_all();
        assert!(set.join_next().unwrap().unwrap_err().is_cancelled());
        // Whom a cancellation interrupts loses no result.
        let (release, released) = crossbeam_channel::bounded::<()>(1);
        set.spawn(move || {
            while released.try_recv().is_err() {
                yield_now();
            }
            3
        });
        assert!(timeout(Duration::from_millis(1), || set.join_next().is_some()).is_err());
        release.send(()).unwrap();
        assert_eq!(set.join_next().unwrap().unwrap(), 3);
    });
}

fn a_set_that_is_dropped_cancels(new: fn() -> Builder) {
    in_both(new, || {
        let (tell, told) = crossbeam_channel::bounded::<()>(1);
        let kept = tell.clone();
        let mut set = JoinSet::new();
        set.spawn(move || {
            let _kept = tell;
            sleep(Duration::MAX);
        });
        drop(kept);
        drop(set);
        while told.try_recv() != Err(crossbeam_channel::TryRecvError::Disconnected) {
            yield_now();
        }
        let mut set = JoinSet::new();
        let (tell, told) = crossbeam_channel::bounded(1);
        set.spawn(move || tell.send(7).unwrap());
        set.detach_all();
        assert!(set.is_empty());
        drop(set);
        let waits = spawn(move || {
            loop {
                match told.try_recv() {
                    Ok(number) => return number,
                    Err(_) => yield_now(),
                }
            }
        });
        assert_eq!(waits.join().unwrap(), 7);
    });
}

/// Their runtime gives up; who waits for them already gets errors, and so does who comes later. The tasks
/// go on and end, and nobody hears of them again.
fn tasks_that_are_left_behind_come_home_as_errors(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let (ended, has_ended) = mpsc::channel();
    let (began, has_begun) = mpsc::channel();
    let mut releases = Vec::new();
    let mut sets = [JoinSet::new(), JoinSet::new()];
    for set in &mut sets {
        for n in 0..2 {
            let (release, released) = mpsc::channel::<()>();
            releases.push(release);
            let (began, ended) = (began.clone(), ended.clone());
            let task = move || {
                blocking_operation(move || {
                    began.send(()).unwrap();
                    let _ = released.recv();
                });
                ended.send(()).unwrap();
                n
            };
            runtime.run(|| set.spawn(task));
            has_begun.recv().unwrap();
        }
    }
    let [mut early, mut late] = sets;
    let joiner = std::thread::spawn(move || {
        let errors = [early.join_next(), early.join_next()];
        assert!(early.join_next().is_none());
        errors
    });
    runtime.shutdown_timeout(Duration::from_millis(20));
    let [first, second] = joiner.join().unwrap();
    for error in [first, second, late.join_next(), late.join_next()] {
        let error = error.expect("it reports").unwrap_err();
        assert!(error.is_cancelled());
        assert!(error.to_string().contains("left behind"), "{error}");
    }
    assert!(late.is_empty() && late.join_next().is_none());
    drop(releases);
    for _ in 0..4 {
        has_ended.recv().unwrap();
    }
    assert!(late.try_join_next().is_none());
}

/// However early or late a task ends, it comes home once.
fn a_set_of_ended_tasks_is_emptied_without_waiting(new: fn() -> Builder) {
    in_both(new, || {
        for _ in 0..50 {
            let mut set = JoinSet::new();
            for n in 0..10 {
                set.spawn(move || n);
                if n % 3 == 0 {
                    yield_now();
                }
            }
            let mut home = Vec::new();
            while !set.is_empty() {
                match set.try_join_next() {
                    Some(n) => home.push(n.unwrap()),
                    None => yield_now(),
                }
            }
            home.sort_unstable();
            assert_eq!(home, (0..10).collect::<Vec<_>>());
            assert!(set.try_join_next().is_none());
        }
    });
}

/// Waits, when it is dropped, until it is released.
struct Lingers {
    begun: crossbeam_channel::Sender<()>,
    release: crossbeam_channel::Receiver<()>,
}

impl Drop for Lingers {
    fn drop(&mut self) {
        self.begun.send(()).unwrap();
        while self.release.try_recv().is_err() {
            yield_now();
        }
    }
}

task_local! {
    static LINGERS: RefCell<Option<Lingers>> = const { RefCell::new(None) };
}

fn a_task_comes_home_once_its_locals_have_gone(new: fn() -> Builder) {
    in_both(new, || {
        let (begun, has_begun) = crossbeam_channel::bounded(1);
        let (releases, release) = crossbeam_channel::bounded(1);
        let mut set = JoinSet::new();
        set.spawn(move || {
            let lingers = Lingers { begun, release };
            LINGERS.with(|local| *local.borrow_mut() = Some(lingers));
            7
        });
        while has_begun.try_recv().is_err() {
            assert!(set.try_join_next().is_none());
            yield_now();
        }
        // If this waited it would wait for ever.
        assert!(set.try_join_next().is_none());
        releases.send(()).unwrap();
        assert_eq!(set.join_next().unwrap().unwrap(), 7);
    });
}

/// However early a task ends.
#[test]
fn panics_of_tasks_that_are_let_go_are_told() {
    const TASKS: usize = 5000;
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    let test = "panics_of_tasks_that_are_let_go_are_told";
    let output = child::in_child(test, &[("HUELESS_WORKERS", "2")], || {
        for _ in 0..TASKS {
            let mut set = JoinSet::new();
            set.spawn(|| resume_unwind(Box::new(Payload)));
            set.detach_all();
        }
        while DROPPED.load(SeqCst) < TASKS {
            yield_now();
        }
    });
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    child::assert_passed(output);
    assert_eq!(said.matches("nobody joined it").count(), TASKS);
}
