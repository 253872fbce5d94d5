//! How a supervisor's children end: when it gives up, and when its caller is cancelled.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hueless_runtime::cancel::{Node, is_cancelled, run_in, shield};
use hueless_runtime::runtime::Builder;
use hueless_runtime::supervisor::{Failure, Restart, Strategy, Supervisor};
use hueless_runtime::{deadline, now, scope, sleep, timeout, yield_now};

use crate::{Crowd, HOUR, OnDrop, child, fail, on_thread_and_task, until};

in_all_modes!(
    giving_up_ends_all_in_reverse_order,
    a_cancelled_caller_ends_all_in_reverse_order,
    a_limit_of_time_around_it_ends_all_in_reverse_order,
    a_caller_that_is_cancelled_before_starts_nobody,
    a_caller_that_is_cancelled_during_a_restart_starts_nobody,
    a_limit_of_time_that_passes_during_a_restart_starts_nobody,
    failures_of_children_that_are_cancelled_are_told,
    one_that_swallows_its_cancellation_is_cancelled_again,
    a_panic_of_the_callback_ends_the_children,
    it_runs_in_a_destructor_of_a_cancelled_task,
    a_runtime_that_is_dropped_ends_it,
);

fn giving_up_ends_all_in_reverse_order(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let crowd = Crowd::default();
        let gave_up = Supervisor::new(Strategy::OneForOne)
            .intensity(0, HOUR)
            .on_failure(|failure| assert_eq!(failure.message(), "broken"))
            .child("0", || crowd.run(0))
            .child("1", || crowd.run(1))
            .child_with(Restart::Transient, "broken", || {
                crowd.await_begun(4);
                fail("broken")
            })
            .child_with(Restart::Transient, "3", || crowd.run(3))
            .child_with(Restart::Temporary, "4", || crowd.run(4))
            .run()
            .unwrap_err();
        assert_eq!(crowd.ended(), [4, 3, 1, 0]);
        assert!(gave_up.failure().is_panic());
        assert_eq!(gave_up.failure().child(), "broken");
    });
}

fn a_cancelled_caller_ends_all_in_reverse_order(new: fn() -> Builder) {
    let crowd = Crowd::default();
    let children = || {
        Supervisor::new(Strategy::RestForOne)
            .child("0", || crowd.run(0))
            .child("1", || crowd.run(1))
            .child("2", || crowd.run(2))
    };
    // By a token, from within.
    on_thread_and_task(new, || {
        let node = Node::new();
        let supervisor = children().child("canceller", || {
            crowd.await_begun(3);
            node.cancel();
            sleep(Duration::MAX);
        });
        assert!(run_in(node.clone(), || supervisor.run()).is_err());
        assert_eq!(crowd.ended(), [2, 1, 0]);
    });
    // As a task, from outside.
    let runtime = new().workers(2).build().unwrap();
    runtime.run(|| {
        scope(|s| {
            let caller = s.spawn(|| children().run());
            crowd.await_begun(3);
            caller.cancel();
            assert!(caller.join().unwrap_err().is_cancelled());
        });
    });
    assert_eq!(crowd.ended(), [2, 1, 0]);
}

fn a_limit_of_time_around_it_ends_all_in_reverse_order(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let crowd = Crowd::default();
        let supervisor = Supervisor::new(Strategy::OneForOne)
            .child("0", || crowd.run(0))
            .child("1", || crowd.run(1));
        assert!(timeout(Duration::from_millis(3), || supervisor.run()).is_err());
        let begun = crowd.begun.load(SeqCst);
        let ended = crowd.ended();
        // Whoever has not begun by then never does.
        assert!(ended.len() == begun && ended.is_sorted_by(|a, b| a > b));
    });
}

fn a_caller_that_is_cancelled_before_starts_nobody(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let node = Node::new();
        node.cancel();
        let supervisor =
            Supervisor::new(Strategy::OneForOne)
                .child_with(Restart::Temporary, "never", || unreachable!("cancelled"));
        assert!(run_in(node, || supervisor.run()).is_err());
    });
}

fn a_caller_that_is_cancelled_during_a_restart_starts_nobody(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let (node, runs) = (Node::new(), AtomicUsize::new(0));
        let supervisor = Supervisor::new(Strategy::OneForAll)
            .on_failure(|_| {})
            .child("failing", || {
                until(|| runs.load(SeqCst) > 0);
                runs.fetch_add(1, SeqCst);
                fail("once")
            })
            .child("other", || {
                // It is ended because of the first.
                let _cancels = OnDrop(|| node.cancel());
                runs.fetch_add(1, SeqCst);
                sleep(Duration::MAX);
            });
        assert!(run_in(node.clone(), || supervisor.run()).is_err());
        assert_eq!(runs.load(SeqCst), 2);
    });
}

/// Behind the shield nobody but the supervisor looks at the time, on an OS thread.
fn a_limit_of_time_that_passes_during_a_restart_starts_nobody(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let (at, begun) = (now() + Duration::from_millis(20), AtomicUsize::new(0));
        let supervisor = Supervisor::new(Strategy::OneForAll)
            .on_failure(|_| {})
            .child("failing", || {
                until(|| begun.load(SeqCst) > 0);
                begun.fetch_add(1, SeqCst);
                fail("once")
            })
            .child("other", || {
                // It is ended because of the first, and takes its time.
                let _ends = OnDrop(|| until(|| now() >= at));
                begun.fetch_add(1, SeqCst);
                sleep(Duration::MAX);
            });
        assert!(deadline(at, || supervisor.run()).is_err());
        let begun = begun.load(SeqCst);
        assert!(begun <= 2, "{begun} have begun");
    });
}

