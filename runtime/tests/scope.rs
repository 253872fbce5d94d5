//! Scopes and what is built on them: everything has ended when the call returns.

#[macro_use]
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hueless_runtime::runtime::Builder;
use hueless_runtime::{
    for_each_concurrent, join, join_all, join_all_settled, map_concurrent, race, race_all, race_ok,
    scope, sleep, timeout, try_map_concurrent, try_scope, yield_now,
};

in_all_modes!(
    children_write_into_the_caller_s_locals,
    scopes_nest,
    who_holds_the_handle_owns_the_failure,
    a_panic_that_nobody_owns_cancels_all_and_comes_back,
    the_body_s_panic_comes_first,
    a_leaked_handle_s_panic_is_not_lost,
    what_cancels_the_caller_cancels_the_children,
    a_limit_of_time_reaches_children,
    an_end_is_awaited_even_when_cancelled,
    the_first_error_ends_all,
    both_of_a_join_run_at_once,
    a_panic_ends_a_join,
    settled_joins_keep_every_result,
    the_first_of_a_race_counts,
    a_race_of_failures_gives_all_errors,
    so_many_run_at_once,
    an_iterator_is_asked_only_when_there_is_room,
);

/// Counts its drops.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Calls `f` on this thread and in a task.
fn in_both(new: fn() -> Builder, f: impl Fn() + Send + Sync) {
    f();
    for workers in [1, 3] {
        let runtime = new().workers(workers).build().unwrap();
        runtime.run(&f);
    }
}

fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload.downcast_ref::<&str>().unwrap()
}

fn children_write_into_the_caller_s_locals(new: fn() -> Builder) {
    in_both(new, || {
        let mut numbers = [0; 64];
        let dropped = AtomicUsize::new(0);
        let last = scope(|s| {
            for (index, number) in numbers.iter_mut().enumerate() {
                let counted = Counted(&dropped);
                s.spawn(move || {
                    let _counted = counted;
                    yield_now();
                    *number = index;
                });
            }
            s.spawn(|| 7).join().unwrap()
        });
        assert_eq!(last, 7);
        assert!(
            numbers
                .iter()
                .enumerate()
                .all(|(index, number)| index == *number)
        );
        assert_eq!(dropped.load(Ordering::Relaxed), 64);
    });
}

fn scopes_nest(new: fn() -> Builder) {
    fn sum(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        scope(|s| {
            let (a, b) = (
                s.spawn(move || sum(depth - 1)),
                s.spawn(move || sum(depth - 1)),
            );
            a.join().unwrap() + b.join().unwrap()
        })
    }
    in_both(new, || {
        assert_eq!(sum(6), 64);
        let count = AtomicUsize::new(0);
        scope(|s| {
            s.spawn(|| {
                // A child spawns its sibling.
                s.spawn(|| count.fetch_add(1, Ordering::Relaxed));
                count.fetch_add(1, Ordering::Relaxed)
            });
        });
        assert_eq!(count.into_inner(), 2);
    });
}

fn who_holds_the_handle_owns_the_failure(new: fn() -> Builder) {
    in_both(new, || {
        let error = scope(|s| {
            let failing = s.spawn(|| panic!("owned"));
            let fine = s.spawn(|| 1);
            let error = failing.join().map(|never: ()| never).unwrap_err();
            assert_eq!(fine.join().unwrap(), 1);
            error
        });
        assert_eq!(text(&*error.into_panic()), "owned");
    });
}

fn a_panic_that_nobody_owns_cancels_all_and_comes_back(new: fn() -> Builder) {
    in_both(new, || {
        let dropped = AtomicUsize::new(0);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            scope(|s| {
                let counted = Counted(&dropped);
                s.spawn(move || {
                    let _counted = counted;
                    sleep(Duration::MAX);
                });
                s.spawn(|| panic!("nobody's"));
                let _counted = Counted(&dropped);
                sleep(Duration::MAX);
            });
        }));
        assert_eq!(text(&*caught.unwrap_err()), "nobody's");
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
    });
}

fn the_body_s_panic_comes_first(new: fn() -> Builder) {
    in_both(new, || {
        let (began, dropped) = (AtomicBool::new(false), AtomicUsize::new(0));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            scope(|s| {
                s.spawn(|| {
                    let _counted = Counted(&dropped);
                    began.store(true, Ordering::Relaxed);
                    sleep(Duration::MAX);
                });
                while !began.load(Ordering::Relaxed) {
                    yield_now();
                }
                panic!("the body's");
            })
        }));
        assert_eq!(
            text(&*caught.map(|never: ()| never).unwrap_err()),
            "the body's"
        );
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    });
}

fn a_leaked_handle_s_panic_is_not_lost(new: fn() -> Builder) {
    in_both(new, || {
        let caught = catch_unwind(|| {
            scope(|s| std::mem::forget(s.spawn(|| panic!("leaked"))));
        });
        assert!(text(&*caught.unwrap_err()).contains("leaked"));
    });
}