fn failures_of_children_that_are_cancelled_are_told(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let (node, crowd, told) = (Node::new(), Crowd::default(), Mutex::new(Vec::new()));
        let supervisor = Supervisor::new(Strategy::OneForOne)
            .on_failure(|failure| told.lock().unwrap().push(failure.to_string()))
            .child("quiet", || crowd.run(0))
            .child("error", || {
                crowd.begun.fetch_add(1, SeqCst);
                let caught = catch_unwind(|| sleep(Duration::MAX));
                caught.map_err(|_| "gave in")
            })
            .child("destructor", || {
                let _panics = OnDrop(|| fail("in a destructor"));
                crowd.begun.fetch_add(1, SeqCst);
                // It sees that it is cancelled, and returns.
                shield(|| until(is_cancelled));
            })
            .child("panic", || {
                crowd.await_begun(3);
                node.cancel();
                let _ = catch_unwind(|| sleep(Duration::MAX));
                fail("instead")
            });
        assert!(run_in(node.clone(), || supervisor.run()).is_err());
        drop(supervisor);
        assert_eq!(crowd.ended(), [0]);
        let expected = [
            "child \"panic\" panicked: instead",
            "child \"destructor\" panicked: in a destructor",
            "child \"error\" failed: gave in",
        ];
        assert_eq!(told.into_inner().unwrap(), expected);
    });
}

/// While the child unwinds, it is Rust that ends the process.
#[test]
fn a_panic_in_a_destructor_while_a_child_unwinds_aborts() {
    let test = "ends::a_panic_in_a_destructor_while_a_child_unwinds_aborts";
    let output = child::in_child(test, &[], || {
        let node = Node::new();
        let supervisor = Supervisor::new(Strategy::OneForOne).child("child", || {
            let _panics = OnDrop(|| panic!("while it is cancelled"));
            node.cancel();
            sleep(Duration::MAX);
        });
        let _ = run_in(node.clone(), || supervisor.run());
    });
    let said = child::died_of(libc::SIGABRT, output);
    assert!(said.contains("while it is cancelled"), "{said}");
}

fn one_that_swallows_its_cancellation_is_cancelled_again(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let (crowd, swallowed) = (Crowd::default(), AtomicUsize::new(0));
        let gave_up = Supervisor::new(Strategy::OneForOne)
            .intensity(0, HOUR)
            .on_failure(|_| {})
            .child("0", || crowd.run(0))
            .child("stubborn", || {
                crowd.begun.fetch_add(1, SeqCst);
                while swallowed.load(SeqCst) < 10 {
                    assert!(catch_unwind(|| sleep(Duration::MAX)).is_err());
                    assert!(crowd.ended.lock().unwrap().is_empty(), "not awaited");
                    swallowed.fetch_add(1, SeqCst);
                }
            })
            .child("broken", || {
                crowd.await_begun(2);
                fail("broken")
            })
            .run();
        assert_eq!(gave_up.unwrap_err().failure().message(), "broken");
        assert_eq!(swallowed.into_inner(), 10);
        assert_eq!(crowd.ended(), [0]);
    });
}

fn a_panic_of_the_callback_ends_the_children(new: fn() -> Builder) {
    on_thread_and_task(new, || {
        let crowd = Crowd::default();
        let supervisor = Supervisor::new(Strategy::OneForOne)
            .on_failure(|_: &Failure| fail("told"))
            .child("0", || crowd.run(0))
            .child("broken", || {
                crowd.await_begun(1);
                Err::<(), _>("broken")
            });
        let payload = catch_unwind(AssertUnwindSafe(|| supervisor.run())).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"told"));
        assert_eq!(crowd.ended(), [0]);
    });
}

fn it_runs_in_a_destructor_of_a_cancelled_task(new: fn() -> Builder) {
    let runtime = new().workers(1).build().unwrap();
    runtime.run(|| {
        let (runs, begun) = (AtomicUsize::new(0), AtomicBool::new(false));
        scope(|s| {
            let cancelled = s.spawn(|| {
                let _supervises = OnDrop(|| {
                    let outcome = Supervisor::new(Strategy::OneForOne)
                        .on_failure(|_| {})
                        .child_with(Restart::Transient, "twice", || {
                            yield_now();
                            match runs.fetch_add(1, SeqCst) {
                                0 => Err("once"),
                                _ => Ok(()),
                            }
                        })
                        .run();
                    assert_eq!(outcome, Ok(()));
                });
                begun.store(true, SeqCst);
                sleep(Duration::MAX);
            });
            until(|| begun.load(SeqCst));
            cancelled.cancel();
            assert!(cancelled.join().unwrap_err().is_cancelled());
        });
        assert_eq!(runs.load(SeqCst), 2);
    });
}

/// That cancels the children themselves as well, in no order.
fn a_runtime_that_is_dropped_ends_it(new: fn() -> Builder) {
    for workers in [1, 3] {
        let runtime = new().workers(workers).build().unwrap();
        let counts = Arc::new([const { AtomicUsize::new(0) }; 2]);
        let theirs = counts.clone();
        let caller = runtime.spawn(move || {
            let [begun, ended] = &*theirs;
            let run = || {
                let _ended = OnDrop(|| _ = ended.fetch_add(1, SeqCst));
                begun.fetch_add(1, SeqCst);
                sleep(Duration::MAX);
            };
            Supervisor::new(Strategy::OneForAll)
                .intensity(usize::MAX, HOUR)
                .on_failure(|_| {})
                .child("0", run)
                .child("1", run)
                .run()
        });
        let [begun, ended] = &*counts;
        until(|| begun.load(SeqCst) == 2);
        drop(runtime);
        assert!(caller.join().unwrap_err().is_cancelled());
        assert_eq!(begun.load(SeqCst), ended.load(SeqCst));
    }
}