fn what_cancels_the_caller_cancels_the_children(new: fn() -> Builder) {
    for workers in [1, 2] {
        let runtime = new().workers(workers).build().unwrap();
        for waits_in_body in [true, false] {
            let (tell, told) = crossbeam_channel::bounded(4);
            let handle = runtime.spawn(move || {
                let dropped = AtomicUsize::new(0);
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    scope(|s| {
                        for _ in 0..3 {
                            let (counted, tell) = (Counted(&dropped), tell.clone());
                            s.spawn(move || {
                                let _counted = counted;
                                tell.send(()).unwrap();
                                sleep(Duration::MAX);
                            });
                        }
                        if waits_in_body {
                            sleep(Duration::MAX);
                        }
                    });
                }));
                assert_eq!(dropped.load(Ordering::Relaxed), 3);
                std::panic::resume_unwind(caught.unwrap_err());
            });
            for _ in 0..3 {
                told.recv().unwrap();
            }
            handle.cancel();
            let error = handle.join().map(|never: ()| never).unwrap_err();
            assert!(error.is_cancelled(), "{error}");
        }
    }
}

fn a_limit_of_time_reaches_children(new: fn() -> Builder) {
    in_both(new, || {
        let dropped = AtomicUsize::new(0);
        for waits_in_body in [true, false] {
            let late = timeout(Duration::from_millis(2), || {
                scope(|s| {
                    s.spawn(|| {
                        let _counted = Counted(&dropped);
                        scope(|s| {
                            s.spawn(|| sleep(Duration::MAX));
                        });
                    });
                    if waits_in_body {
                        sleep(Duration::MAX);
                    }
                });
            });
            assert!(late.is_err());
        }
        assert!(dropped.load(Ordering::Relaxed) <= 2);
    });
}

fn an_end_is_awaited_even_when_cancelled(new: fn() -> Builder) {
    let runtime = new().workers(2).build().unwrap();
    let (tell, told) = crossbeam_channel::bounded(1);
    let (finish, finished) = crossbeam_channel::bounded::<()>(1);
    let handle = runtime.spawn(move || {
        let mut local = 0;
        let caught = catch_unwind(AssertUnwindSafe(|| {
            scope(|s| {
                s.spawn(|| {
                    hueless_runtime::cancel::shield(|| {
                        tell.send(()).unwrap();
                        hueless_runtime::blocking(|| finished.recv().unwrap());
                        local = 7;
                    });
                });
            });
        }));
        assert!(caught.is_err());
        local
    });
    told.recv().unwrap();
    handle.cancel();
    finish.send(()).unwrap();
    // A task that ends with a value all the same has not been cancelled.
    assert_eq!(handle.join().unwrap(), 7);
}

fn the_first_error_ends_all(new: fn() -> Builder) {
    in_both(new, || {
        let dropped = AtomicUsize::new(0);
        let answer: Result<(), &str> = try_scope(|s| {
            s.spawn(|| {
                let _counted = Counted(&dropped);
                sleep(Duration::MAX);
                Ok(())
            });
            s.spawn(|| {
                yield_now();
                Err::<(), _>("first")
            });
            sleep(Duration::MAX);
            Ok(())
        });
        assert_eq!(answer, Err("first"));
        assert!(dropped.load(Ordering::Relaxed) <= 1);
        // Who joins what has failed already ends too.
        let answer: Result<(), &str> = try_scope(|s| {
            let failed = s.spawn(|| Err::<(), _>("joined"));
            while !failed.is_finished() {
                std::thread::yield_now();
                hueless_runtime::checkpoint();
            }
            failed.join().unwrap();
            unreachable!("the join unwinds");
        });
        assert_eq!(answer, Err("joined"));
        let answer = try_scope(|s| {
            s.spawn(|| {
                sleep(Duration::MAX);
                Ok(())
            });
            Err::<(), _>("the body's")
        });
        assert_eq!(answer, Err("the body's"));
        let answer: Result<_, &str> = try_scope(|s| {
            let (a, b) = (s.spawn(|| Ok(1)), s.spawn(|| Ok(2)));
            Ok(a.join().unwrap() + b.join().unwrap())
        });
        assert_eq!(answer, Ok(3));
        let caught = catch_unwind(|| {
            try_scope::<_, _, ()>(|s| {
                let kept = s.spawn(|| -> Result<(), ()> { panic!("fails fast") });
                sleep(Duration::MAX);
                drop(kept);
                Ok(())
            })
        });
        assert_eq!(text(&*caught.unwrap_err()), "fails fast");
    });
}

fn both_of_a_join_run_at_once(new: fn() -> Builder) {
    in_both(new, || {
        let (to_b, from_a) = crossbeam_channel::bounded::<i32>(1);
        let waits = || {
            loop {
                match from_a.try_recv() {
                    Ok(number) => return number,
                    Err(_) => yield_now(),
                }
            }
        };
        assert_eq!(join(|| to_b.send(7).is_ok(), waits), (true, 7));
        assert_eq!(join_all((0..5).map(|n| move || n)), [0, 1, 2, 3, 4]);
    });
}

fn a_panic_ends_a_join(new: fn() -> Builder) {
    in_both(new, || {
        let caught = catch_unwind(|| join(|| sleep(Duration::MAX), || panic!("b")));
        assert_eq!(
            text(&*caught.map(|never: ((), ())| never).unwrap_err()),
            "b"
        );
        let caught = catch_unwind(|| join(|| panic!("a"), || sleep(Duration::MAX)));
        assert_eq!(
            text(&*caught.map(|never: ((), ())| never).unwrap_err()),
            "a"
        );
        let caught = catch_unwind(|| {
            join_all((0..3).map(|n| {
                move || match n {
                    1 => panic!("one of them"),
                    _ => sleep(Duration::MAX),
                }
            }))
        });
        assert_eq!(text(&*caught.unwrap_err()), "one of them");
    });
}

fn settled_joins_keep_every_result(new: fn() -> Builder) {
    in_both(new, || {
        let results = join_all_settled((0..4).map(|n| {
            move || match n {
                2 => panic!("two"),
                n => n,
            }
        }));
        let values: Vec<_> = results.into_iter().map(Result::ok).collect();
        assert_eq!(values, [Some(0), Some(1), None, Some(3)]);
    });
}

fn the_first_of_a_race_counts(new: fn() -> Builder) {
    in_both(new, || {
        let dropped = AtomicUsize::new(0);
        let began = AtomicUsize::new(0);
        let slow = || {
            began.fetch_add(1, Ordering::Relaxed);
            let _counted = Counted(&dropped);
            sleep(Duration::MAX);
            0
        };
        assert_eq!(race((slow, || 1, slow)), 1);
        assert_eq!(
            dropped.load(Ordering::Relaxed),
            began.load(Ordering::Relaxed)
        );
        assert_eq!(race_all::<[fn() -> i32; 0], _, _>([]), None);
        assert_eq!(race_all([2, 2].map(|n| move || n)), Some(2));
        let caught = catch_unwind(|| race((|| sleep(Duration::MAX), || panic!("loser"))));
        assert_eq!(text(&*caught.unwrap_err()), "loser");
    });
}

fn a_race_of_failures_gives_all_errors(new: fn() -> Builder) {
    in_both(new, || {
        let run = |results: [Result<i32, i32>; 3]| race_ok(results.map(|result| move || result));
        assert_eq!(run([Err(1), Err(2), Err(3)]), Err(vec![1, 2, 3]));
        assert_eq!(run([Err(1), Ok(2), Err(3)]), Ok(2));
    });
}

fn so_many_run_at_once(new: fn() -> Builder) {
    in_both(new, || {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let doubled = map_concurrent(0..100, 4, |n| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            2 * n
        });
        assert_eq!(doubled, (0..100).map(|n| 2 * n).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= 4);
        let seen = Mutex::new(Vec::new());
        for_each_concurrent(0..10, 3, |n| seen.lock().unwrap().push(n));
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
        assert_eq!(
            try_map_concurrent(0..10, 2, |n| if n == 5 { Err(n) } else { Ok(n) }),
            Err(5)
        );
        let caught = catch_unwind(|| map_concurrent(0..3, 1, |n| assert_ne!(n, 1)));
        assert!(caught.is_err());
    });
    assert!(catch_unwind(|| map_concurrent(0..3, 0, |n| n)).is_err());
}

fn an_iterator_is_asked_only_when_there_is_room(new: fn() -> Builder) {
    in_both(new, || {
        let (asked, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items = (0..50).inspect(|_| {
            let ahead = asked.fetch_add(1, Ordering::SeqCst) - ended.load(Ordering::SeqCst);
            assert!(ahead <= 3, "{ahead} items ahead");
        });
        for_each_concurrent(items, 3, |_| {
            yield_now();
            ended.fetch_add(1, Ordering::SeqCst);
        });
    });
}

#[test]
fn tasks_are_spawned_where_their_group_is_called() {
    let at = || hueless_runtime::task::current().spawned_at().file();
    assert_eq!(join(|| (), at).1, file!());
    assert_eq!(join_all([at]), [file!()]);
    assert_eq!(*join_all_settled([at])[0].as_ref().unwrap(), file!());
    assert_eq!(race((at,)), file!());
    assert_eq!(race_all([at]), Some(file!()));
    assert_eq!(race_ok([|| Ok::<_, ()>(at())]), Ok(file!()));
    assert_eq!(map_concurrent([1], 1, |_| at()), [file!()]);
    let mapped = try_map_concurrent([1], 1, |_| Ok::<_, ()>(at()));
    assert_eq!(mapped, Ok(vec![file!()]));
    for_each_concurrent([1], 1, |_| assert_eq!(at(), file!()));
}
